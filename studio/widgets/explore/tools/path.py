"""A path through any number of points."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QVBoxLayout, QWidget

from core.events import Images
from core.latent.explore_state import DirectionSets, ExploreState, Pin
from core.latent.request import Easing, LatentRequest, Point, Position, Trajectory, Walk, number_of
from studio.widgets.basic.labels import LabelledButton
from studio.widgets.explore.pin_strip import PinStrip
from studio.widgets.explore.scrubber import Scrubber
from studio.widgets.explore.tools.tool import ToolView

TITLE = "Path"
ICON = "path"
RANK = 3
SECONDS = 2.0
MOST_PICTURES = 1000
"""Of the path's points; those of a large sheet behind them are shown without."""
EVEN: Easing = "even"
EASINGS: dict[str, Easing] = {"Even speed": "even", "Slow at the points": "smooth"}


class View(ToolView):
    """The points in their order, and a slider along the path."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points = PinStrip(
            "Points of the path",
            "The points of the path, in order. Drag pins here; drag to change the order, Delete removes.",
            "Drag pins here, or add all of them.",
        )
        self._add_all = LabelledButton("plus", "All pins", "Lead the path through every pin.", "Add all pins")
        self._scrubber = Scrubber("Path", "Where the image stands on the path.")
        self._closed = QCheckBox("Closed")
        self._closed.setToolTip("Go on from the last point to the first, so that the film loops.")
        self._easing = QComboBox()
        for label, easing in EASINGS.items():
            self._easing.addItem(label, easing)
        self._easing.setAccessibleName("Easing")
        self._easing.setToolTip("Whether the path slows down at its points.")
        self._connect()
        self._build()

    def _connect(self) -> None:
        self._add_all.clicked.connect(lambda: self.change(path=tuple(pin.point for pin in self.state.saved.pins)))
        self._closed.clicked.connect(lambda closed: self.set_value("closed", closed))
        self._easing.activated.connect(lambda _: self.set_value("easing", self._easing.currentData()))
        self._points.dropped.connect(self._drop)
        self._points.moved.connect(self._move)
        self._points.removed.connect(self._remove)
        self._points.chosen.connect(lambda row: self.move_to(float(row)))
        for signal in (self._scrubber.moved, self._scrubber.arrived):
            signal.connect(lambda share: self.move_to(share * self._length()))

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(12, 0, 12, 0)
        grid.setHorizontalSpacing(10)
        grid.addWidget(self._add_all, 0, 0)
        grid.addWidget(self._scrubber, 0, 1)
        grid.addWidget(self._closed, 0, 2)
        grid.addWidget(self._easing, 0, 3)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._points)
        column.addLayout(grid)

    def trajectory(self, state: ExploreState) -> Walk:
        closed = self.value(state, "closed", False) and len(state.path) > 1
        return Walk(state.path or (state.a,), state.mode, closed, self.value(state, "easing", EVEN))

    def restored(self, state: ExploreState, trajectory: Trajectory) -> ExploreState | None:
        if not isinstance(trajectory, Walk):
            return None
        state = replace(state, path=trajectory.points, mode=trajectory.mode)
        state = self.with_value(state, "closed", trajectory.closed)
        return self.with_value(state, "easing", trajectory.easing)

    def position(self, state: ExploreState) -> Position:
        return min(number_of(super().position(state)), float(self.trajectory(state).length))

    def show_state(self, state: ExploreState) -> None:
        if tuple(pin.point for pin in self._points.pins()) != state.path:
            self._points.set_pins([Pin(point, _name(state, point)) for point in state.path])
        self._scrubber.set_segments(float(self.trajectory(state).length), SECONDS)
        super().show_state(state)
        self._add_all.setEnabled(bool(state.saved.pins))
        self._closed.setChecked(self.value(state, "closed", False))
        self._easing.setCurrentIndex(self._easing.findData(self.trajectory(state).easing))
        self._scrubber.setEnabled(len(state.path) > 1)

    def show_position(self) -> None:
        self._scrubber.set_position(number_of(self.position(self.state)) / max(self._length(), 1e-9))

    def positions(self, state: ExploreState) -> tuple[Position, ...]:
        return tuple(map(float, range(len(state.path))))

    def overview(self, state: ExploreState, directions: DirectionSets) -> LatentRequest | None:
        positions = self.positions(state)[:MOST_PICTURES]
        return self.request(state, directions, positions) if positions else None

    def show_overview(self, images: Images) -> None:
        shown = self.state.path[:MOST_PICTURES]
        if len(images) == len(shown):  # others are of a path that has changed meanwhile
            self._points.set_pictures(shown, images)

    def toggle(self) -> None:
        if self._length():
            self._scrubber.toggle()

    def stop(self) -> None:
        self._scrubber.stop()

    def set_waiting(self, waiting: bool) -> None:
        self._scrubber.set_waiting(waiting)

    def _length(self) -> float:
        return float(self.trajectory(self.state).length)

    def _drop(self, row: int, point: Point) -> None:
        def put(state: ExploreState, pin: Point) -> ExploreState:
            return replace(state, path=(*state.path[:row], pin, *state.path[row:]))

        self.dropped.emit(point, put)

    def _move(self, row: int, to: int) -> None:
        path = list(self.state.path)
        path.insert(to, path.pop(row))
        self.change(path=tuple(path))

    def _remove(self, rows: list[int]) -> None:
        self.change(path=tuple(point for row, point in enumerate(self.state.path) if row not in rows))


def _name(state: ExploreState, point: Point) -> str:
    return next((pin.name for pin in state.saved.pins if pin.point == point), "")
