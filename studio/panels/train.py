"""Panel of the Train workspace: run strip, settings beside the images, timeline, and plots."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.devices.device import Device
from core.events import Edited, Images, Measured, Report, Samples
from core.language import _, listed
from studio import theme
from studio.model.data import DataFacts
from studio.model.history import History
from studio.model.results import results
from studio.model.setting_text import in_words
from studio.model.train import Flag
from studio.widgets.basic.labels import Label, plain_tip
from studio.widgets.basic.scale import scale_length
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.plots.plot_stack import PlotStack
from studio.widgets.plots.time_bar import Steps
from studio.widgets.plots.timeline import Timeline
from studio.widgets.settings.drawer import EXPERT, SIMPLE, SettingsDrawer
from studio.widgets.train.run_strip import RunStrip
from studio.widgets.train.sample_view import SampleView

DRAWER, NARROWEST_DRAWER = 320, 250
"""Width of the settings in pixels: usual and smallest."""
STAGE, PLOTS = 5, 3
"""Proportions of the image stage, and of the timeline with the plots."""


class TrainPanel(QWidget):
    """Panel that shows a training and its settings; the footer starts and stops it."""

    pause_requested = Signal()
    """Pause or resume (Space)."""
    fresh_requested = Signal()
    """Start a new run instead of continuing the chosen checkpoint."""
    image_activated = Signal(object, int)
    """A grid, and the index of the clicked image."""
    nearest_requested = Signal(object, int)
    """Generated images, and the index of the one whose nearest training images to find."""
    moment_requested = Signal(int)
    """Step whose stored samples to show."""
    grid_save_requested = Signal(str, object)
    """"grid", "image" or "selected", and the grid."""
    plot_save_requested = Signal(str, object)
    """"png" or "csv", and the plot."""
    plane_save_requested = Signal()
    undo_changed = Signal(bool, bool)
    """Tells whether a change of a setting can be undone or redone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings = SettingsDrawer()
        self.form = self.settings.form
        self.history = History()
        self._edits: list[Edited] = []
        self._flags: tuple[Flag, ...] = ()
        self.plots = PlotStack(self.history)
        self.strip = RunStrip()
        self.health = self.strip.health
        self.time_line = Timeline()
        self.stage = SampleView()
        self.samples, self.reals, self.playground = self.stage.samples, self.stage.reals, self.stage.playground
        self._picture: int | None = None
        self._is_running = False
        self._connect()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 6)
        layout.setSpacing(6)
        layout.addWidget(self.strip)
        layout.addWidget(self._build_views(), 1)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # keeps the shortcuts working after a click on empty space
        within = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence(Qt.Key.Key_F2), self, self.strip.name.edit, context=within)

    # --- arrangement ---

    def choices(self) -> dict[str, Any]:
        """Returns the arrangement of the workspace for `restore`."""
        return {
            "settings": self.settings_action.isChecked(),
            "reals": self.reals_action.isChecked(),
            "plots shown": self.plots_action.isChecked(),
            "tab": self.settings.tab(),
            "speeds": self.settings.speeds(),
            "plots": self.plots.shown(),
        }

    def restore(self, choices: Mapping[str, Any]) -> None:
        """Restores the arrangement; ignores invalid parts."""
        actions = {"settings": self.settings_action, "reals": self.reals_action, "plots shown": self.plots_action}
        for name, action in actions.items():
            if isinstance(shown := choices.get(name), bool):
                action.setChecked(shown)
        if choices.get("tab") in (SIMPLE, EXPERT):
            self.settings.set_tab(choices["tab"])
        if isinstance(speeds := choices.get("speeds"), Mapping):
            self.settings.set_speeds(speeds)
        plots = choices.get("plots")
        if isinstance(plots, list) and plots and all(isinstance(name, str) for name in plots):
            self.plots.show_names(plots)

    def panel_actions(self) -> list[QAction]:
        """Returns the actions that show and hide parts of the workspace, for a menu."""
        return [self.settings_action, self.reals_action, self.plots_action]

    def undo(self) -> None:
        """Undoes the last change of a setting."""
        self.settings.undo()

    def redo(self) -> None:
        """Redoes the last undone change of a setting."""
        self.settings.redo()

    def copy(self) -> bool:
        """Copies the selected samples to the clipboard as one image; returns whether there are any."""
        return self.samples.copy_selected()

    # --- display ---

    def set_running(self, running: bool, is_watched: bool = False, can_steer: bool = False) -> None:
        """Locks most settings while a training runs, and all of them while it `is_watched` in another window, unless
        this one `can_steer` it."""
        self.form.set_locked(running or is_watched, is_watched and not can_steer)
        self.health.set_can_edit(running)
        self._is_running = running
        self._show_resume()

    def take_keyboard(self) -> None:
        """Focuses the panel, so that its shortcuts work; an image in the grid would take Space."""
        self.setFocus()

    def set_devices(self, devices: list[Device]) -> None:
        self.form.set_devices(devices)

    def set_resume(self, text: str) -> None:
        """Shows where the next start continues from; empty for a new training."""
        self._resume.setText(text)
        self._show_resume()

    def _show_resume(self) -> None:
        self._resume_row.setVisible(bool(self._resume.text()) and not self._is_running)

    def fit_to_data(self, facts: DataFacts) -> None:
        """Adapts the settings to the images: their resolution, and a batch no larger than the dataset or its sides."""
        self.form.set_count(facts.count, facts.sides)
        self.form.set_size(facts.size)

    def show_reals(self, images: Images) -> None:
        """Shows a sheet of training images to compare with."""
        self.stage.show_reals(images[: self.form.settings().samples])

    def show_real_points(self, real: NDArray[np.float32]) -> None:
        """Shows the points of the next training."""
        self.stage.show_real_points(real)

    def clear(self) -> None:
        """Clears curves and samples for a new training."""
        self.set_history(History(), ())
        self.stage.clear()

    def rewind(self, step: int) -> None:
        """Removes everything after an earlier step from which the training continues."""
        self.history.rewind(step)
        self._show_results()
        self._edits = [edit for edit in self._edits if edit.step <= step]
        self._mark_edits()
        self._show_history()

    def set_history(self, history: History, edits: Sequence[Edited]) -> None:
        """Shows the curves of another run, and the changes of settings during it."""
        self.time_line.go(None)
        self._edits = list(edits)
        self._put_history(history, keep_view=False)
        self._mark_edits()

    def complete_history(self, history: History) -> None:
        """Completes the curves of the shown run without changing the view."""
        self._put_history(history, keep_view=True)

    def _put_history(self, history: History, keep_view: bool) -> None:
        self.history = history
        self._show_results()
        self.plots.set_history(history, keep_view)
        self._show_history()

    def _show_history(self) -> None:
        self.time_line.set_span(self.history.span())
        self.plots.refresh()

    def show_edit(self, edit: Edited) -> None:
        """Shows changed settings of the running training."""
        self._edits.append(edit)
        self._mark_edits()

    def _mark_edits(self) -> None:
        marks = [(edit.step, listed(in_words(edit.changes))) for edit in self._edits]
        self.plots.set_marks(marks)
        self._show_flags()

    def set_flags(self, flags: Sequence[Flag]) -> None:
        """Shows flags for the run's checkpoints and the best of them."""
        self._flags = tuple(flags)
        self._show_flags()

    def _show_flags(self) -> None:
        edits = [Flag(edit.step, "edit", listed(in_words(edit.changes))) for edit in self._edits]
        self.time_line.set_flags([*self._flags, *edits])

    def show_reports(self, reports: Sequence[Report]) -> None:
        """Adds reports of the running training."""
        for report in reports:
            self.history.append(report.step, report.seconds, report.stats)
        self._show_history()

    def show_measured(self, found: Measured) -> None:
        """Adds the measurement of a checkpoint, which may be older than the training's step."""
        self.history.append(found.step, found.seconds, found.values)
        self._show_results()
        self._show_history()

    def _show_results(self) -> None:
        self.strip.metrics.show_results(results(self.history))

    def set_pictures(self, steps: Steps) -> None:
        """Sets the steps with stored samples."""
        self.time_line.set_pictures(steps)
        self._ask_picture()

    def show_moment(self, samples: Samples, of_points: bool) -> None:
        """Shows requested stored samples."""
        self.time_line.set_waiting(False)
        self.stage.show_moment(samples, of_points)

    def keep_last_samples(self, step: int) -> None:
        """Keeps the last samples on screen, as the requested ones are missing or damaged."""
        self.time_line.set_waiting(False)
        if self._picture == step:
            self._picture = None

    def _go(self, moment: int | None) -> None:
        self.plots.set_moment(moment)
        if moment is None:
            self._picture = None
            self.stage.release()
        else:
            self.stage.hold()
            self._ask_picture()

    def _ask_picture(self) -> None:
        moment = self.time_line.moment()
        picture = None if moment is None else self.time_line.picture_at(moment)
        if picture is not None and picture != self._picture:
            self._picture = picture
            self.time_line.set_waiting(True)
            self.moment_requested.emit(picture)

    def sample_names(self) -> list[str]:
        """Returns file names for the selected samples that tell their seeds: image k of a grid has seed k; with
        columns, each row is a seed, or an image and its translation.
        """
        if not self.stage.columns:
            return [f"seed{index:04d}" for index in self.samples.selected()]
        names = [re.sub(r"[^\w-]+", "-", column) for column in self.stage.columns]
        cells = [divmod(index, len(names)) for index in self.samples.selected()]
        subject = "image" if self.stage.translates else "seed"
        return [f"{subject}{row:04d}-{names[column]}" for row, column in cells]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.pause_requested.emit()
        elif event.key() == Qt.Key.Key_R and not event.modifiers():
            self.stage.show_reals_over(True)
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.focusWidget() is None:
            self.take_keyboard()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_R and not event.isAutoRepeat():
            self.stage.show_reals_over(False)
        super().keyReleaseEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.stage.show_reals_over(False)  # the focused widget receives the release

    def _connect(self) -> None:
        for grid in (self.samples, self.reals, self.stage.picture):
            grid.activated.connect(partial(self._enlarge, grid))
            grid.clicked.connect(partial(self._click, grid))
            grid.save_requested.connect(lambda what, grid=grid: self.grid_save_requested.emit(what, grid))
        self.samples.nearest_requested.connect(lambda index: self.nearest_requested.emit(self.samples.images(), index))
        self.settings.expectation_changed.connect(self.stage.show_expectation)
        self.settings.undo_changed.connect(self.undo_changed)
        self.playground.view.save_requested.connect(self.plane_save_requested)
        self.plots.save_requested.connect(self.plot_save_requested)
        self.plots.moment_chosen.connect(self.time_line.go)
        self.time_line.moved.connect(self._go)
        self.strip.metrics.step_chosen.connect(self.time_line.go)
        self.health.evidence_requested.connect(self.plots.show_keys)

    def _click(self, grid: ImageGrid, index: int) -> None:
        if not QApplication.keyboardModifiers():  # Ctrl or Shift + click selects
            self._enlarge(grid, index)

    def _enlarge(self, grid: ImageGrid, index: int) -> None:
        self.image_activated.emit(grid, index)

    def _build_settings(self) -> QWidget:
        self._resume = Label(wordWrap=True)
        self._fresh = QToolButton(autoRaise=True)
        self._fresh.setIcon(theme.icon("x"))
        self._fresh.setToolTip(_("Start a new training"))
        self._fresh.setAccessibleName(_("Start a new training"))
        self._fresh.clicked.connect(self.fresh_requested)
        self._resume_row = QWidget()
        self._resume_row.hide()
        row = QHBoxLayout(self._resume_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._resume, 1)
        row.addWidget(self._fresh, alignment=Qt.AlignmentFlag.AlignTop)
        side = QWidget()
        scale_length(side, side.setMinimumWidth, NARROWEST_DRAWER)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._resume_row)
        column.addWidget(self.settings, 1)
        return side

    def _build_stage(self, drawer: QWidget) -> QWidget:
        """Builds the image stage between the buttons of the settings and of the real images."""
        self.settings_action = self._toggle(_("Settings"), "sliders", _("Show or hide the settings"), shown=True)
        self.settings_action.toggled.connect(drawer.setVisible)
        self.reals_action = self._toggle(
            _("Real images"),
            "image-square",
            _("Show real images beside the samples; hold R to show them in place of the samples"),
        )
        self.reals_action.toggled.connect(self.stage.show_reals_beside)
        edge, real = (QToolButton(autoRaise=True) for _index in range(2))
        for button, action in ((edge, self.settings_action), (real, self.reals_action)):
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
        area = QWidget()
        row = QHBoxLayout(area)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(edge, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.stage, 1)
        row.addWidget(real, 0, Qt.AlignmentFlag.AlignTop)
        return area

    def _show_plots(self, shown: bool) -> None:
        self.plots.setVisible(shown)
        self.splitters["train rows"].setSizes([100 * STAGE, 100 * PLOTS if shown else 0])

    def _toggle(self, text: str, icon: str, tip: str, shown: bool = False) -> QAction:
        action = QAction(theme.icon(icon), text, self, checkable=True, checked=shown)
        action.setToolTip(plain_tip(tip))
        return action

    def _build_views(self) -> QWidget:
        drawer = self._build_settings()
        stage = self._build_stage(drawer)
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.time_line)
        column.addWidget(self.plots, 1)
        self.plots.maximized.connect(stage.setHidden)
        self.plots_action = self._toggle(_("Plots"), "chart-line", _("Show or hide the plots"), shown=True)
        self.plots_action.toggled.connect(self._show_plots)
        views = QSplitter(Qt.Orientation.Vertical)
        views.addWidget(stage)
        views.addWidget(lower)
        views.setStretchFactor(0, STAGE)
        views.setStretchFactor(1, PLOTS)
        views.setSizes([100 * STAGE, 100 * PLOTS])
        across = QSplitter(Qt.Orientation.Horizontal)
        across.addWidget(drawer)  # full height, so that many settings are visible
        across.addWidget(views)
        across.setStretchFactor(0, 0)
        across.setStretchFactor(1, 1)
        across.setSizes([DRAWER, 4 * DRAWER])
        for splitter in (across, views):
            splitter.setChildrenCollapsible(False)
        self.splitters = {
            "train rows": views,
            "train settings": across,
            "train images": self.stage.grids,
        }
        return across
