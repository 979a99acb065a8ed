"""A circle of noise around A, whose images come back to the first without a jump."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QWidget

from core.latent.explore_state import ExploreState
from core.latent.request import Loop, Point, Trajectory
from studio.widgets.basic.labels import Label
from studio.widgets.basic.slider_row import SliderRow
from studio.widgets.basic.spin_boxes import SeedBox
from studio.widgets.explore.path_strip import PathStrip
from studio.widgets.explore.point_box import PointBox
from studio.widgets.explore.scrubber import Scrubber
from studio.widgets.explore.tools.strip_view import StripView

TITLE = "Noise loop"
ICON = "arrows-clockwise"
RANK = 4
COUNT = 8
TILES = tuple(index / COUNT for index in range(COUNT))
SECONDS = 6.0
RADIUS = 0.5


class View(StripView):
    """The centre, the seed and the radius of the loop, and a slider along it."""

    interpolates = False

    def __init__(self, parent: QWidget | None = None) -> None:
        strip = PathStrip(
            "Images of the loop", "The loop, once around. Click an image to go there; Shift and Ctrl select several."
        )
        scrubber = Scrubber("Turn", "Where the image stands on the loop; 1 is 0 again.")
        scrubber.set_segments(1, SECONDS)
        super().__init__(TILES, strip, scrubber, parent)
        self._centre = PointBox("A", "what the loop goes around")
        self._noise = SeedBox()
        field = self._noise.focusProxy() or self._noise
        field.setAccessibleName("Noise")
        field.setToolTip("The seed of the noise: another one is another loop.")
        self._radius = SliderRow(
            "Radius", 0.0, 1.0, RADIUS, help="How far the loop leads away: 0 stands still, 1 leaves A altogether."
        )
        self._centre.seed_changed.connect(lambda seed: self.change("seed A", a=Point(seed)))
        self._centre.dropped.connect(lambda point: self.dropped.emit(point, lambda state, pin: replace(state, a=pin)))
        self._noise.valueChanged.connect(lambda seed: self.set_value("noise", seed, "noise"))
        self._radius.valueChanged.connect(lambda radius: self.set_value("radius", radius, "radius"))
        self.scrubber.arrived.connect(self.move_to)
        self._build()

    def _build(self) -> None:
        rows = (Label("A"), self._centre, self.scrubber), (Label("Noise"), self._noise, self._radius)
        for row, widgets in enumerate(rows):
            for column, widget in enumerate(widgets):
                self.grid.addWidget(widget, row, column)
        self.grid.setColumnStretch(2, 1)
        for box in (self._centre, self._noise):
            box.setFixedWidth(212)

    def trajectory(self, state: ExploreState) -> Trajectory:
        return Loop(state.a, self.value(state, "noise", 0), self.value(state, "radius", RADIUS))

    def restored(self, state: ExploreState, trajectory: Trajectory) -> ExploreState | None:
        if not isinstance(trajectory, Loop):
            return None
        state = self.with_value(replace(state, a=trajectory.centre), "noise", trajectory.seed)
        return self.with_value(state, "radius", trajectory.radius)

    def show_state(self, state: ExploreState) -> None:
        super().show_state(state)
        self._centre.set_point(state.a)
        self._noise.set_value(self.value(state, "noise", 0))
        self._radius.set_value(self.value(state, "radius", RADIUS))
