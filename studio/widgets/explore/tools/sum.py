"""A - B + C: what A has and B has not, added to C."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from core.events import Images
from core.latent.explore_state import DirectionSets, ExploreState, Group, Pin
from core.latent.request import LatentRequest, Point
from studio.widgets.explore.pin_strip import PinStrip
from studio.widgets.explore.tools import ToolView

TITLE, ICON = "A − B + C", "plus-minus"
GROUPS: dict[Group, str] = {"plus": "A", "minus": "− B", "also": "+ C"}


class View(ToolView):
    """Three groups of points, of each of which the mean counts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strips: dict[Group, PinStrip] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 0, 12, 0)
        grid.setHorizontalSpacing(12)
        for column, (group, title) in enumerate(GROUPS.items()):
            strip = PinStrip(
                f"Group {title}", f"Drag pins here for {title}; of several the mean counts.", "Drag pins here."
            )
            strip.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
            strip.dropped.connect(partial(self._drop, group))
            strip.removed.connect(partial(self._remove, group))
            label = QLabel(title)
            label.setObjectName("title")
            grid.addWidget(label, 0, column)
            grid.addWidget(strip, 1, column)
            grid.setColumnStretch(column, 1)
            self._strips[group] = strip

    def show_lab(self, lab: ExploreState) -> None:
        super().show_lab(lab)
        for group, strip in self._strips.items():
            if tuple(pin.point for pin in strip.pins()) != lab.group(group):
                strip.set_pins([Pin(point) for point in lab.group(group)])

    def overview(self, lab: ExploreState, bases: DirectionSets) -> LatentRequest | None:
        points = [point for group in GROUPS for point in lab.group(group)]
        return LatentRequest.of(*points) if points else None

    def show_overview(self, images: Images) -> None:
        start = 0
        for strip in self._strips.values():
            count = len(strip.pins())
            strip.set_images(images[start : start + count])
            start += count

    def _drop(self, group: Group, row: int, point: Point) -> None:
        points = self.lab.group(group)
        self._send(group, (*points[:row], point, *points[row:]))

    def _remove(self, group: Group, rows: list[int]) -> None:
        kept = (point for row, point in enumerate(self.lab.group(group)) if row not in rows)
        self._send(group, tuple(kept))

    def _send(self, group: Group, points: tuple[Point, ...]) -> None:
        self.lab = replace(self.lab, **{group: points}, total=None)  # type: ignore[arg-type]
        self.changed.emit({group: points, "total": None}, "")
