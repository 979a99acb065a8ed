"""Layout of the tiles of a grid, and the image that holds them all."""

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
ROW_GAP = 14
"""Gap between rows that stand side by side."""
BESIDE = 1.2
"""Least gain in size for which named rows stand side by side instead of one below the other."""
FORMATS = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}
"""Pixel formats by number of channels."""


@dataclass(frozen=True)
class TileLayout:
    """Positions of tiles in widget pixels: `columns` tiles of width x height per line, the first at (left, top).

    `row`: tiles after which there is a wider gap, as a line holds several rows; 0 for none.
    """

    columns: int
    width: float
    height: float
    left: float
    top: float
    row: int = 0

    def tile(self, index: int) -> QRectF:
        line, column = divmod(index, self.columns)
        return QRectF(self._x(column), self.top + line * (self.height + GAP), self.width, self.height)

    def whole(self, count: int) -> QRectF:
        """Returns the rectangle of all columns and the lines that `count` tiles need."""
        lines = -(-count // self.columns)
        right = self._x(self.columns - 1) + self.width
        return QRectF(self.left, self.top, right - self.left, lines * (self.height + GAP) - GAP)

    def _x(self, column: int) -> float:
        return self.left + column * (self.width + GAP) + (column // self.row * ROW_GAP if self.row else 0)

    def visible(self, area: QRectF, count: int) -> list[int]:
        """Returns the indices of the tiles that intersect `area`."""
        pitch_y = self.height + GAP
        across = [
            column
            for column in range(self.columns)
            if self._x(column) <= area.right() and self._x(column) + self.width + GAP > area.left()
        ]
        rows = range(
            max(int((area.top() - self.top) // pitch_y), 0), max(int((area.bottom() - self.top) // pitch_y), -1) + 1
        )
        if len(rows) * self.columns > count + self.columns:
            rows = range(rows.start, -(-count // self.columns))
        return [row * self.columns + column for row in rows for column in across if row * self.columns + column < count]


def fitted(
    count: int, size: QSize, area: QRectF, columns: int, zoom: float, center: QPointF, row: int = 0
) -> TileLayout:
    """Returns the layout of `count` tiles of images of `size`, at `zoom` times the size that fits into `area`.

    `columns` 0 chooses the best number; a multiple of `row`, if rows of that many tiles must not be broken. `center`,
    in fractions of the grid's size, is the point in the middle of the area.
    """
    if row:
        columns = best_rows(count, row, size.width(), size.height(), area) * row
    columns = columns or best_columns(count, size.width(), size.height(), area)
    scale = zoom * fitting_scale(count, columns, size.width(), size.height(), area, row)
    # Whole pixels, so that every tile shows the same pattern of enlarged pixels.
    width, height = max(int(size.width() * scale), 1), max(int(size.height() * scale), 1)
    grid = TileLayout(columns, width, height, 0, 0, row).whole(count)
    left, top = area.center().x() - center.x() * grid.width(), area.center().y() - center.y() * grid.height()
    return TileLayout(columns, width, height, round(left), round(top), row)


def best_columns(count: int, width: int, height: int, area: QRectF) -> int:
    """Returns the number of columns that makes the tiles largest in `area`."""
    return max(range(1, count + 1), key=lambda columns: fitting_scale(count, columns, width, height, area))


def best_rows(count: int, row: int, width: int, height: int, area: QRectF) -> int:
    """Returns how many rows of `row` tiles a line should hold: one, unless more make the tiles much larger."""

    def scale(rows: int) -> float:
        return fitting_scale(count, rows * row, width, height, area, row)

    best = max(range(1, -(-count // row) + 1), key=scale)
    return best if scale(best) >= BESIDE * scale(1) else 1


def fitting_scale(count: int, columns: int, width: int, height: int, area: QRectF, row: int = 0) -> float:
    """Returns the scale at which `count` images in `columns` columns fill `area`, with wider gaps between rows of
    `row` images."""
    rows = -(-count // columns)
    wider = ROW_GAP * (columns // row - 1) if row else 0
    across = (area.width() - GAP * (columns - 1) - wider) / (columns * width)
    down = (area.height() - GAP * (rows - 1)) / (rows * height)
    return max(min(across, down), 1e-3)


def near_square_columns(count: int) -> int:
    """Returns the number of columns of the most square grid of `count` images, preferably wider than high."""
    return max(int(np.ceil(np.sqrt(count))), 1)


def sheet(images: Images, columns: int) -> QImage:
    """Returns images (N, H, W, C), 1, 3 or 4 channels, side by side in one image; empty places are black or clear."""
    if not len(images):
        return QImage()
    pixels = np.ascontiguousarray(grid(images, columns))
    height, width, channels = pixels.shape
    # copy(): the QImage must not outlive the array whose memory it reads.
    return QImage(pixels.data, width, height, width * channels, FORMATS[channels]).copy()


def thumbnail(image: Images, side: int) -> QIcon:
    """Returns an image (H, W, C) as an icon of `side` pixels, at double resolution for dense screens."""
    picture = sheet(image[None], 1).scaled(
        2 * side, 2 * side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    icon, pixels = QIcon(), QPixmap.fromImage(picture)
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # or Qt would tint the selected picture
        icon.addPixmap(pixels, mode)
    return icon


class TileSheet:
    """A batch as `sheet`, and painting of its single images. `columns` 0: nearly square."""

    def __init__(self, images: Images, columns: int = 0) -> None:
        self._columns = columns or near_square_columns(len(images))
        self._height, self._width = images.shape[1:3]
        self.picture = sheet(images, self._columns)
        """The sheet at its own resolution."""
        # The formats that paint fastest. Premultiplied colors are rounded, so not for saving.
        form = QImage.Format.Format_ARGB32_Premultiplied if images.shape[3] == 4 else QImage.Format.Format_RGB32
        self._painted = self.picture.convertToFormat(form)
        if images.shape[3] != 4:
            self.picture = self._painted

    def source(self, index: int) -> QRect:
        """Returns the rectangle of an image in the sheet."""
        row, column = divmod(index, self._columns)
        return QRect(column * self._width, row * self._height, self._width, self._height)

    def paint(self, painter: QPainter, tile: QRectF, index: int) -> None:
        if self._painted.hasAlphaChannel():
            painter.setBrushOrigin(tile.topLeft())
            painter.fillRect(tile, checkerboard())
        painter.drawImage(tile, self._painted, QRectF(self.source(index)))


@cache
def checkerboard() -> QBrush:
    """Returns the background that shows through transparent images."""
    squares = np.indices((2, 2)).sum(0) % 2
    picture = QImage(2 * CHECK, 2 * CHECK, QImage.Format.Format_RGB32)
    for y, x in np.ndindex(picture.height(), picture.width()):
        picture.setPixelColor(x, y, QColor(CHECKS[squares[y // CHECK, x // CHECK]]))
    return QBrush(picture)
