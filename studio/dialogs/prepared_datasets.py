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
from core.language import _, in_context, number
from studio import theme
from studio.dialogs.table_dialog import TableDialog
from studio.model.data import Prepared, PreparedRow
from studio.widgets.basic.labels import Label, WrappedLabel, plain_tip

COLUMNS = (_("Dataset"), _("Images"), _("Size"), _("On disk"), _("Last opened"))
NUMBERS = (1, 3)
PATIENCE_MS = 400
"""Delay before a changed limit is stored, so that intermediate values of a spin box are skipped."""


class PreparedDatasetsDialog(TableDialog[PreparedRow]):
    """Lists datasets read in a thread, again after every change."""

    delete_requested = Signal(object)
    """Folders to delete."""
    limit_chosen = Signal(float)
    """Limit in GB."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Prepared datasets"), _("Prepared datasets"), COLUMNS, NUMBERS, parent=parent)
        self._used = WrappedLabel(role="muted")
        self._limit = QDoubleSpinBox(decimals=1, minimum=0.0, maximum=100_000.0, suffix=" GB")
        self._some = QPushButton(theme.icon("trash"), _("Delete selected"))
        self._every = QPushButton(_("Delete all"))
        self._build()
        self.resize(820, 480)
        self._table.itemSelectionChanged.connect(self._show_selected)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._some.clicked.connect(lambda: self._delete(self._selected()))
        self._every.clicked.connect(lambda: self._delete(self._free()))
        self._limit.setKeyboardTracking(False)
        self._timer = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._timer.timeout.connect(self._tell_limit)
        self._limit.valueChanged.connect(lambda _limit: self._timer.start())
        self._show_selected()

    def show_rows(self, prepared: object) -> None:
        """Lists the prepared datasets."""
        if not isinstance(prepared, Prepared):
            return
        self._set_rows(prepared.rows)
        taken = size_text(sum(row.bytes for row in prepared.rows))
        if prepared.over:
            used = _("{size} in {folder}; the least recently opened are deleted at the next preparation")
        else:
            used = _("{size} in {folder}")
        self._used.setText(used.format(size=taken, folder=prepared.folder))
        if not self._timer.isActive():  # no row is being chosen
            with QSignalBlocker(self._limit):
                self._limit.setValue(prepared.limit)
        self._limit.setEnabled(not prepared.fixed)
        self._limit.setToolTip(
            plain_tip(
                _("Set by the environment variable {variable}.").format(variable=prepared.fixed)
                if prepared.fixed
                else _(
                    "Limits the disk space; the least recently opened datasets are deleted first. Usual: 10 to 50 GB."
                )
            )
        )
        self._show_selected()

    def done(self, result: int) -> None:
        """Stores a limit chosen a moment ago, however the dialog is closed."""
        if self._timer.isActive():
            self._tell_limit()
        super().done(result)

    def _item(self, row: PreparedRow) -> QTreeWidgetItem:
        used = in_context("dataset", "open now") if row.in_use else f"{row.used.astimezone():%Y-%m-%d %H:%M}"
        size = row.size or in_context("dataset", "damaged")
        item = QTreeWidgetItem([row.title, number(row.count), size, size_text(row.bytes), used])
        item.setToolTip(0, plain_tip(row.source or str(row.folder)))
        if row.in_use:
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsSelectable)
            item.setToolTip(0, _("This dataset is open. Open another one, or close the window, to delete it."))
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
            button.setEnabled(False)  # until the new list arrives
        self.delete_requested.emit([row.folder for row in rows])

    def _build(self) -> None:
        why = _("Cached for fast opening; safe to delete.")
        self._limit.setAccessibleName(_("Limit"))
        close = QPushButton(_("Close"))
        close.clicked.connect(self.accept)
        limit = QHBoxLayout()
        limit.addWidget(self._used, 1)
        limit.addWidget(Label(_("Limit")))
        limit.addWidget(self._limit)
        self._column.addWidget(WrappedLabel(why))
        self._column.addWidget(self._table, 1)
        self._column.addLayout(limit)
        self._add_buttons((self._some, self._every), (close,))
