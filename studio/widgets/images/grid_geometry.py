"""Geometry of a scrolled grid of equal tiles: columns, places in sight, and the rectangle of each place."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize

from studio.widgets.images.tile_layout import GAP


@dataclass(frozen=True)
class GridGeometry:
    """Places of `count` images of `size`, line by line; tiles start at whole screen pixels.

    `side`: longer side of a tile, in widget pixels. `ratio`: screen pixels per widget pixel. `viewport`: size of the
    visible part in widget pixels, which starts `above` pixels below the top.
    """

    count: int
    size: QSize
    side: int
    ratio: float
    viewport: QSize
    above: int

    @property
    def gap(self) -> int:
        """Returns the gap between tiles, in screen pixels."""
        return self.on_screen(GAP)

    @property
    def tile(self) -> QSize:
        """Returns the size of a tile, in screen pixels."""
        longer, side = max(self.size.width(), self.size.height()), self.on_screen(self.side)
        return QSize(*(max(round(each * side / longer), 1) for each in (self.size.width(), self.size.height())))

    @property
    def pitch(self) -> QSize:
        """Returns the distance between tiles, in screen pixels."""
        return self.tile + QSize(self.gap, self.gap)

    @property
    def columns(self) -> int:
        return max((self.on_screen(self.viewport.width()) - self.gap) // self.pitch.width(), 1)

    @property
    def line_height(self) -> float:
        """Returns the line height in widget pixels."""
        return self.pitch.height() / self.ratio

    @property
    def height(self) -> int:
        """Returns the height of all lines in widget pixels."""
        return round(-(-self.count // self.columns) * self.line_height) + GAP

    def on_screen(self, length: int) -> int:
        """Converts widget pixels to whole screen pixels."""
        return round(length * self.ratio)

    def tile_rect(self, place: int) -> QRect:
        """Returns the rectangle of a tile in the viewport, in widget pixels."""
        line, column = divmod(place, self.columns)
        pitch, tile = self.pitch, self.tile
        left, top = self.gap + column * pitch.width(), self.gap + line * pitch.height()
        corner = QPoint(round(left / self.ratio), round(top / self.ratio) - self.above)
        return QRect(corner, QSize(round(tile.width() / self.ratio), round(tile.height() / self.ratio)))

    def place_at(self, point: QPoint) -> int:
        """Returns the place under a point of the viewport; -1 for none."""
        pitch, columns = self.pitch, self.columns
        column = self.on_screen(point.x()) // pitch.width()
        place = self.on_screen(point.y() + self.above) // pitch.height() * columns + column
        is_there = 0 <= column < columns and 0 <= place < self.count
        return place if is_there and self.tile_rect(place).contains(point) else -1

    def places_in_sight(self, area: QRect | None = None) -> range:
        """Returns the places of the lines that intersect an area of the viewport, all of it by default."""
        area = area or QRect(QPoint(0, 0), self.viewport)
        height, columns = self.line_height, self.columns
        first, last = max(int((area.top() + self.above) // height), 0), int((area.bottom() + self.above) // height)
        return range(min(first * columns, self.count), min((last + 1) * columns, self.count))
