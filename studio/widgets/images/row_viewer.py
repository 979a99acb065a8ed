"""Viewer of one enlarged image of a dataset, loaded on demand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from core.events import Images
from studio.widgets.images.image_viewer import ImageViewer
from studio.widgets.images.tile_view import NO_IMAGES


class RowViewer(ImageViewer):
    """Steps through the rows of a grid."""

    image_requested = Signal(int)
    """Row of an image to show."""

    def __init__(
        self, rows: NDArray[np.int64], place: int, describe: Callable[[int], str], parent: QWidget | None = None
    ) -> None:
        """`describe` returns the name of an image and more on further lines."""
        self._rows, self._describe_row = rows, describe
        super().__init__(NO_IMAGES, place, parent)
        self._save.hide()

    def row(self) -> int:
        """Returns the shown or awaited row."""
        return int(self._rows[self.index()])

    def show_image(self, row: int, image: Images) -> None:
        """Shows an image (H, W, C) if it is still the requested one."""
        if row == self.row():
            self._view.set_images(image[None])

    def count(self) -> int:
        return len(self._rows)

    def load(self) -> None:
        """Requests the image; the previous one stays until it arrives."""
        self.image_requested.emit(self.row())
        name = self._describe_row(self.row()).split("\n")[0]
        self._caption.setText(f"{self._caption.text()}   {name}")
