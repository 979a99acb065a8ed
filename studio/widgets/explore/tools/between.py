"""From A to B."""

from __future__ import annotations

import random
from dataclasses import replace

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QToolButton, QWidget

from core.generator_inputs import LARGEST_SEED
from core.latent.explore_state import ExploreState
from core.latent.request import Point
from studio import theme
from studio.widgets.explore.path_strip import PathStrip
from studio.widgets.explore.point_box import PointBox
from studio.widgets.explore.scrubber import Scrubber
from studio.widgets.explore.tools.strip_tool import StripView

TITLE, ICON = "A to B", "arrows-left-right"
COUNT = 8
TILES = tuple(index / (COUNT - 1) for index in range(COUNT))
"""The places of the images: 0 is A, 1 is B."""
SECONDS = 4.0


class View(StripView):
    """Two points, the way between them in small images, and a slider along it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        strip = PathStrip(
            "Images from A to B",
            "The way from A to B. Click an image to go there; Shift and Ctrl select several to export.",
        )
        scrubber = Scrubber("A → B", "Where the image stands on the way from A to B.")
        scrubber.set_segments(1, SECONDS)
        super().__init__("between_place", TILES, strip, scrubber, parent)
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
        self._a.dropped.connect(lambda point: self.dropped.emit(point, lambda lab, pin: replace(lab, a=pin)))
        self._b.dropped.connect(lambda point: self.dropped.emit(point, lambda lab, pin: replace(lab, b=pin)))
        self.scrubber.arrived.connect(self._set_out_again)
        # The points have changed places: seen from the other end, the same image is as far away as it was.
        self._swap.clicked.connect(
            lambda: self.change(a=self.lab.b, b=self.lab.a, between_place=1.0 - self.lab.between_place)
        )

    def _build(self) -> None:
        for column, widget in enumerate((self._a, self.scrubber, self._b, self._swap)):
            self.grid.addWidget(widget, 0, column)
        self.grid.setColumnStretch(1, 1)
        for box in (self._a, self._b):
            box.setFixedWidth(208)

    def show_lab(self, lab: ExploreState) -> None:
        super().show_lab(lab)
        self._a.set_point(lab.a)
        self._b.set_point(lab.b)

    def _set_out_again(self, place: float) -> None:
        # B at the end is A at the beginning, so nothing jumps.
        self.change("walk", a=self.lab.b, b=Point(random.randint(0, LARGEST_SEED)), between_place=place)
        self.show_lab(self.lab)
