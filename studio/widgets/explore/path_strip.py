"""Strip of small images along a trajectory."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.widgets.basic.labels import plain_tip
from studio.widgets.images.image_grid import ImageGrid

LOWEST = 88


class PathStrip(ImageGrid):
    """A click or an arrow key goes to an image's position; several are selected with Shift and Ctrl."""

    position_chosen = Signal(float)

    def __init__(self, name: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, selectable=True)
        self._positions: tuple[float, ...] = ()
        self.set_empty_text("")
        self.setAccessibleName(name)
        self.setToolTip(plain_tip(tip))
        self.setMinimumHeight(LOWEST)
        self.setMaximumHeight(152)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for signal in (self.clicked, self.activated, self.current_changed):
            signal.connect(self._choose)

    def set_positions(self, positions: Sequence[float]) -> None:
        """Sets the positions of the images that will be shown."""
        self._positions = tuple(positions)

    def mark(self, position: float) -> None:
        """Shows the position of the large image; several selected images stay so while it is at one of the images."""
        # Seen from the other end, 1/7 is not quite 6/7.
        here = [index for index, each in enumerate(self._positions) if isclose(each, position, abs_tol=1e-6)]
        if len(self.selected()) < 2 or not here:
            self.set_selected(here)

    def selected_positions(self) -> tuple[float, ...]:
        return tuple(self._positions[index] for index in self.selected() if index < len(self._positions))

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """Does nothing: the whole trajectory is always in sight."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            event.ignore()  # plays, here as everywhere in the panel
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(640, LOWEST)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, LOWEST)

    def _choose(self, index: int) -> None:
        if index < len(self._positions):
            self.position_chosen.emit(self._positions[index])
