"""Layout of the tiles of a grid, and the one picture that holds them all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QIcon, QImage, QPainter, QPixmap

from core.events import Images
from core.imaging.grid import grid
from core.imaging.packed import CHECK, CHECKS

GAP = 2
FORMATS = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}
"""By the number of channels."""


@dataclass(frozen=True)
class TileLayout:
    """Where tiles stand, in widget pixels: `columns` tiles of width x height a row, the first one at (left, top)."""

    columns: int
    width: float
    height: float
    left: float
    top: float

    def tile(self, index: int) -> QRectF:
        row, column = divmod(index, self.columns)
        x, y = self.left + column * (self.width + GAP), self.top + row * (self.height + GAP)
        return QRectF(x, y, self.width, self.height)

    def whole(self, count: int) -> QRectF:
        """All the columns, and the rows that `count` tiles need."""
        rows = -(-count // self.columns)
        return QRectF(self.left, self.top, self.columns * (self.width + GAP) - GAP, rows * (self.height + GAP) - GAP)

    def visible(self, area: QRectF, count: int) -> list[int]:
        """Indices of the tiles that reach into `area`."""
        pitch_x, pitch_y = self.width + GAP, self.height + GAP
        first = max(int((area.left() - self.left) // pitch_x), 0)
        last = min(int((area.right() - self.left) // pitch_x), self.columns - 1)
        rows = range(
            max(int((area.top() - self.top) // pitch_y), 0), max(int((area.bottom() - self.top) // pitch_y), -1) + 1
        )
        if len(rows) * self.columns > count + self.columns:
            rows = range(rows.start, -(-count // self.columns))
        return [
            row * self.columns + column
            for row in rows
            for column in range(first, last + 1)
            if row * self.columns + column < count
        ]


def fitted(count: int, size: QSize, area: QRectF, columns: int, zoom: float, center: QPointF) -> TileLayout:
    """`count` tiles of images of `size`, `zoom` times as large as they fit into `area`.

    `columns` 0 takes those that fit best. `center`, as shares of the grid's size, is the point in the area's middle.
    """
    columns = columns or best_columns(count, size.width(), size.height(), area)
    scale = zoom * fitting_scale(count, columns, size.width(), size.height(), area)
    # Whole pixels, so that every tile repeats the same pattern of enlarged pixels.
    width, height = max(int(size.width() * scale), 1), max(int(size.height() * scale), 1)
    grid = TileLayout(columns, width, height, 0, 0).whole(count)
    left, top = area.center().x() - center.x() * grid.width(), area.center().y() - center.y() * grid.height()
    return TileLayout(columns, width, height, round(left), round(top))


def best_columns(count: int, width: int, height: int, area: QRectF) -> int:
    """The number of columns that makes the tiles largest in `area`."""
    return max(range(1, count + 1), key=lambda columns: fitting_scale(count, columns, width, height, area))


def fitting_scale(count: int, columns: int, width: int, height: int, area: QRectF) -> float:
    """How much larger than its pixels each of `count` images is when so many columns fill `area`."""
    rows = -(-count // columns)
    across = (area.width() - GAP * (columns - 1)) / (columns * width)
    down = (area.height() - GAP * (rows - 1)) / (rows * height)
    return max(min(across, down), 1e-3)


def near_square_columns(count: int) -> int:
    """Columns of a grid of `count` images that is as square as it gets, rather wide than high."""
    return max(int(np.ceil(np.sqrt(count))), 1)


def sheet(images: Images, columns: int) -> QImage:
    """The images side by side in one picture, black or clear where the last row is not full. NHWC, 1, 3 or 4
    channels."""
    if not len(images):
        return QImage()
    pixels = np.ascontiguousarray(grid(images, columns))
    height, width, channels = pixels.shape
    # copy(): the picture must not outlive the array whose memory it reads.
    return QImage(pixels.data, width, height, width * channels, FORMATS[channels]).copy()


def thumbnail(image: Images, side: int) -> QIcon:
    """An image HWC as an icon of `side` pixels, at twice the resolution for dense screens."""
    picture = sheet(image[None], 1).scaled(
        2 * side, 2 * side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    return QIcon(QPixmap.fromImage(picture))


class TileSheet:
    """A batch as `sheet`, and what paints single images of it. `columns` 0 are nearly square."""

    def __init__(self, images: Images, columns: int = 0) -> None:
        self._columns = columns or near_square_columns(len(images))
        self._height, self._width = images.shape[1:3]
        self.picture = sheet(images, self._columns)
        """Pixel by pixel."""
        # The formats that are painted fastest. Premultiplied colors are rounded, so they are not for saving.
        form = QImage.Format.Format_ARGB32_Premultiplied if images.shape[3] == 4 else QImage.Format.Format_RGB32
        self._painted = self.picture.convertToFormat(form)
        if images.shape[3] != 4:
            self.picture = self._painted

    def source(self, index: int) -> QRect:
        """Where an image is in the picture."""
        row, column = divmod(index, self._columns)
        return QRect(column * self._width, row * self._height, self._width, self._height)

    def paint(self, painter: QPainter, tile: QRectF, index: int) -> None:
        if self._painted.hasAlphaChannel():
            painter.setBrushOrigin(tile.topLeft())
            painter.fillRect(tile, checkerboard())
        painter.drawImage(tile, self._painted, QRectF(self.source(index)))


@cache
def checkerboard() -> QBrush:
    """What shines through images that are not opaque."""
    squares = np.indices((2, 2)).sum(0) % 2
    picture = QImage(2 * CHECK, 2 * CHECK, QImage.Format.Format_RGB32)
    for y, x in np.ndindex(picture.height(), picture.width()):
        picture.setPixelColor(x, y, QColor(CHECKS[squares[y // CHECK, x // CHECK]]))
    return QBrush(picture)
