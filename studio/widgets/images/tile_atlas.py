"""Atlas of tiles of one size: a cache of the most recently used ones in a bounded number of bytes, painted in bulk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QColor, QImage, QPainter

from core.imaging.packed import Packed

MOST_BYTES = 2**26
"""Bytes of cached tiles: several screens, at double resolution too."""
FRAME = 3
"""Width of the frame of a selected tile, in screen pixels."""

Rows = NDArray[np.int64]
Marks = NDArray[np.bool_]
_NOTHING, _MISSING, _FIRST = range(3)
"""Slots for a place without an image, for a missing image, and of the first tile."""


class TileAtlas:
    """Tiles of `count` rows, each of `size` with a gap at its right and lower side. All sizes in screen pixels.

    Paints whole lines at once, so that many small tiles take as long as a few large ones.
    """

    def __init__(
        self, count: int, size: QSize, gap: int, ground: QColor, blank: QColor, most: int = MOST_BYTES
    ) -> None:
        """`ground`: color of the gaps; `blank`: color of missing images. Uses `most` bytes."""
        self.size, self.gap, self.ground = size, gap, ground
        height, width = size.height() + gap, size.width() + gap
        self.capacity = max(min(most // (4 * height * width), count), 1)
        """Capacity in tiles."""
        self._tiles: Packed = np.empty((self.capacity + _FIRST, height, width), np.uint32)
        self._tiles[:_FIRST] = ground.rgb()
        self._tiles[_MISSING, : size.height(), : size.width()] = blank.rgb()
        self._slots = np.full(count, _MISSING, np.int64)
        self._rows = np.full(self.capacity + _FIRST, -1, np.int64)
        self._used = np.zeros(self.capacity + _FIRST, np.int64)
        self._used[:_FIRST] = np.iinfo(np.int64).max
        self._exact = np.zeros(count, np.bool_)
        self._clock = 0
        self._line: Packed = np.empty((0, height, width), np.uint32)
        self._sheet: Packed = np.empty((0, height, 0, width), np.uint32)

    @property
    def nbytes(self) -> int:
        """Returns the bytes of all slots."""
        return self._tiles.nbytes

    def has(self, rows: Rows) -> Marks:
        """Returns which rows have a tile, placeholders included."""
        return self._slots[rows] >= _FIRST

    def missing(self, rows: Rows) -> Rows:
        """Returns the rows without a tile or with a placeholder."""
        return rows[~self._exact[rows]]

    def put(self, rows: Rows, tiles: Packed) -> None:
        """Stores tiles (n, H, W) of some rows, replacing the least recently used."""
        self._put(rows[: self.capacity], tiles[: self.capacity], exact=True)

    def take_over(self, other: TileAtlas, rows: Rows) -> None:
        """Takes over tiles of another size as placeholders."""
        rows = rows[other.has(rows)][: self.capacity]
        tiles = other._tiles[other._slots[rows], : other.size.height(), : other.size.width()]
        height, width = self.size.height(), self.size.width()
        down = np.arange(height) * tiles.shape[1] // height
        across = np.arange(width) * tiles.shape[2] // width
        self._put(rows, tiles.take(down, axis=1).take(across, axis=2), exact=False)

    def _put(self, rows: Rows, tiles: Packed, exact: bool) -> None:
        slots = self._slots[rows]
        self._clock += 1
        self._used[slots[slots >= _FIRST]] = self._clock  # protected from reuse now
        new = slots < _FIRST
        slots[new] = self._freed(int(new.sum()))
        self._tiles[slots[new], :, self.size.width() :] = self.ground.rgb()
        self._tiles[slots[new], self.size.height() :] = self.ground.rgb()
        self._slots[rows], self._rows[slots], self._exact[rows] = slots, rows, exact
        self._used[slots] = self._clock
        self._tiles[slots, : self.size.height(), : self.size.width()] = tiles

    def _freed(self, count: int) -> Rows:
        """Returns slots of the least recently used tiles."""
        if not count:
            return np.zeros(0, np.int64)
        found: Rows = np.argpartition(self._used, count - 1)[:count]
        gone = self._rows[found]
        gone = gone[gone >= 0]
        self._slots[gone], self._exact[gone] = _MISSING, False
        return found

    def paint(
        self, painter: QPainter, corner: QPointF, rows: Rows, columns: int, dimmed: Marks, framed: Marks, frame: QColor
    ) -> None:
        """Paints tiles of some rows (n,) in `columns` columns from a corner on: `dimmed` (n,) ones faded, `framed` (n,)
        ones in a frame of that color.
        """
        lines = -(-len(rows) // columns)
        if self._sheet.shape[0] < lines or self._sheet.shape[2] != columns:
            _, height, width = self._tiles.shape
            self._line = np.empty((columns, height, width), np.uint32)
            self._sheet = np.empty((lines, height, columns, width), np.uint32)
        slots = np.full((lines, columns), _NOTHING, np.int64)
        slots.ravel()[: len(rows)] = self._slots[rows]
        self._clock += 1
        self._used[slots[slots >= _FIRST]] = self._clock
        for at, of_line in enumerate(slots):
            here = slice(at * columns, (at + 1) * columns)
            np.take(self._tiles, of_line, axis=0, out=self._line, mode="clip")
            self._mark(np.flatnonzero(dimmed[here]), np.flatnonzero(framed[here]), frame)
            self._sheet[at] = self._line.swapaxes(0, 1)
        _, height, width = self._tiles.shape
        form = QImage.Format.Format_RGB32
        picture = QImage(self._sheet.data, columns * width, lines * height, 4 * columns * width, form)
        picture.setDevicePixelRatio(painter.device().devicePixelRatioF())
        painter.drawImage(corner, picture)

    def _mark(self, dimmed: Rows, framed: Rows, color: QColor) -> None:
        """Marks tiles of the line in progress."""
        if len(dimmed):
            # A quarter of the pixels, and three quarters of the ground.
            under = np.uint32((self.ground.rgb() >> 1 & 0x7F7F7F) + (self.ground.rgb() >> 2 & 0x3F3F3F))
            self._line[dimmed] = 0xFF000000 | (self._line[dimmed] >> 2 & 0x3F3F3F) + under
        if len(framed):
            height, width = self.size.height(), self.size.width()
            for side in (slice(0, FRAME), slice(-FRAME - self.gap, -self.gap or None)):
                self._line[framed, side, :width] = color.rgb()
                self._line[framed, :height, side] = color.rgb()
