"""Interpolation from A to B."""

from __future__ import annotations

import random
from dataclasses import replace

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QToolButton, QWidget

from core.generator_inputs import LARGEST_SEED
from core.latent.explore_state import ExploreState
from core.latent.request import Point, Trajectory, Walk, number_of
from studio import theme
from studio.widgets.explore.path_strip import PathStrip
from studio.widgets.explore.point_box import PointBox
from studio.widgets.explore.scrubber import Scrubber
from studio.widgets.explore.tools.strip_view import StripView

TITLE = "A to B"
ICON = "arrows-left-right"
RANK = 1
COUNT = 8
TILES = tuple(index / (COUNT - 1) for index in range(COUNT))
"""The positions of the images: 0 is A, 1 is B."""
SECONDS = 4.0


class View(StripView):
    """Two points, small images between them, and a slider."""

    def __init__(self, parent: QWidget | None = None) -> None:
        strip = PathStrip(
            "Images from A to B",
            "The way from A to B. Click an image to go there; Shift and Ctrl select several to export.",
        )
        scrubber = Scrubber("A → B", "Where the image stands on the way from A to B.")
        scrubber.set_segments(1, SECONDS)
        super().__init__(TILES, strip, scrubber, parent)
        self._a = PointBox("A", "where the way begins")
        self._b = PointBox("B", "where the way ends")
        self._swap = QToolButton()
        self._swap.setIcon(theme.icon("swap"))
        self._swap.setIconSize(QSize(18, 18))
        self._swap.setAccessibleName("Swap A and B")
        self._swap.setToolTip("Let A and B change places; the image stays as it is.")
        self._connect()
        self._build()

    def _connect(self) -> None:
        self._a.seed_changed.connect(lambda seed: self.change("seed A", a=Point(seed)))
        self._b.seed_changed.connect(lambda seed: self.change("seed B", b=Point(seed)))
        self._a.dropped.connect(lambda point: self.dropped.emit(point, lambda state, pin: replace(state, a=pin)))
        self._b.dropped.connect(lambda point: self.dropped.emit(point, lambda state, pin: replace(state, b=pin)))
        self.scrubber.arrived.connect(self._set_out_again)
        # The points are swapped: seen from the other end, the same image is as far away as it was.
        self._swap.clicked.connect(
            lambda: self.change(a=self.state.b, b=self.state.a, values=self._from_the_other_end().values)
        )

    def _build(self) -> None:
        for column, widget in enumerate((self._a, self.scrubber, self._b, self._swap)):
            self.grid.addWidget(widget, 0, column)
        self.grid.setColumnStretch(1, 1)
        for box in (self._a, self._b):
            box.setFixedWidth(208)

    def trajectory(self, state: ExploreState) -> Trajectory:
        return Walk((state.a, state.b), state.mode)

    def restored(self, state: ExploreState, trajectory: Trajectory) -> ExploreState | None:
        if not isinstance(trajectory, Walk) or len(trajectory.points) > 2:
            return None
        if trajectory.closed or trajectory.easing != "even":
            return None
        a, b = (*trajectory.points, state.b)[:2]
        return replace(state, a=a, b=b, mode=trajectory.mode)

    def show_state(self, state: ExploreState) -> None:
        super().show_state(state)
        self._a.set_point(state.a)
        self._b.set_point(state.b)

    def _from_the_other_end(self) -> ExploreState:
        return self.moved(self.state, 1.0 - number_of(self.position(self.state)))

    def _set_out_again(self, position: float) -> None:
        # B at the end is A at the beginning, so nothing jumps.
        values = self.moved(self.state, position).values
        self.change("walk", a=self.state.b, b=Point(random.randint(0, LARGEST_SEED)), values=values)
        self.show_state(self.state)
