"""The way from A to B in a row of small images."""

from __future__ import annotations

from math import isclose

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.widgets.image_grid import ImageGrid

COUNT = 8
TILES = tuple(index / (COUNT - 1) for index in range(COUNT))
"""The places of the images: 0 is A, 1 is B."""
LOWEST = 96


class LatentStrip(ImageGrid):
    """A click or an arrow key goes to an image's place; several are selected with Shift and Ctrl."""

    place_chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, selectable=True)
        self.set_empty_text("")
        self.setAccessibleName("Images from A to B")
        self.setToolTip("The way from A to B. Click an image to go there; Shift and Ctrl select several to export.")
        self.setMinimumHeight(LOWEST)
        self.setMaximumHeight(168)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for signal in (self.clicked, self.activated, self.current_changed):
            signal.connect(lambda index: self.place_chosen.emit(TILES[index]))

    def mark(self, place: float) -> None:
        """Show where the large image stands; several selected images stay so while it stands at one of the images."""
        # The other way round, 1/7 is not quite 6/7.
        here = [index for index, tile in enumerate(TILES) if isclose(tile, place, abs_tol=1e-6)]
        if len(self.selected()) < 2 or not here:
            self.set_selected(here)

    def selected_places(self) -> tuple[float, ...]:
        return tuple(TILES[index] for index in self.selected())

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """Does nothing: the whole way is always in sight."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            event.ignore()  # plays the walk, here as everywhere in the panel
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(640, LOWEST)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, LOWEST)
