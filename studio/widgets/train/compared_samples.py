"""Sample grids of two compared runs side by side, at the same moment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from core.errors import UserError
from core.events import Images
from core.formatting import time_text
from core.language import _, number, plural
from core.runs.overview import Overview
from core.stats.curves import Line
from studio.widgets.basic.labels import Label
from studio.widgets.basic.scale import scale_length
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.tile_view import NO_IMAGES
from studio.widgets.plots.overlay_plot import SIDES
from studio.widgets.train.compared_curves import place_text

MOMENTS = ((_("Step"), "steps"), (_("Images seen"), "images"), (_("Training time"), "seconds"))
SLIDER_STEPS = 1000
"""Positions of the slider."""


class ComparedSamples(QWidget):
    """Two sample grids moved by one slider. Requests grids, answered by `show_grid`."""

    grid_requested = Signal(str, object, int, object)
    """A side, its `Overview`, the step and the `Path` of the grid."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: dict[str, Overview] = {}
        self._positions: dict[str, Line] = {}
        self._shown: dict[str, int] = {}
        self.grids = {side: ImageGrid(generated=True) for side in SIDES}
        self._said = {side: Label() for side in SIDES}
        self._moment = QComboBox()
        self._moment.setAccessibleName(_("Compare at"))
        self._moment.setToolTip(_("Axis on which the runs are aligned."))
        for title, name in MOMENTS:
            self._moment.addItem(title, name)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, SLIDER_STEPS)
        self._slider.setValue(SLIDER_STEPS)
        self._slider.setAccessibleName(_("Moment"))
        self._slider.setToolTip(_("Drag or use the arrow keys to compare both runs at another moment."))
        self._where = Label()
        self._slider.valueChanged.connect(lambda _value: self._ask())
        self._moment.currentIndexChanged.connect(lambda _index: self._update_positions())
        self._build()

    def show_runs(self, runs: Mapping[str, Overview]) -> None:
        """Sets the runs by side."""
        self._runs = dict(runs)
        for side in SIDES:
            self._shown.pop(side, None)
            if side not in runs or not runs[side].samples:
                self.grids[side].set_images(NO_IMAGES)
                self._said[side].setText("")
            choose = _("Choose run {side} above.").format(side=side)
            self.grids[side].set_empty_text(_("This run has no samples.") if side in runs else choose)
        self._update_positions()

    def show_grid(self, side: str, step: int, images: Images, columns: tuple[str, ...]) -> None:
        """Shows a requested grid."""
        if side not in self._runs:
            return
        run, grid = self._runs[side], self.grids[side]
        grid.set_images(images)
        grid.set_columns(len(columns), columns)
        images_seen, seconds = run.reached(step)
        pattern = (
            _("{side}: step {step} (last), {seen}, {time}")
            if step == run.samples[-1][0]
            else _("{side}: step {step}, {seen}, {time}")
        )
        seen = (
            plural("{count} point seen", "{count} points seen", round(images_seen))
            if run.settings.points
            else plural("{count} image seen", "{count} images seen", round(images_seen))
        )
        self._said[side].setText(pattern.format(side=side, step=number(step), seen=seen, time=time_text(seconds)))

    def show_problem(self, side: str, problem: UserError) -> None:
        """Shows why there is no grid."""
        self.grids[side].set_images(NO_IMAGES)
        self.grids[side].set_empty_text(str(problem))
        self._said[side].setText("")

    def _update_positions(self) -> None:
        """Updates the position of each grid on the chosen axis."""
        which = self._moment.currentData()
        self._positions = {}
        for side, run in self._runs.items():
            reached = [(step, *run.reached(step)) for step, _path in run.samples]
            column = [name for _title, name in MOMENTS].index(which)
            self._positions[side] = np.array([reached_at[column] for reached_at in reached], np.float64)
        self._ask()

    def _longest(self) -> float:
        return max((float(positions[-1]) for positions in self._positions.values() if len(positions)), default=0.0)

    def _ask(self) -> None:
        at = self._longest() * self._slider.value() / SLIDER_STEPS
        self._where.setText(place_text(self._moment.currentData(), at))
        for side, positions in self._positions.items():
            if len(positions):
                step, path = self._runs[side].samples[int(np.abs(positions - at).argmin())]
                if self._shown.get(side) != step:
                    self._shown[side] = step
                    self.grid_requested.emit(side, self._runs[side], step, path)

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(14)
        for side in SIDES:
            self.grids[side].setAccessibleName(_("Samples of run {side}").format(side=side))
            self._said[side].setObjectName("muted")
            column = QVBoxLayout()
            column.addWidget(self.grids[side], 1)
            column.addWidget(self._said[side])
            row.addLayout(column, 1)
        name = Label(_("Compare at"))
        name.setBuddy(self._moment)
        scale_length(self._where, self._where.setMinimumWidth, 130)
        line = QHBoxLayout()
        for widget in (name, self._moment):
            line.addWidget(widget)
        line.addWidget(self._slider, 1)
        line.addWidget(self._where)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(row, 1)
        layout.addLayout(line)
