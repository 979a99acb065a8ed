"""Tool that interpolates between four corners on a map."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from core.events import Images
from core.language import _
from core.latent.explore_state import Corners, ExploreState
from core.latent.request import Point, Position, Square, Trajectory
from studio.widgets.basic.labels import Label
from studio.widgets.explore.point_box import PointBox
from studio.widgets.explore.tools.square_pad import SquarePad
from studio.widgets.explore.tools.tool import ToolView

TITLE = "Four corners"
ICON = "grid-four"
RANK = 2
SIDE = 6
MAP: tuple[Position, ...] = tuple((x / (SIDE - 1), y / (SIDE - 1)) for y, x in product(range(SIDE), repeat=2))
CORNERS = (_("top left"), _("top right"), _("bottom left"), _("bottom right"))


class View(ToolView):
    """Map with the current position and its corners."""

    start = (0.5, 0.5)
    is_line = False

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pad = SquarePad(SIDE)
        self._pad.moved.connect(lambda x, y: self.move_to((x, y)))
        self._pad.dropped.connect(self._drop)
        self._boxes = [PointBox(name, _("a corner of the map")) for name in CORNERS]
        for index, box in enumerate(self._boxes):
            box.seed_changed.connect(partial(self._set_seed, index))
            box.dropped.connect(partial(self._drop, index))
        self._build()

    def _build(self) -> None:
        corners = QGridLayout()
        corners.setHorizontalSpacing(10)
        corners.setVerticalSpacing(4)
        for index, (name, box) in enumerate(zip(CORNERS, self._boxes, strict=True)):
            label = Label(name.capitalize())
            label.setObjectName("muted")
            corners.addWidget(label, 2 * (index // 2), index % 2)
            corners.addWidget(box, 2 * (index // 2) + 1, index % 2)
        side = QVBoxLayout()
        side.setSpacing(8)
        side.addStretch(1)
        side.addLayout(corners)
        side.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 4)
        row.setSpacing(16)
        row.addWidget(self._pad, 1)
        row.addLayout(side, 1)

    def trajectory(self, state: ExploreState) -> Trajectory:
        return Square(state.corners, state.mode)

    def restored(self, state: ExploreState, trajectory: Trajectory) -> ExploreState | None:
        if not isinstance(trajectory, Square):
            return None
        return replace(state, corners=trajectory.points, mode=trajectory.mode)

    def moved(self, state: ExploreState, position: Position) -> ExploreState:
        return self._at(state, _in_square(position))

    def show_state(self, state: ExploreState) -> None:
        super().show_state(state)
        for box, point in zip(self._boxes, state.corners, strict=True):
            box.set_point(point)

    def show_position(self) -> None:
        self._pad.set_position(*_in_square(self.position(self.state)))

    def positions(self, state: ExploreState) -> tuple[Position, ...]:
        return MAP

    def show_overview(self, images: Images) -> None:
        self._pad.set_images(images)

    def _set_seed(self, index: int, seed: int) -> None:
        self.change(f"corner {index}", corners=_with(self.state.corners, index, Point(seed)))

    def _drop(self, index: int, point: Point) -> None:
        self.dropped.emit(point, lambda state, pin: replace(state, corners=_with(state.corners, index, pin)))


def _in_square(position: Position) -> tuple[float, float]:
    return position if isinstance(position, tuple) else (position, 0.0)


def _with(corners: Corners, index: int, point: Point) -> Corners:
    first, second, third, fourth = (point if each == index else corner for each, corner in enumerate(corners))
    return first, second, third, fourth
