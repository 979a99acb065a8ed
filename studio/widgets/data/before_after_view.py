"""View of pairs of images, such as originals beside the prepared images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme
from studio.model.data import Image, Pair
from studio.widgets.images.tile_layout import checkerboard, sheet

GAP = 20
ARROW, APART = 36, 4
"""Distance between two images with and without an arrow."""
NAME = 22
LARGEST = 256
"""Largest side of an image, in widget pixels."""


class BeforeAfterView(QWidget):
    """A few pairs of images, as large as they fit, each with its name below."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """`name`: accessible name."""
        super().__init__(parent)
        self._pairs: list[tuple[str, QImage, QImage]] = []
        self._text, self._are_linked = "", True
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)

    def show_pairs(self, pairs: Sequence[Pair], are_linked: bool = True) -> None:
        """Shows other pairs, or the same after another preparation. `are_linked`: the second image of each is made from
        the first, as an arrow shows."""
        self._are_linked = are_linked
        self._pairs = [(pair.name, _image(pair.before), _image(pair.after)) for pair in pairs]
        self.setAccessibleDescription(", ".join(pair.name for pair in pairs))
        self.update()

    def show_text(self, text: str) -> None:
        """Shows why there are no pairs."""
        self._pairs, self._text = [], text
        self.setAccessibleDescription(text)
        self.update()

    def pairs(self) -> list[tuple[str, QImage, QImage]]:
        """Returns name, original and prepared image of each shown pair."""
        return list(self._pairs)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        painter.setPen(QColor(scheme.muted))
        if not self._pairs:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(24, 24, -24, -24), flags, self._text)
            return
        columns, side = self._fitted()
        rows = -(-len(self._pairs) // columns)
        between = self._between()
        width, height = 2 * side + between + GAP, side + NAME + GAP / 2
        left, top = (self.width() - columns * width + GAP) / 2, max((self.height() - rows * height) / 2, 0)
        for index, (name, before, after) in enumerate(self._pairs):
            row, column = divmod(index, columns)
            first = QRectF(left + column * width, top + row * height, side, side)
            second = first.translated(side + between, 0)
            _paint(painter, before, first)
            _paint(painter, after, second)
            if self._are_linked:
                arrow = QRectF(first.right(), first.top(), ARROW, side).toRect()
                theme.paint_glyph(painter, arrow.adjusted(8, 0, -8, 0), "arrow-right", QColor(scheme.muted))
            line = QRectF(first.left(), first.bottom(), 2 * side + between, NAME)
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, int(line.width()))
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, text)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 160)

    def _between(self) -> int:
        """Returns the distance between the images of a pair."""
        return ARROW if self._are_linked else APART

    def _fitted(self) -> tuple[int, float]:
        """Returns the number of columns that makes the images largest, and their side."""

        def side(columns: int) -> float:
            rows = -(-len(self._pairs) // columns)
            across = (self.width() - columns * (self._between() + GAP)) / (2 * columns)
            down = self.height() / rows - NAME - GAP / 2
            return max(min(across, down, LARGEST), 8)

        best = max(range(1, len(self._pairs) + 1), key=side)
        return best, side(best)


def _image(picture: Image) -> QImage:
    return sheet(np.ascontiguousarray(picture)[None], 1)


def _paint(painter: QPainter, image: QImage, square: QRectF) -> None:
    """Paints an image in the middle of its square; enlarged pixels stay crisp."""
    size = image.size().scaled(square.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF(0, 0, size.width(), size.height())
    target.moveCenter(square.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, size.width() < image.width())
    if image.hasAlphaChannel():
        painter.fillRect(target, checkerboard())
    painter.drawImage(target, image)
