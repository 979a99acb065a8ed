"""Grid of any number of images that requests, keeps and paints the visible ones only."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QMenu, QToolTip, QWidget

from core.language import _, in_context, listed, number, plural
from studio import theme
from studio.model.data import ImageIndex, TileRequest, Tiles
from studio.widgets.basic.labels import plain_tip
from studio.widgets.images.tile_atlas import TileAtlas
from studio.widgets.images.tile_layout import GAP

SMALLEST, USUAL, LARGEST = 32, 96, 256
"""Longer side of a tile, in widget pixels."""
STEP = 8
"""Step between two sizes."""
BADGED = 48
"""Smallest side with room for a badge."""

Rows = NDArray[np.int64]


class VirtualGrid(QAbstractScrollArea):
    """Scrollable grid: wheel, keys and scroll bar move; Ctrl + wheel, + and - change the size; click, Shift and Ctrl
    select.

    Images are identified by their rows in the dataset, and placed in any order.
    """

    tiles_requested = Signal(object)
    """A `TileRequest` that replaces the previous one."""
    activated = Signal(int)
    """Row of a double-clicked image, or of the current one on Enter."""
    hovered = Signal(int)
    """Row under the pointer; -1 for none."""
    selection_changed = Signal()
    side_changed = Signal(int)
    leave_out_requested = Signal(object, bool)
    """Selected rows (n,), and whether to leave them out or restore them."""
    copy_requested = Signal(int)

    def __init__(self, describe: Callable[[int], str], parent: QWidget | None = None) -> None:
        """`describe` returns the facts about the image of a row: its name, and more on further lines."""
        super().__init__(parent)
        self._describe_row = describe
        self._records: object = None
        self._size = QSize(1, 1)
        self._rows: Rows = np.zeros(0, np.int64)
        self._left_out: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._selected: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._current = self._anchor = 0
        """Positions in the grid."""
        self._hovered = -1
        self._side = USUAL
        self._is_downward = True
        self._empty_text = _("Images appear here.")
        self._tiles: TileAtlas | None = None
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self._ask)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # or the columns would jump
        self.setAccessibleName(_("Images of the dataset"))
        self.viewport().setMouseTracking(True)

    # --- content ---

    def set_index(self, index: ImageIndex) -> None:
        """Shows a dataset; keeps selection and tiles for the same one."""
        self._size = QSize(*index.size)
        if index.records is not self._records:
            self._records = index.records
            self._tiles = None
            self._selected = np.zeros(len(index), np.bool_)
            self._rows = np.zeros(0, np.int64)
            self._current = self._anchor = 0
        self.set_left_out(index.left_out)

    def set_left_out(self, rows: Iterable[int]) -> None:
        """Sets which images are dimmed."""
        self._left_out = np.zeros(len(self._selected), np.bool_)
        self._left_out[np.fromiter(rows, np.int64)] = True
        self.viewport().update()

    def set_rows(self, rows: Rows) -> None:
        """Shows these rows in this order; keeps the image in the middle visible if possible."""
        if np.array_equal(rows, self._rows):
            return
        current = int(self._rows[self._current]) if len(self._rows) else -1
        self._rows = rows
        found = np.flatnonzero(rows == current)
        self._current = self._anchor = int(found[0]) if len(found) else 0
        shown = np.zeros(len(self._selected), np.bool_)
        shown[rows] = True
        self._set_selected(self._selected & shown)
        self._lay_out()
        self._reveal(self._current)

    def set_empty_text(self, text: str) -> None:
        """Sets the text shown while there are no images."""
        self._empty_text = text
        self.viewport().update()

    def set_side(self, side: int) -> None:
        """Sets the longer side of the tiles, in widget pixels; keeps the first visible image in place."""
        side = min(max(side, SMALLEST), LARGEST)
        if side == self._side:
            return
        first = self._places_in_sight().start
        self._side = side
        self._lay_out()
        self.verticalScrollBar().setValue(round(first // self.columns() * self._line_height()))
        self.side_changed.emit(side)

    def add_tiles(self, tiles: Tiles) -> None:
        """Stores requested tiles; ignores those of another dataset or size."""
        size = self._atlas().size
        if tiles.records is not self._records or tiles.size != (size.width(), size.height()):
            return
        places = self._places_in_sight()
        rows = np.array(tiles.rows, np.int64)
        self._atlas().put(rows, tiles.pixels)
        new = np.flatnonzero(np.isin(self._rows[places.start : places.stop], rows))
        for line in np.unique(new // self.columns()).tolist():
            first = self.tile_rect(places.start + line * self.columns())
            self.viewport().update(QRect(0, first.top(), self.viewport().width(), first.height()))

    # --- selection ---

    def rows(self) -> Rows:
        """Returns the shown rows, in order."""
        return self._rows

    def side(self) -> int:
        return self._side

    def current_row(self) -> int:
        """Returns the row that the keyboard acts on; -1 if nothing is shown."""
        return int(self._rows[self._current]) if len(self._rows) else -1

    def selected_rows(self) -> Rows:
        """Returns the selected rows, ascending."""
        return np.flatnonzero(self._selected)

    def select_all(self) -> None:
        chosen = np.zeros(len(self._selected), np.bool_)
        chosen[self._rows] = True
        self._set_selected(chosen)

    def step_to(self, place: int) -> None:
        """Makes the image at a place the current one, within the grid, and scrolls to it."""
        if len(self._rows):
            self._anchor = min(max(place, 0), len(self._rows) - 1)
            self._go(self._anchor)
            self._select_between(self._anchor, self._anchor)

    def place_of(self, row: int) -> int:
        """Returns the place of a row; -1 if it is not shown."""
        found = np.flatnonzero(self._rows == row)
        return int(found[0]) if len(found) else -1

    # --- geometry ---

    def columns(self) -> int:
        """Returns the number of columns."""
        return max((self._on_screen(self.viewport().width()) - self._gap()) // self._pitch().width(), 1)

    def tile_rect(self, place: int) -> QRect:
        """Returns the rectangle of a tile in the viewport, in widget pixels."""
        line, column = divmod(place, self.columns())
        pitch, gap, ratio = self._pitch(), self._gap(), self.devicePixelRatioF()
        left, top = gap + column * pitch.width(), gap + line * pitch.height()
        width, height = pitch.width() - gap, pitch.height() - gap
        corner = QPoint(round(left / ratio), round(top / ratio) - self.verticalScrollBar().value())
        return QRect(corner, QSize(round(width / ratio), round(height / ratio)))

    def row_at(self, point: QPoint) -> int:
        """Returns the row of the image under a point of the viewport; -1 for none."""
        place = self._place_at(point)
        return -1 if place < 0 else int(self._rows[place])

    def _place_at(self, point: QPoint) -> int:
        pitch = self._pitch()
        column = self._on_screen(point.x()) // pitch.width()
        line = self._on_screen(point.y() + self.verticalScrollBar().value()) // pitch.height()
        place = line * self.columns() + column
        is_there = 0 <= column < self.columns() and 0 <= place < len(self._rows)
        return place if is_there and self.tile_rect(place).contains(point) else -1

    def _on_screen(self, length: int) -> int:
        """Converts widget pixels to whole screen pixels."""
        return round(length * self.devicePixelRatioF())

    def _gap(self) -> int:
        return self._on_screen(GAP)

    def _pitch(self) -> QSize:
        """Returns the distance between tiles, in screen pixels."""
        longer, side = max(self._size.width(), self._size.height()), self._on_screen(self._side)
        width, height = (max(round(each * side / longer), 1) for each in (self._size.width(), self._size.height()))
        return QSize(width + self._gap(), height + self._gap())

    def _line_height(self) -> float:
        """Returns the line height in widget pixels."""
        return self._pitch().height() / self.devicePixelRatioF()

    def _places_in_sight(self, area: QRect | None = None) -> range:
        """Returns the places of the lines that intersect an area of the viewport, all of it by default."""
        area = area or self.viewport().rect()
        height, above = self._line_height(), self.verticalScrollBar().value()
        first, last = max(int((area.top() + above) // height), 0), int((area.bottom() + above) // height)
        columns = self.columns()
        return range(min(first * columns, len(self._rows)), min((last + 1) * columns, len(self._rows)))

    def _lay_out(self) -> None:
        bar, height = self.verticalScrollBar(), self._line_height()
        lines = -(-len(self._rows) // self.columns())
        bar.setRange(0, max(round(lines * height) + GAP - self.viewport().height(), 0))
        bar.setPageStep(max(self.viewport().height() - round(height), round(height)))
        bar.setSingleStep(max(round(height / 2), 24))
        self.viewport().update()
        self._asking.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._is_downward = dy < 0
        if self.devicePixelRatioF().is_integer():
            self.viewport().scroll(0, dy)  # only what becomes visible is painted
        else:
            self.viewport().update()
        self._asking.start()

    def _reveal(self, place: int) -> None:
        """Scrolls as little as needed to show a place."""
        if not len(self._rows):
            return
        tile, bar = self.tile_rect(place).adjusted(0, -GAP, 0, GAP), self.verticalScrollBar()
        if tile.top() < 0:
            bar.setValue(bar.value() + tile.top())
        elif tile.bottom() > self.viewport().height():
            bar.setValue(bar.value() + tile.bottom() - self.viewport().height())

    def _ask(self) -> None:
        """Requests missing tiles in sight, then one screen ahead in the scroll direction."""
        atlas, seen = self._atlas(), self._places_in_sight()
        if self._is_downward:
            ahead = range(seen.stop, min(seen.stop + len(seen), len(self._rows)))
        else:
            ahead = range(seen.start - 1, max(seen.start - len(seen), 0) - 1, -1)
        # At most half of the cache, so that reading ahead does not evict what is visible.
        places = np.array([*seen, *ahead][: max(atlas.capacity // 2, len(seen))], np.int64)
        missing = atlas.missing(self._rows[places]).tolist()
        self.tiles_requested.emit(TileRequest(tuple(missing), (atlas.size.width(), atlas.size.height())))

    # --- painting ---

    def _atlas(self) -> TileAtlas:
        """Returns the atlas of the current size; tiles of the previous size serve as placeholders."""
        size = self._pitch() - QSize(self._gap(), self._gap())
        before = self._tiles
        if before is None or before.size != size or before.gap != self._gap():
            scheme = theme.current()
            colors = QColor(scheme.window), QColor(scheme.sunken)
            self._tiles = TileAtlas(len(self._selected), size, self._gap(), *colors)
            if before is not None:
                seen = self._places_in_sight()
                self._tiles.take_over(before, self._rows[seen.start : seen.stop])
        assert self._tiles is not None
        return self._tiles

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:  # the gaps have the scheme's color
            self._tiles = None
            self._asking.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self.viewport()), theme.current()
        painter.fillRect(event.rect(), QColor(scheme.window))
        if not len(self._rows):
            painter.setPen(QColor(scheme.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(16, 16, -16, -16), flags, self._empty_text)
            return
        places = self._places_in_sight(event.rect())
        rows = self._rows[places.start : places.stop]
        if not len(rows):
            return
        left_out, ratio = self._left_out[rows], self.devicePixelRatioF()
        top = self._gap() + places.start // self.columns() * self._pitch().height()
        corner = QPointF(self._gap() / ratio, top / ratio - self.verticalScrollBar().value())
        selected, accent = self._selected[rows], QColor(scheme.accent)
        self._atlas().paint(painter, corner, rows, self.columns(), left_out, selected, accent)
        if self._side >= BADGED:
            self._paint_badges(painter, [places.start + int(at) for at in np.flatnonzero(left_out)])
        if self.hasFocus() and self._current in places:
            # Light on dark on light: visible on any image.
            for color, width in (("#000000", 3), ("#ffffff", 1)):
                painter.setPen(QPen(QColor(color), width))
                painter.drawRect(self.tile_rect(self._current).adjusted(1, 1, -2, -2))

    def _paint_badges(self, painter: QPainter, places: list[int]) -> None:
        """Paints crosses on left-out images."""
        badge = theme.icon("x-circle", "error").pixmap(QSize(16, 16), self.devicePixelRatioF())
        for place in places:
            painter.drawPixmap(self.tile_rect(place).topRight() + QPoint(-19, 4), badge)

    # --- mouse ---

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_side(self._side + (STEP if event.angleDelta().y() > 0 else -STEP))
            event.accept()
        else:
            super().wheelEvent(event)
            self._hover(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if place < 0:
            if not event.modifiers():
                self._set_selected(np.zeros_like(self._selected))
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._select_between(self._anchor, place)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._toggle(place)
            self._anchor = place
        else:
            self._anchor = place
            self._select_between(place, place)
        self._go(place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(QPointF(-1, -1))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        row = self.row_at(event.position().toPoint())
        if row >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.activated.emit(row)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = self._place_at(event.pos())
        if place >= 0 and not self._selected[self._rows[place]]:
            self.step_to(place)
        if self.current_row() >= 0:
            menu = self._menu()
            menu.exec(event.globalPos())
            menu.deleteLater()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self._place_at(event.pos())
            if place >= 0:
                text, tile = self._describe_row(int(self._rows[place])), self.tile_rect(place)
                QToolTip.showText(event.globalPos(), plain_tip(text), self.viewport(), tile)
            else:
                QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def _hover(self, point: QPointF) -> None:
        row = self.row_at(point.toPoint())
        if row != self._hovered:
            self._hovered = row
            self.hovered.emit(row)

    def _menu(self) -> QMenu:
        menu, row = QMenu(self), self.current_row()
        menu.addAction(in_context("view", "Enlarge"), lambda: self.activated.emit(row))
        menu.addAction(_("Copy image"), lambda: self.copy_requested.emit(row))
        menu.addSeparator()
        chosen = self._chosen()
        out = self._left_out[chosen]
        if not out.all():
            menu.addAction(_("Leave out"), lambda: self.leave_out_requested.emit(chosen, True))
        if out.any():
            menu.addAction(_("Restore"), lambda: self.leave_out_requested.emit(chosen, False))
        menu.addAction(_("Select all"), self.select_all)
        return menu

    # --- keyboard ---

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not len(self._rows) or not self._key(event):
            event.ignore()

    def _key(self, event: QKeyEvent) -> bool:
        columns = self.columns()
        page = max(int(self.viewport().height() // self._line_height()), 1) * columns
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -len(self._rows),
            Qt.Key.Key_End: len(self._rows),
        }
        key, has_control = Qt.Key(event.key()), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key in steps:
            self._step(steps[key], event.modifiers())
            return True
        match key:
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.activated.emit(self.current_row())
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.set_side(self._side + STEP)
            case Qt.Key.Key_Minus:
                self.set_side(self._side - STEP)
            case Qt.Key.Key_Space:
                self._toggle(self._current)
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                self.leave_out_requested.emit(self._chosen(), True)
            case Qt.Key.Key_A if has_control:
                self.select_all()
            case Qt.Key.Key_Escape if self._selected.any():
                self._set_selected(np.zeros_like(self._selected))
            case _:
                return False
        return True

    def _step(self, steps: int, modifiers: Qt.KeyboardModifier) -> None:
        place = min(max(self._current + steps, 0), len(self._rows) - 1)
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._select_between(self._anchor, place)
        else:
            self._anchor = place
            self._select_between(place, place)
        self._go(place)

    def _go(self, place: int) -> None:
        self._current = place
        self._reveal(place)
        self._tell()
        self.viewport().update()

    def _chosen(self) -> Rows:
        """Returns the selected rows, or else the current one."""
        selected = self.selected_rows()
        return selected if len(selected) else self._rows[self._current : self._current + 1]

    def _toggle(self, place: int) -> None:
        chosen = self._selected.copy()
        chosen[self._rows[place]] ^= True
        self._set_selected(chosen)

    def _select_between(self, one: int, other: int) -> None:
        chosen = np.zeros_like(self._selected)
        chosen[self._rows[min(one, other) : max(one, other) + 1]] = True
        self._set_selected(chosen)

    def _set_selected(self, selected: NDArray[np.bool_]) -> None:
        if not np.array_equal(selected, self._selected):
            self._selected = selected
            self.selection_changed.emit()
            self._tell()
            self.viewport().update()

    def _tell(self) -> None:
        """Announces the current image to a screen reader."""
        if (row := self.current_row()) >= 0:
            count = int(self._selected.sum())
            place, whole = number(self._current + 1), number(len(self._rows))
            words = [_("Image {number} of {count}").format(number=place, count=whole)]
            words.extend(self._describe_row(row).split("\n"))
            if count > 1:
                words.append(plural("{count} selected", "{count} selected", count))
            self.setAccessibleDescription(listed(words))

    def sizeHint(self) -> QSize:
        return QSize(480, 420)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)
