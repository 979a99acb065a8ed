"""Where the tiles of a grid stand, and the one picture that holds them all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from core.events import Images

GAP = 2


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


def best_columns(count: int, width: int, height: int, area: QRectF) -> tuple[int, float]:
    """The number of columns that makes the tiles largest in `area`, and their scale."""
    best, best_scale = 1, 0.0
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        across = (area.width() - GAP * (columns - 1)) / (columns * width)
        down = (area.height() - GAP * (rows - 1)) / (rows * height)
        scale = min(across, down)
        if scale > best_scale:
            best, best_scale = columns, scale
    return best, max(best_scale, 1e-3)


def near_square_columns(count: int) -> int:
    """Columns of a grid of `count` images that is as square as it gets, rather wide than high."""
    return max(int(np.ceil(np.sqrt(count))), 1)


def sheet(images: Images, columns: int) -> QImage:
    """The images side by side in one picture, black where the last row is not full. NHWC, 1 or 3 channels."""
    count, height, width, channels = images.shape
    if not count:
        return QImage()
    rows = -(-count // columns)
    pixels = np.zeros((rows * columns, height, width, channels), np.uint8)
    pixels[:count] = images
    pixels = pixels.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    flat = np.ascontiguousarray(pixels).reshape(rows * height, columns * width, channels)
    form = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    # copy(): the picture must not outlive the array whose memory it reads.
    return QImage(flat.data, flat.shape[1], flat.shape[0], flat.shape[1] * channels, form).copy()
