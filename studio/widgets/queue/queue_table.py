"""Table of the queue: its entries in order, moved by the mouse and by the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDropEvent, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidgetItem,
    QWidget,
)

from core.language import _, in_context, number
from core.queue.entry import AUTO, CLUSTER, State
from studio import theme
from studio.model.queue import QueueListing, QueueRow
from studio.widgets.basic.labels import plain_tip
from studio.widgets.basic.table import Table

COLUMNS = (
    _("No."),
    in_context("queue", "Run"),
    _("Device"),
    _("State"),
    _("Progress"),
    _("Time left"),
    in_context("queue", "Reason"),
)
POSITION, NAME, DEVICE, STATE, PROGRESS, LEFT, REASON = range(len(COLUMNS))
SHARE = Qt.ItemDataRole.UserRole
"""Role of the part of a limit that is reached."""
BAR = 150
"""Width of the progress in pixels."""
DEVICES = {AUTO: _("automatic"), CLUSTER: in_context("queue", "cluster")}
"""Texts of devices that are none of this machine."""
COLORS = {State.RUNNING: "accent", State.DONE: "good", State.FAILED: "error"}
"""Color roles of states."""


class QueueTable(Table):
    """Entries of the queue in rows. Dragging a row, or Alt with an arrow key, asks to move it; Delete to remove it."""

    move_requested = Signal(str, int)
    """ID of an entry, and its position among those that have not ended."""
    remove_requested = Signal()
    chosen_changed = Signal()
    """Another row is selected, or it has changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Queue"), COLUMNS, (POSITION, LEFT), parent=parent)
        self._listing = QueueListing()
        self.setItemDelegateForColumn(PROGRESS, ProgressDelegate(self))
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        header = self.header()
        header.setSectionResizeMode(POSITION, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(REASON, QHeaderView.ResizeMode.Stretch)
        self.itemSelectionChanged.connect(self.chosen_changed)

    def show_listing(self, listing: QueueListing) -> None:
        """Shows the entries; the selection stays with its entry."""
        current, before = self.current(), [row.id for row in self._listing.rows]
        self._listing = listing
        if [row.id for row in listing.rows] != before:
            at = self.verticalScrollBar().value()
            items, ids = [QTreeWidgetItem() for _row in listing.rows], [row.id for row in listing.rows]
            with QSignalBlocker(self):
                self.set_rows(items)
                if current is not None and items:
                    instead = min(before.index(current.id), len(ids) - 1)
                    self.setCurrentItem(items[ids.index(current.id) if current.id in ids else instead])
            self.verticalScrollBar().setValue(at)
        for index, row in enumerate(listing.rows):
            self._fill(self.topLevelItem(index), index, row)
        self.chosen_changed.emit()

    def current(self) -> QueueRow | None:
        """Returns the selected entry."""
        items = self.selectedItems()
        return self._listing.rows[self.indexOfTopLevelItem(items[0])] if items else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        row = self.current()
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and event.key() in steps:
            if row is not None:
                self._move(row, self._position(row) + steps[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Delete and row is not None:
            self.remove_requested.emit()
        else:
            super().keyPressEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Asks to move the dragged entry; the list that follows shows it at its place."""
        row, item = self.current(), self.itemAt(event.position().toPoint())
        if event.source() is self and row is not None:
            index = self.indexOfTopLevelItem(item) if item is not None else len(self._listing.rows)
            if self.dropIndicatorPosition() is QAbstractItemView.DropIndicatorPosition.BelowItem:
                index += 1
            ahead = [each for each in self._listing.rows[:index] if not each.state.has_ended and each.id != row.id]
            self._move(row, len(ahead))
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()

    def _move(self, row: QueueRow, position: int) -> None:
        if row.waits and 0 <= position < len(self._listing.open_rows) and position != self._position(row):
            self.move_requested.emit(row.id, position)

    def _position(self, row: QueueRow) -> int:
        return next((index for index, each in enumerate(self._listing.open_rows) if each.id == row.id), -1)

    def _fill(self, item: QTreeWidgetItem | None, index: int, row: QueueRow) -> None:
        if item is None:
            return
        device = DEVICES.get(row.device, row.device)
        texts = (number(index + 1), row.title, device, row.state_text, row.progress, row.left, row.reason)
        for column, text in enumerate(texts):
            if item.text(column) != text:
                item.setText(column, text)
        item.setData(PROGRESS, SHARE, row.share if row.step or row.state is State.RUNNING else None)
        item.setToolTip(NAME, plain_tip(row.tip))
        item.setToolTip(REASON, plain_tip(row.reason))
        item.setForeground(STATE, QColor(getattr(theme.current(), COLORS.get(row.state, "text"))))
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        item.setFlags(flags | Qt.ItemFlag.ItemIsDragEnabled if row.waits else flags)


class ProgressDelegate(QStyledItemDelegate):
    """Paints a text above a bar of the part that is done."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return super().sizeHint(option, index).expandedTo(QSize(theme.scaled(BAR), 0))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        share = index.data(SHARE)
        if share is None:
            return
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        palette: QPalette = option.palette
        color = palette.highlightedText().color() if is_selected else QColor(theme.current().accent)
        ground = QColor(color)
        ground.setAlphaF(0.25)
        area = QRectF(option.rect)
        height = theme.scaled(3)
        bar = QRectF(area.left() + 6, area.bottom() - height - 1, area.width() - 12, height)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(bar, height / 2, height / 2)
        painter.setBrush(color)
        bar.setWidth(bar.width() * share)
        painter.drawRoundedRect(bar, height / 2, height / 2)
        painter.restore()
