"""Grid of any number of images that requests, keeps and paints the visible ones only."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
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
from studio.widgets.images.grid_geometry import GridGeometry
from studio.widgets.images.grid_selection import GridSelection, Mask, Rows
from studio.widgets.images.tile_atlas import TileAtlas
from studio.widgets.images.tile_layout import GAP

SMALLEST, USUAL, LARGEST = 32, 96, 256
"""Longer side of a tile, in widget pixels."""
STEP = 8
"""Step between two sizes."""
BADGED = 48
"""Smallest side with room for a badge."""


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
        self._left_out: Mask = np.zeros(0, np.bool_)
        self._selection = GridSelection()
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
            self._selection = GridSelection(len(index))
        self.set_left_out(index.left_out)

    def set_left_out(self, rows: Iterable[int]) -> None:
        """Sets which images are dimmed."""
        self._left_out = self._selection.nothing()
        self._left_out[np.fromiter(rows, np.int64)] = True
        self.viewport().update()

    def set_rows(self, rows: Rows) -> None:
        """Shows these rows in this order; keeps the image in the middle visible if possible."""
        if np.array_equal(rows, self._selection.rows):
            return
        self._selection.set_rows(rows)
        self._set_selected(self._selection.selected & self._selection.shown())
        self._lay_out()
        self._reveal(self._selection.current)

    def set_empty_text(self, text: str) -> None:
        """Sets the text shown while there are no images."""
        self._empty_text = text
        self.viewport().update()

    def set_side(self, side: int) -> None:
        """Sets the longer side of the tiles, in widget pixels; keeps the first visible image in place."""
        side = min(max(side, SMALLEST), LARGEST)
        if side == self._side:
            return
        first = self._geometry().places_in_sight().start
        self._side = side
        self._lay_out()
        geometry = self._geometry()
        self.verticalScrollBar().setValue(round(first // geometry.columns * geometry.line_height))
        self.side_changed.emit(side)

    def add_tiles(self, tiles: Tiles) -> None:
        """Stores requested tiles; ignores those of another dataset or size."""
        size = self._atlas().size
        if tiles.records is not self._records or tiles.size != (size.width(), size.height()):
            return
        geometry = self._geometry()
        places = geometry.places_in_sight()
        rows = np.array(tiles.rows, np.int64)
        self._atlas().put(rows, tiles.pixels)
        new = np.flatnonzero(np.isin(self._selection.rows[places.start : places.stop], rows))
        for line in np.unique(new // geometry.columns).tolist():
            first = geometry.tile_rect(places.start + line * geometry.columns)
            self.viewport().update(QRect(0, first.top(), self.viewport().width(), first.height()))

    # --- selection ---

    def rows(self) -> Rows:
        """Returns the shown rows, in order."""
        return self._selection.rows

    def side(self) -> int:
        return self._side

    def current_row(self) -> int:
        """Returns the row that the keyboard acts on; -1 if nothing is shown."""
        return self._selection.current_row()

    def selected_rows(self) -> Rows:
        """Returns the selected rows, ascending."""
        return np.flatnonzero(self._selection.selected)

    def select_all(self) -> None:
        self._set_selected(self._selection.shown())

    def step_to(self, place: int) -> None:
        """Makes the image at a place the current one, within the grid, and scrolls to it."""
        if len(self._selection.rows):
            place = self._selection.anchor = self._selection.within(place)
            self._go(place)
            self._set_selected(self._selection.between(place, place))

    def place_of(self, row: int) -> int:
        """Returns the place of a row; -1 if it is not shown."""
        return self._selection.place_of(row)

    # --- geometry ---

    def _geometry(self) -> GridGeometry:
        count, above = len(self._selection.rows), self.verticalScrollBar().value()
        return GridGeometry(count, self._size, self._side, self.devicePixelRatioF(), self.viewport().size(), above)

    def tile_rect(self, place: int) -> QRect:
        """Returns the rectangle of a tile in the viewport, in widget pixels."""
        return self._geometry().tile_rect(place)

    def row_at(self, point: QPoint) -> int:
        """Returns the row of the image under a point of the viewport; -1 for none."""
        place = self._geometry().place_at(point)
        return -1 if place < 0 else int(self._selection.rows[place])

    def _lay_out(self) -> None:
        bar, geometry = self.verticalScrollBar(), self._geometry()
        line, visible = round(geometry.line_height), self.viewport().height()
        bar.setRange(0, max(geometry.height - visible, 0))
        bar.setPageStep(max(visible - line, line))
        bar.setSingleStep(max(round(geometry.line_height / 2), 24))
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
        if not len(self._selection.rows):
            return
        tile, bar = self.tile_rect(place).adjusted(0, -GAP, 0, GAP), self.verticalScrollBar()
        if tile.top() < 0:
            bar.setValue(bar.value() + tile.top())
        elif tile.bottom() > self.viewport().height():
            bar.setValue(bar.value() + tile.bottom() - self.viewport().height())

    def _ask(self) -> None:
        """Requests missing tiles in sight, then one screen ahead in the scroll direction."""
        atlas, seen = self._atlas(), self._geometry().places_in_sight()
        if self._is_downward:
            ahead = range(seen.stop, min(seen.stop + len(seen), len(self._selection.rows)))
        else:
            ahead = range(seen.start - 1, max(seen.start - len(seen), 0) - 1, -1)
        # At most half of the cache, so that reading ahead does not evict what is visible.
        places = np.array([*seen, *ahead][: max(atlas.capacity // 2, len(seen))], np.int64)
        missing = atlas.missing(self._selection.rows[places]).tolist()
        self.tiles_requested.emit(TileRequest(tuple(missing), (atlas.size.width(), atlas.size.height())))

    # --- painting ---

    def _atlas(self) -> TileAtlas:
        """Returns the atlas of the current size; tiles of the previous size serve as placeholders."""
        geometry, before = self._geometry(), self._tiles
        if before is None or before.size != geometry.tile or before.gap != geometry.gap:
            scheme = theme.current()
            colors = QColor(scheme.window), QColor(scheme.sunken)
            self._tiles = TileAtlas(len(self._left_out), geometry.tile, geometry.gap, *colors)
            if before is not None:
                seen = geometry.places_in_sight()
                self._tiles.take_over(before, self._selection.rows[seen.start : seen.stop])
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
        if not len(self._selection.rows):
            painter.setPen(QColor(scheme.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(16, 16, -16, -16), flags, self._empty_text)
            return
        geometry, selection = self._geometry(), self._selection
        places = geometry.places_in_sight(event.rect())
        rows = self._selection.rows[places.start : places.stop]
        if not len(rows):
            return
        left_out, ratio = self._left_out[rows], geometry.ratio
        top = geometry.gap + places.start // geometry.columns * geometry.pitch.height()
        corner = QPointF(geometry.gap / ratio, top / ratio - geometry.above)
        selected, accent = selection.selected[rows], QColor(scheme.accent)
        self._atlas().paint(painter, corner, rows, geometry.columns, left_out, selected, accent)
        if self._side >= BADGED:
            self._paint_badges(painter, [places.start + int(at) for at in np.flatnonzero(left_out)])
        if self.hasFocus() and selection.current in places:
            # Light on dark on light: visible on any image.
            for color, width in (("#000000", 3), ("#ffffff", 1)):
                painter.setPen(QPen(QColor(color), width))
                painter.drawRect(geometry.tile_rect(selection.current).adjusted(1, 1, -2, -2))

    def _paint_badges(self, painter: QPainter, places: list[int]) -> None:
        """Paints crosses on left-out images."""
        badge = theme.icon("x-circle", "error").pixmap(QSize(16, 16), self.devicePixelRatioF())
        geometry = self._geometry()
        for place in places:
            painter.drawPixmap(geometry.tile_rect(place).topRight() + QPoint(-19, 4), badge)

    # --- mouse ---

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_side(self._side + (STEP if event.angleDelta().y() > 0 else -STEP))
            event.accept()
        else:
            super().wheelEvent(event)
            self._hover(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._geometry().place_at(event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if place < 0:
            if not event.modifiers():
                self._set_selected(self._selection.nothing())
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._select_to(place)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._set_selected(self._selection.toggled(place))
            self._selection.anchor = place
        else:
            self._select_only(place)
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
        place = self._geometry().place_at(event.pos())
        if place >= 0 and not self._selection.selected[self._selection.rows[place]]:
            self.step_to(place)
        if self.current_row() >= 0:
            menu = self._menu()
            menu.exec(event.globalPos())
            menu.deleteLater()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self._geometry().place_at(event.pos())
            if place >= 0:
                text, tile = self._describe_row(int(self._selection.rows[place])), self.tile_rect(place)
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
        chosen = self._selection.chosen()
        out = self._left_out[chosen]
        if not out.all():
            menu.addAction(_("Leave out"), lambda: self.leave_out_requested.emit(chosen, True))
        if out.any():
            menu.addAction(_("Restore"), lambda: self.leave_out_requested.emit(chosen, False))
        menu.addAction(_("Select all"), self.select_all)
        return menu

    # --- keyboard ---

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not len(self._selection.rows) or not self._key(event):
            event.ignore()

    def _key(self, event: QKeyEvent) -> bool:
        geometry = self._geometry()
        columns = geometry.columns
        page = max(int(self.viewport().height() // geometry.line_height), 1) * columns
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -len(self._selection.rows),
            Qt.Key.Key_End: len(self._selection.rows),
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
                self._set_selected(self._selection.toggled(self._selection.current))
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                self.leave_out_requested.emit(self._selection.chosen(), True)
            case Qt.Key.Key_A if has_control:
                self.select_all()
            case Qt.Key.Key_Escape if self._selection.selected.any():
                self._set_selected(self._selection.nothing())
            case _:
                return False
        return True

    def _step(self, steps: int, modifiers: Qt.KeyboardModifier) -> None:
        place = self._selection.within(self._selection.current + steps)
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._select_to(place)
        else:
            self._select_only(place)
        self._go(place)

    def _go(self, place: int) -> None:
        self._selection.current = place
        self._reveal(place)
        self._tell()
        self.viewport().update()

    def _select_to(self, place: int) -> None:
        self._set_selected(self._selection.between(self._selection.anchor, place))

    def _select_only(self, place: int) -> None:
        self._selection.anchor = place
        self._set_selected(self._selection.between(place, place))

    def _set_selected(self, selected: Mask) -> None:
        if not np.array_equal(selected, self._selection.selected):
            self._selection.selected = selected
            self.selection_changed.emit()
            self._tell()
            self.viewport().update()

    def _tell(self) -> None:
        """Announces the current image to a screen reader."""
        if (row := self.current_row()) >= 0:
            count = int(self._selection.selected.sum())
            place, whole = number(self._selection.current + 1), number(len(self._selection.rows))
            words = [_("Image {number} of {count}").format(number=place, count=whole)]
            words.extend(self._describe_row(row).split("\n"))
            if count > 1:
                words.append(plural("{count} selected", "{count} selected", count))
            self.setAccessibleDescription(listed(words))

    def sizeHint(self) -> QSize:
        return QSize(480, 420)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)
