"""Latent arithmetic A - B + C on groups of points."""

from __future__ import annotations

from functools import partial
from typing import Literal

from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from core.events import Images
from core.language import _
from core.latent.explore_state import DirectionSets, ExploreState, Pin
from core.latent.request import LatentRequest, Point, Position, Trajectory, Walk
from studio.widgets.basic.labels import Label
from studio.widgets.explore.pin_strip import PinStrip
from studio.widgets.explore.tools.tool import Points, ToolView

TITLE = "A − B + C"
ICON = "plus-minus"
RANK = 5
Group = Literal["plus", "minus", "also"]
GROUPS: dict[Group, str] = {"plus": "A", "minus": "− B", "also": "+ C"}


class View(ToolView):
    """Three groups of points whose means are combined."""

    is_line = False
    interpolates = False

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strips: dict[Group, PinStrip] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 0, 12, 0)
        grid.setHorizontalSpacing(12)
        for column, (group, title) in enumerate(GROUPS.items()):
            name = _("Group {group}").format(group=title)
            tip = _("Drag pins here for {group}; the mean of several is used.").format(group=title)
            strip = PinStrip(name, tip, _("Drag pins here."))
            strip.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
            strip.dropped.connect(partial(self._drop, group))
            strip.removed.connect(partial(self._remove, group))
            label = Label(title)
            label.setObjectName("title")
            grid.addWidget(label, 0, column)
            grid.addWidget(strip, 1, column)
            grid.setColumnStretch(column, 1)
            self._strips[group] = strip

    def trajectory(self, state: ExploreState) -> Trajectory:
        return Walk((state.total or state.a,))

    def moved(self, state: ExploreState, position: Position) -> ExploreState:
        return state

    def wanted_sum(self, state: ExploreState) -> tuple[Points, Points, Points] | None:
        groups = state.plus, state.minus, state.also
        return groups if state.total is None and all(groups) else None

    def show_state(self, state: ExploreState) -> None:
        super().show_state(state)
        for group, strip in self._strips.items():
            if tuple(pin.point for pin in strip.pins()) != _points(state, group):
                strip.set_pins([Pin(point) for point in _points(state, group)])

    def overview(self, state: ExploreState, directions: DirectionSets) -> LatentRequest | None:
        points = [point for group in GROUPS for point in _points(state, group)]
        return LatentRequest.of(*points) if points else None

    def show_overview(self, images: Images) -> None:
        start = 0
        for strip in self._strips.values():
            count = len(strip.pins())
            strip.set_images(images[start : start + count])
            start += count

    def _drop(self, group: Group, row: int, point: Point) -> None:
        points = _points(self.state, group)
        self._send(group, (*points[:row], point, *points[row:]))

    def _remove(self, group: Group, rows: list[int]) -> None:
        kept = (point for row, point in enumerate(_points(self.state, group)) if row not in rows)
        self._send(group, tuple(kept))

    def _send(self, group: Group, points: tuple[Point, ...]) -> None:
        self.change(**{group: points}, total=None)


def _points(state: ExploreState, group: Group) -> Points:
    return {"plus": state.plus, "minus": state.minus, "also": state.also}[group]
