"""The Train workspace: settings, live curves, and the sample grid beside real images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.devices import Device
from core.events import Edited, Images, Points, Report, Samples
from studio import theme
from studio.form import SettingsForm
from studio.history import History
from studio.widgets.curve_plot import CurvePlot
from studio.widgets.image_grid import ImageGrid
from studio.widgets.playground import Playground

MOST_POINTS = 1000
"""Real points in the plane before there is a training, as many as with one."""

LOSSES = (("Loss/D/loss", "Discriminator"), ("Loss/G/loss", "Generator"))
SCORES = (("Score/real", "D(x), real"), ("Score/fake", "D(G(z)), generated"))
LOGITS = (("Loss/scores/real", "Score, real"), ("Loss/scores/fake", "Score, generated"))


class TrainPanel(QWidget):
    """Shows a training and lets its settings be chosen; starting and stopping is the window's footer's."""

    pause_requested = Signal()
    """The space bar: pause or go on."""
    fresh_requested = Signal()
    """Begin anew rather than from the checkpoint that is set."""
    image_activated = Signal(object, int)
    """The grid's images and the one that was clicked."""
    grid_save_requested = Signal(str, object)
    """"grid", "image" or "selected", and the grid."""
    plot_save_requested = Signal(str, object)
    """"png" or "csv", and the plot."""
    plane_save_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = SettingsForm()
        self.history = History()
        self._edits: list[Edited] = []
        self._columns: tuple[str, ...] = ()
        self.losses = CurvePlot(self.history, LOSSES)
        self.scores = CurvePlot(self.history, SCORES)
        self.scores.set_empty_text("How real the discriminator finds real and generated images, from 0 to 1.")
        self.samples = ImageGrid(selectable=True)
        self.samples.setToolTip("Click to enlarge, Ctrl-click or Shift-click to select, right-click to save")
        self.samples.set_empty_text("Samples appear here when training starts.")
        self.reals = ImageGrid()
        self.reals.set_empty_text("Real images appear here when a dataset is open.")
        self.playground = Playground()
        self._shows_plane = False
        self._connect()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 8)
        layout.setSpacing(12)
        layout.addWidget(self._build_settings())
        layout.addWidget(self._build_views(), 1)

    def set_running(self, running: bool) -> None:
        """Settings stand still while a training runs."""
        self.form.set_locked(running)
        self._fresh.setEnabled(not running)

    def set_devices(self, devices: list[Device]) -> None:
        self.form.set_devices(devices)

    def set_resume(self, text: str) -> None:
        """Say from where the next start continues; empty for a new training."""
        self._resume.setText(text)
        self._resume_row.setVisible(bool(text))

    def fit_to_data(self, size: tuple[int, int], count: int) -> None:
        """Settings that the images decide: their resolution, and a batch that is not larger than the dataset."""
        self.form.set_count(count)
        self.form.set_size(size)

    def show_reals(self, images: Images) -> None:
        """A sheet of training images, to compare with."""
        self.show_plane(False)
        self.reals.set_images(images[: self.form.settings().samples])
        self.reals.set_caption("Real images")

    def show_real_points(self, real: NDArray[np.float32]) -> None:
        """The points that will be trained on."""
        self.playground.view.set_real(real[:MOST_POINTS])
        self.show_plane(True)

    def show_points(self, points: Points) -> None:
        """The newest moment of a training on points."""
        self.playground.view.set_points(points)
        self.show_plane(True)

    def show_plane(self, shown: bool) -> None:
        """The playground, beside the curves, in the place of both image grids, below them."""
        if shown == self._shows_plane:
            return
        self._shows_plane = shown
        self._images.setCurrentIndex(int(shown))
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        views, plots = self.splitters["views"], self.splitters["plots"]
        views.setOrientation(across if shown else down)
        plots.setOrientation(down if shown else across)
        views.setSizes([380, 560] if shown else [400, 500])
        plots.setSizes([500, 500] if shown else [600, 400])

    def clear(self) -> None:
        """A new training begins: the curves of the last one go."""
        self.set_history(History(), ())

    def rewind(self, step: int) -> None:
        """The training continues from an earlier step: what came after it goes."""
        self.history.rewind(step)
        self._edits = [edit for edit in self._edits if edit.step <= step]
        self._mark_edits()
        self.losses.refresh()
        self.scores.refresh()

    def set_history(self, history: History, edits: Sequence[Edited]) -> None:
        """The curves of an opened run, and the changes of settings while it trained."""
        self.history, self._edits = history, list(edits)
        self.losses.set_history(history)
        self.scores.set_history(history)
        self._choose_scores()
        self._mark_edits()

    def _choose_scores(self) -> None:
        """Probabilities where the loss makes them, and else the critic's scores as they are."""
        keys = self.history.keys()
        self.scores.set_curves(LOGITS if keys and SCORES[0][0] not in keys else SCORES)

    def show_edit(self, edit: Edited) -> None:
        """The running training took other settings."""
        self._edits.append(edit)
        self._mark_edits()

    def _mark_edits(self) -> None:
        marks = [
            (edit.step, ", ".join(f"{name} {value}" for name, value in edit.changes.items())) for edit in self._edits
        ]
        self.losses.set_marks(marks)
        self.scores.set_marks(marks)

    def show_reports(self, reports: Sequence[Report]) -> None:
        """More of the running training."""
        for report in reports:
            self.history.append(report.step, report.seconds, report.stats)
        self._choose_scores()
        self.losses.refresh()
        self.scores.refresh()

    def show_samples(self, samples: Samples) -> None:
        """The newest grid of the fixed latents."""
        self.show_plane(False)
        self._columns = samples.columns
        self.samples.set_images(samples.images)
        self.samples.set_columns(len(samples.columns), samples.columns)
        self.samples.set_caption(f"Generated, step {samples.step:,}")

    def sample_names(self) -> list[str]:
        """Names for files of the selected samples, which say how to make them again: image k of a grid is that of
        seed k, and with columns each row is a seed."""
        if not self._columns:
            return [f"seed{index:04d}" for index in self.samples.selected()]
        names = [re.sub(r"[^\w-]+", "-", column) for column in self._columns]
        places = [divmod(index, len(names)) for index in self.samples.selected()]
        return [f"seed{row:04d}-{names[column]}" for row, column in places]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.pause_requested.emit()
            return
        super().keyPressEvent(event)

    def _connect(self) -> None:
        for grid in (self.samples, self.reals):
            grid.activated.connect(partial(self._enlarge, grid))
            grid.clicked.connect(partial(self._click, grid))
            grid.save_requested.connect(lambda what, grid=grid: self.grid_save_requested.emit(what, grid))
        self.playground.view.save_requested.connect(self.plane_save_requested)
        for plot in (self.losses, self.scores):
            plot.save_requested.connect(lambda kind, plot=plot: self.plot_save_requested.emit(kind, plot))

    def _click(self, grid: ImageGrid, index: int) -> None:
        if not QApplication.keyboardModifiers():  # with Ctrl or Shift a click selects
            self._enlarge(grid, index)

    def _enlarge(self, grid: ImageGrid, index: int) -> None:
        self.image_activated.emit(grid.images(), index)

    def _build_settings(self) -> QWidget:
        scroll = QScrollArea(widgetResizable=True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.form)
        self._resume = QLabel(wordWrap=True)
        self._resume.setTextFormat(Qt.TextFormat.PlainText)
        self._fresh = QToolButton(autoRaise=True)
        self._fresh.setIcon(theme.icon("x"))
        self._fresh.setToolTip("Begin a new training instead")
        self._fresh.setAccessibleName("Begin a new training instead")
        self._fresh.clicked.connect(self.fresh_requested)
        self._resume_row = QWidget()
        self._resume_row.hide()
        row = QHBoxLayout(self._resume_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._resume, 1)
        row.addWidget(self._fresh, alignment=Qt.AlignmentFlag.AlignTop)
        side = QWidget()
        side.setFixedWidth(316)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._resume_row)
        column.addWidget(scroll, 1)
        return side

    def _build_views(self) -> QWidget:
        plots, images = QSplitter(Qt.Orientation.Horizontal), QSplitter(Qt.Orientation.Horizontal)
        for plot in (self.losses, self.scores):
            plots.addWidget(plot)
        plots.setSizes([600, 400])
        images.addWidget(self.samples)
        images.addWidget(self.reals)
        images.setSizes([600, 400])
        views = QSplitter(Qt.Orientation.Vertical)
        views.addWidget(plots)
        self._images = QStackedWidget()
        self._images.addWidget(images)
        self._images.addWidget(self.playground)
        views.addWidget(self._images)
        views.setSizes([400, 500])
        for splitter in (plots, images, views):
            splitter.setChildrenCollapsible(False)
        self.splitters = {"plots": plots, "images": images, "views": views}
        return views
