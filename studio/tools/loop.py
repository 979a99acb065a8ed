"""A circle of noise around A: images that drift and come back without a seam."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from core.events import Images
from core.lab import Lab
from core.latent import Place, Point
from studio.tools import ToolView
from studio.widgets.point_box import PointBox
from studio.widgets.scrubber import Scrubber
from studio.widgets.seed_box import SeedBox
from studio.widgets.slider_row import SliderRow
from studio.widgets.way_strip import WayStrip

TITLE, ICON = "Noise loop", "arrows-clockwise"
COUNT = 8
TILES = tuple(index / COUNT for index in range(COUNT))
SECONDS = 6.0


class View(ToolView):
    """The centre, how far around it the loop goes, and a slider along it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strip = WayStrip(
            "Images of the loop", "The loop, once around. Click an image to go there; Shift and Ctrl select several."
        )
        self._strip.set_places(TILES)
        self._centre = PointBox("A", "what the loop goes around")
        self._noise = SeedBox()
        field = self._noise.focusProxy() or self._noise
        field.setAccessibleName("Noise")
        field.setToolTip("The seed of the noise: another one is another loop.")
        self._radius = SliderRow(
            "Radius", 0.0, 1.0, 0.5, help="How far the loop leads away: 0 stands still, 1 leaves A altogether."
        )
        self._scrubber = Scrubber("Turn", "Where the image stands on the loop; 1 is 0 again.")
        self._scrubber.set_segments(1, SECONDS)
        self._centre.seed_changed.connect(lambda seed: self.change("seed A", a=Point(seed)))
        self._centre.dropped.connect(lambda point: self.dropped.emit(point, lambda lab, pin: replace(lab, a=pin)))
        self._noise.valueChanged.connect(lambda seed: self.change("noise", noise=seed))
        self._radius.valueChanged.connect(lambda radius: self.change("radius", radius=radius))
        self._strip.place_chosen.connect(self._go_to)
        self._strip.save_requested.connect(self.save_requested)
        self._scrubber.moved.connect(self._go_to)
        self._scrubber.arrived.connect(self._go_to)
        self._build()

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(12, 0, 12, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        grid.addWidget(QLabel("A"), 0, 0)
        grid.addWidget(self._centre, 0, 1)
        grid.addWidget(self._scrubber, 0, 2)
        grid.addWidget(QLabel("Noise"), 1, 0)
        grid.addWidget(self._noise, 1, 1)
        grid.addWidget(self._radius, 1, 2)
        grid.setColumnStretch(2, 1)
        for box in (self._centre, self._noise):
            box.setFixedWidth(212)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._strip, 1)
        column.addLayout(grid)

    def show_lab(self, lab: Lab) -> None:
        super().show_lab(lab)
        self._centre.set_point(lab.a)
        self._noise.set_value(lab.noise)
        self._radius.set_value(lab.radius)
        self._scrubber.set_place(lab.loop_place)
        self._strip.mark(lab.loop_place)

    def places(self, lab: Lab) -> tuple[Place, ...]:
        return TILES

    def show_overview(self, images: Images) -> None:
        self._strip.set_images(images)
        self._strip.mark(self.lab.loop_place)

    def selected_places(self) -> tuple[Place, ...]:
        return self._strip.selected_places()

    def toggle(self) -> None:
        self._scrubber.toggle()

    def stop(self) -> None:
        self._scrubber.stop()

    def set_waiting(self, waiting: bool) -> None:
        self._scrubber.set_waiting(waiting)

    def _go_to(self, place: float) -> None:
        if place != self.lab.loop_place:
            self._strip.mark(place)
            self._scrubber.set_place(place)
            self.change("place", loop_place=place)
