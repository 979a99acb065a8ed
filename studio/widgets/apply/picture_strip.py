"""Strip of the pictures to translate."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from core.language import _
from studio import theme
from studio.model.apply import Picture, Thumbnail
from studio.widgets.basic.labels import plain_tip
from studio.widgets.basic.scale import follow_scale
from studio.widgets.images.tile_layout import thumbnail

ICON, CELL = QSize(64, 48), QSize(96, 76)
GAP = 2
"""Pixels around the mark of the current picture."""
PICTURE = Qt.ItemDataRole.UserRole


class _CellDelegate(QStyledItemDelegate):
    """Paints a picture with its name in a cell of its own, and marks the whole cell of the current one."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(theme.scaled(CELL.width()), theme.scaled(CELL.height()))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect.adjusted(GAP, GAP, -GAP, -GAP), QColor(theme.current().accent))
        inner = QStyleOptionViewItem(option)
        inner.rect = option.rect.adjusted(2 * GAP, 3 * GAP, -2 * GAP, -2 * GAP)
        super().paint(painter, inner, index)


class PictureStrip(QListWidget):
    """Row of pictures with their names, of which one is current. Setters emit nothing but for the first picture."""

    chosen = Signal(object)
    """The `Picture` that becomes current, or is clicked again."""
    removal_requested = Signal(object)
    """A `Picture` to remove, with `remove`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: dict[Picture, QListWidgetItem] = {}
        self.setFlow(QListView.Flow.LeftToRight)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setItemDelegate(_CellDelegate(self))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(False)
        self.setDragDropMode(QAbstractItemView.DragDropMode.NoDragDrop)
        self.setAccessibleName(_("Pictures"))
        follow_scale(self, self._fit)
        self.currentItemChanged.connect(self._choose)
        self.itemClicked.connect(self._choose)

    def add(self, pictures: Iterable[Picture]) -> None:
        """Adds pictures, and makes the first one current if none is."""
        film, image = theme.icon("film-strip", "muted"), theme.icon("image", "muted")
        for picture in pictures:
            item = QListWidgetItem(film if picture.is_film else image, picture.name)
            item.setToolTip(plain_tip(picture.name))
            item.setData(PICTURE, picture)
            self._items[picture] = item
            self.addItem(item)
        if self.currentItem() is None and self.count():
            self.setCurrentRow(0)

    def show_thumbnail(self, made: Thumbnail) -> None:
        """Shows a picture in small, or that it cannot be read."""
        if made.picture not in self._items:
            return
        if isinstance(made.image, Exception):
            self.show_failed(made.picture, str(made.image))
        else:
            self._items[made.picture].setIcon(thumbnail(made.image, theme.scaled(ICON.width())))

    def show_failed(self, picture: Picture, why: str) -> None:
        """Marks a picture that cannot be translated."""
        if picture in self._items:
            self._items[picture].setIcon(theme.icon("warning-circle", "error"))
            self._items[picture].setToolTip(plain_tip(why))

    def current(self) -> Picture | None:
        """Returns the current picture."""
        item = self.currentItem()
        found: Picture | None = item.data(PICTURE) if item is not None else None
        return found

    def remove(self, picture: Picture) -> None:
        """Removes a picture; the next one becomes current if this one was."""
        self.takeItem(self.row(self._items.pop(picture)))

    def remove_all(self) -> None:
        """Removes every picture."""
        self._items.clear()
        self.clear()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Removes the current picture by Delete or Backspace."""
        current = self.current()
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and current is not None:
            self.removal_requested.emit(current)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offers to remove the picture under the pointer; for the menu key the current one."""
        is_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        item = self.currentItem() if is_key else self.itemAt(event.pos())
        if item is None:
            return
        menu = QMenu(self)
        menu.addAction(theme.icon("x"), _("Remove"), partial(self.removal_requested.emit, item.data(PICTURE)))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(self.visualItemRect(item).center()) if is_key else event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolls sideways by the usual wheel."""
        moved = event.angleDelta().y() or event.angleDelta().x()
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - moved)
        event.accept()

    def _choose(self, item: QListWidgetItem | None, *_before: object) -> None:
        if item is not None:
            self.chosen.emit(item.data(PICTURE))

    def _fit(self) -> None:
        self.setIconSize(QSize(theme.scaled(ICON.width()), theme.scaled(ICON.height())))
        self.setGridSize(QSize(theme.scaled(CELL.width()), theme.scaled(CELL.height())))
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(theme.scaled(CELL.height()) + bar + 2 * self.frameWidth() + 2)
