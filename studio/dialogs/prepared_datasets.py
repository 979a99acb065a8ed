"""Dialog that lists the prepared datasets with their sizes, deletes them, and limits the cache."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDoubleSpinBox,
    QHBoxLayout,
    QPushButton,
    QTreeWidgetItem,
    QWidget,
)

from core.formatting import size_text
from studio import theme
from studio.dialogs.table_dialog import TableDialog
from studio.model.data import Prepared, PreparedRow
from studio.widgets.basic.labels import Label, WrappedLabel, plain_tip

COLUMNS = ("Dataset", "Images", "Size", "On the disk", "Last opened")
NUMBERS = (1, 3)
PATIENCE_MS = 400
"""Whoever turns a number on passes by others; only the one that stays is written."""


class PreparedDatasetsDialog(TableDialog[PreparedRow]):
    """The rows come later, from a thread, and again after every change."""

    delete_requested = Signal(object)
    """The folders of those that are to go."""
    limit_chosen = Signal(float)
    """GB."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Prepared datasets", "Prepared datasets", COLUMNS, NUMBERS, parent=parent)
        self._used = WrappedLabel(role="muted")
        self._limit = QDoubleSpinBox(decimals=1, minimum=0.0, maximum=100_000.0, suffix=" GB")
        self._some = QPushButton(theme.icon("trash"), "Delete selected")
        self._every = QPushButton("Delete all")
        self._build()
        self.resize(820, 480)
        self._table.itemSelectionChanged.connect(self._show_selected)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._some.clicked.connect(lambda: self._delete(self._selected()))
        self._every.clicked.connect(lambda: self._delete(self._free()))
        self._limit.setKeyboardTracking(False)
        self._timer = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._timer.timeout.connect(self._tell_limit)
        self._limit.valueChanged.connect(lambda _: self._timer.start())
        self._show_selected()

    def show_rows(self, prepared: object) -> None:
        """What there is now, once it is known."""
        if not isinstance(prepared, Prepared):
            return
        self._set_rows(prepared.rows)
        taken = size_text(sum(row.bytes for row in prepared.rows))
        later = "; what was not opened for longest goes with the next preparation" if prepared.over else ""
        self._used.setText(f"{taken} in {prepared.folder}{later}")
        if not self._timer.isActive():  # nobody is choosing another one
            with QSignalBlocker(self._limit):
                self._limit.setValue(prepared.limit)
        self._limit.setEnabled(not prepared.fixed)
        self._limit.setToolTip(
            plain_tip(
                f"The environment variable {prepared.fixed} says it."
                if prepared.fixed
                else "Where they would take more, those that were not opened for longest make room."
            )
        )
        self._show_selected()

    def done(self, result: int) -> None:
        """A limit that was chosen a moment ago counts, however the dialog is closed."""
        if self._timer.isActive():
            self._tell_limit()
        super().done(result)

    def _item(self, row: PreparedRow) -> QTreeWidgetItem:
        used = "open now" if row.in_use else f"{row.used.astimezone():%Y-%m-%d %H:%M}"
        item = QTreeWidgetItem([row.title, f"{row.count:,}", row.size or "damaged", size_text(row.bytes), used])
        item.setToolTip(0, plain_tip(row.source or str(row.folder)))
        if row.in_use:
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsSelectable)
            item.setToolTip(0, "It is open; open another dataset, or close the window, to delete it.")
        return item

    def _tell_limit(self) -> None:
        self._timer.stop()
        self.limit_chosen.emit(self._limit.value())

    def _free(self) -> list[PreparedRow]:
        return [row for row in self._rows if not row.in_use]

    def _show_selected(self) -> None:
        self._some.setEnabled(bool(self._table.selectedItems()))
        self._every.setEnabled(bool(self._free()))

    def _delete(self, rows: list[PreparedRow]) -> None:
        self._banner.dismiss()
        for button in (self._some, self._every):
            button.setEnabled(False)  # until the list is new
        self.delete_requested.emit([row.folder for row in rows])

    def _build(self) -> None:
        why = "What was prepared once opens at once. Deleting it loses nothing but the time to do so again."
        self._limit.setAccessibleName("Limit")
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        limit = QHBoxLayout()
        limit.addWidget(self._used, 1)
        limit.addWidget(Label("Limit"))
        limit.addWidget(self._limit)
        self._column.addWidget(WrappedLabel(why))
        self._column.addWidget(self._table, 1)
        self._column.addLayout(limit)
        self._add_buttons((self._some, self._every), (close,))
