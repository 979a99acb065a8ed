"""A path through any number of points."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QVBoxLayout, QWidget

from core.events import Images
from core.latent.explore_state import ExploreState, Pin
from core.latent.request import Easing, Point, Position
from studio.widgets.basic.labels import LabelledButton
from studio.widgets.explore.pin_strip import PinStrip
from studio.widgets.explore.scrubber import Scrubber
from studio.widgets.explore.tools import ToolView

TITLE, ICON = "Path", "path"
SECONDS = 2.0
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
        self._add_all.clicked.connect(lambda: self.change(path=tuple(pin.point for pin in self.lab.board.pins)))
        self._closed.clicked.connect(lambda closed: self.change(closed=closed))
        self._easing.activated.connect(lambda _: self.change(easing=self._easing.currentData()))
        self._points.dropped.connect(self._drop)
        self._points.moved.connect(self._move)
        self._points.removed.connect(self._remove)
        self._points.chosen.connect(lambda row: self._go_to(float(row)))
        for signal in (self._scrubber.moved, self._scrubber.arrived):
            signal.connect(lambda place: self._go_to(place * self._length()))

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

    def show_lab(self, lab: ExploreState) -> None:
        if tuple(pin.point for pin in self._points.pins()) != lab.path:
            self._points.set_pins([Pin(point, _name(lab, point)) for point in lab.path])
        super().show_lab(lab)
        self._add_all.setEnabled(bool(lab.board.pins))
        self._closed.setChecked(lab.closed)
        self._easing.setCurrentIndex(self._easing.findData(lab.easing))
        self._scrubber.setEnabled(len(lab.path) > 1)
        self._scrubber.set_segments(self._length(), SECONDS)
        self._scrubber.set_place(lab.path_place / max(self._length(), 1e-9))

    def places(self, lab: ExploreState) -> tuple[Position, ...]:
        return tuple(map(float, range(len(lab.path))))

    def show_overview(self, images: Images) -> None:
        self._points.set_images(images)

    def toggle(self) -> None:
        if self._length():
            self._scrubber.toggle()

    def stop(self) -> None:
        self._scrubber.stop()

    def set_waiting(self, waiting: bool) -> None:
        self._scrubber.set_waiting(waiting)

    def _length(self) -> float:
        count = len(self.lab.path)
        return float(count if self.lab.closed and count > 1 else max(count - 1, 0))

    def _go_to(self, place: float) -> None:
        if place != self.lab.path_place:
            self._scrubber.set_place(place / max(self._length(), 1e-9))
            self.change("place", path_place=place)

    def _drop(self, row: int, point: Point) -> None:
        def put(lab: ExploreState, pin: Point) -> ExploreState:
            return replace(lab, path=(*lab.path[:row], pin, *lab.path[row:]))

        self.dropped.emit(point, put)

    def _move(self, row: int, to: int) -> None:
        path = list(self.lab.path)
        path.insert(to, path.pop(row))
        self.change(path=tuple(path))

    def _remove(self, rows: list[int]) -> None:
        self.change(path=tuple(point for row, point in enumerate(self.lab.path) if row not in rows))


def _name(lab: ExploreState, point: Point) -> str:
    return next((pin.name for pin in lab.board.pins if pin.point == point), "")
