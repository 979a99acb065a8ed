"""A circle of noise around A: images that drift and come back without a seam."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QLabel, QWidget

from core.latent.explore_state import ExploreState
from core.latent.request import Point
from studio.widgets.basic.slider_row import SliderRow
from studio.widgets.basic.spin_boxes import SeedBox
from studio.widgets.explore.path_strip import PathStrip
from studio.widgets.explore.point_box import PointBox
from studio.widgets.explore.scrubber import Scrubber
from studio.widgets.explore.tools.strip_tool import StripView

TITLE, ICON = "Noise loop", "arrows-clockwise"
COUNT = 8
TILES = tuple(index / COUNT for index in range(COUNT))
SECONDS = 6.0


class View(StripView):
    """The centre, how far around it the loop goes, and a slider along it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        strip = PathStrip(
            "Images of the loop", "The loop, once around. Click an image to go there; Shift and Ctrl select several."
        )
        scrubber = Scrubber("Turn", "Where the image stands on the loop; 1 is 0 again.")
        scrubber.set_segments(1, SECONDS)
        super().__init__("loop_place", TILES, strip, scrubber, parent)
        self._centre = PointBox("A", "what the loop goes around")
        self._noise = SeedBox()
        field = self._noise.focusProxy() or self._noise
        field.setAccessibleName("Noise")
        field.setToolTip("The seed of the noise: another one is another loop.")
        self._radius = SliderRow(
            "Radius", 0.0, 1.0, 0.5, help="How far the loop leads away: 0 stands still, 1 leaves A altogether."
        )
        self._centre.seed_changed.connect(lambda seed: self.change("seed A", a=Point(seed)))
        self._centre.dropped.connect(lambda point: self.dropped.emit(point, lambda lab, pin: replace(lab, a=pin)))
        self._noise.valueChanged.connect(lambda seed: self.change("noise", noise=seed))
        self._radius.valueChanged.connect(lambda radius: self.change("radius", radius=radius))
        self.scrubber.arrived.connect(self.go_to)
        self._build()

    def _build(self) -> None:
        rows = (QLabel("A"), self._centre, self.scrubber), (QLabel("Noise"), self._noise, self._radius)
        for row, widgets in enumerate(rows):
            for column, widget in enumerate(widgets):
                self.grid.addWidget(widget, row, column)
        self.grid.setColumnStretch(2, 1)
        for box in (self._centre, self._noise):
            box.setFixedWidth(212)

    def show_lab(self, lab: ExploreState) -> None:
        super().show_lab(lab)
        self._centre.set_point(lab.a)
        self._noise.set_value(lab.noise)
        self._radius.set_value(lab.radius)
