"""Atlas of tiles of one size: those that were used last, in a bounded number of bytes, and painted many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QColor, QImage, QPainter

from core.imaging.packed import Packed

MOST_BYTES = 2**26
"""Bytes of tiles that are kept: some screens full, at twice the resolution too."""
FRAME = 3
"""Width of the frame of a selected tile, in pixels of the screen."""

Rows = NDArray[np.int64]
Marks = NDArray[np.bool_]
_NOTHING, _MISSING, _FIRST = range(3)
"""Slots: of a place without an image, of an image that is not there yet, and of the first tile."""


class TileAtlas:
    """Tiles of `count` rows, each of `size` with a gap at its right and lower side. All sizes in pixels of the screen.

    Nothing is done tile by tile when it paints, so that many small tiles take as long as a few large ones.
    """

    def __init__(
        self, count: int, size: QSize, gap: int, ground: QColor, blank: QColor, most: int = MOST_BYTES
    ) -> None:
        """`ground`: the color of the gaps; `blank`: that of missing images. It takes `most` bytes."""
        self.size, self.gap, self.ground = size, gap, ground
        height, width = size.height() + gap, size.width() + gap
        self.capacity = max(min(most // (4 * height * width), count), 1)
        """Number of tiles."""
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
        """Bytes of all tiles that there is room for."""
        return self._tiles.nbytes

    def has(self, rows: Rows) -> Marks:
        """Returns for which rows there is a tile, also one that only stands in."""
        return self._slots[rows] >= _FIRST

    def missing(self, rows: Rows) -> Rows:
        """The rows of which there is no tile, or one that only stands in."""
        return rows[~self._exact[rows]]

    def put(self, rows: Rows, tiles: Packed) -> None:
        """Keeps tiles (n, H, W) of some rows. Those that were not used for longest go."""
        self._put(rows[: self.capacity], tiles[: self.capacity], exact=True)

    def take_over(self, other: TileAtlas, rows: Rows) -> None:
        """Takes tiles of another size, which stand in until better ones come."""
        rows = rows[other.has(rows)][: self.capacity]
        tiles = other._tiles[other._slots[rows], : other.size.height(), : other.size.width()]
        height, width = self.size.height(), self.size.width()
        down = np.arange(height) * tiles.shape[1] // height
        across = np.arange(width) * tiles.shape[2] // width
        self._put(rows, tiles.take(down, axis=1).take(across, axis=2), exact=False)

    def _put(self, rows: Rows, tiles: Packed, exact: bool) -> None:
        slots = self._slots[rows]
        self._clock += 1
        self._used[slots[slots >= _FIRST]] = self._clock  # not to be given to others now
        new = slots < _FIRST
        slots[new] = self._freed(int(new.sum()))
        self._tiles[slots[new], :, self.size.width() :] = self.ground.rgb()
        self._tiles[slots[new], self.size.height() :] = self.ground.rgb()
        self._slots[rows], self._rows[slots], self._exact[rows] = slots, rows, exact
        self._used[slots] = self._clock
        self._tiles[slots, : self.size.height(), : self.size.width()] = tiles

    def _freed(self, count: int) -> Rows:
        """Slots that were not used for longest."""
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
        """Paints tiles of some rows (n,) in so many columns, from a corner on: `dimmed` (n,) ones faded, `framed` (n,)
        ones in a frame of that color."""
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
        """Marks tiles of the line that is being made."""
        if len(dimmed):
            # A quarter of the pixels, and three of the ground.
            under = np.uint32((self.ground.rgb() >> 1 & 0x7F7F7F) + (self.ground.rgb() >> 2 & 0x3F3F3F))
            self._line[dimmed] = 0xFF000000 | (self._line[dimmed] >> 2 & 0x3F3F3F) + under
        if len(framed):
            height, width = self.size.height(), self.size.width()
            for side in (slice(0, FRAME), slice(-FRAME - self.gap, -self.gap or None)):
                self._line[framed, side, :width] = color.rgb()
                self._line[framed, :height, side] = color.rgb()
