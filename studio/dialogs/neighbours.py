"""An image of the generator beside the training images that are nearest to it: memorised ones are seen at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.events import Images
from studio.widgets.image_grid import ImageGrid


class NeighboursDialog(QDialog):
    """Not modal."""

    def __init__(
        self,
        image: Images,
        images: Images,
        distances: Sequence[float],
        flipped: Sequence[bool],
        parent: QWidget | None = None,
    ) -> None:
        """See `studio.laboratory.Nearest`."""
        super().__init__(parent)
        self.setWindowTitle("Nearest training images")
        own, nearest = ImageGrid(), ImageGrid()
        own.setAccessibleName("The generator's image")
        own.set_images(np.ascontiguousarray(image)[None])
        shown = [each[:, ::-1] if mirrored else each for each, mirrored in zip(images, flipped, strict=True)]
        nearest.setAccessibleName("Nearest training images")
        nearest.set_images(np.ascontiguousarray(np.stack(shown)))
        nearest.set_columns(len(shown), [f"{distance:.1f}" for distance in distances])
        words = "How far away each is, as the root mean square of its pixels' differences (0 to 255). "
        verdict = QLabel(f"{words}Where the nearest is the same image, the generator has memorised it.", wordWrap=True)
        verdict.setObjectName("muted")
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addWidget(own, 1)
        row.addWidget(nearest, 4)
        buttons = QHBoxLayout()
        buttons.addWidget(verdict, 1)
        buttons.addWidget(close, 0, Qt.AlignmentFlag.AlignBottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        layout.addLayout(row, 1)
        layout.addLayout(buttons)
        self.resize(1040, 320)
