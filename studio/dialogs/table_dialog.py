"""Base class of dialogs with a table of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTreeWidgetItem, QVBoxLayout, QWidget

from core.errors import UserError
from studio.widgets.basic.banner import Banner
from studio.widgets.basic.table import ROW, Table

Row = TypeVar("Row")


class TableDialog(QDialog, Generic[Row]):
    """Dialog with a banner above a table, whose rows are read in a thread. Each row holds one value."""

    def __init__(
        self,
        title: str,
        name: str,
        columns: Sequence[str],
        numbers: Sequence[int],
        height: int = ROW,
        parent: QWidget | None = None,
    ) -> None:
        """`name`: accessible name of the table; `numbers` and `height`: see `Table`."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self._rows: Sequence[Row] = ()
        self._banner, self._table = Banner(), Table(name, columns, numbers, height)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 16, 16, 16)
        self._column.setSpacing(10)
        self._column.addWidget(self._banner)

    def show_problem(self, problem: UserError) -> None:
        """Shows why there is no list, or why an action failed."""
        self._banner.show_problem(problem.what, problem.remedy, problem.details)

    def _set_rows(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._table.set_rows([self._item(row) for row in rows])

    def _item(self, row: Row) -> QTreeWidgetItem:
        """Adds a value as a row."""
        raise NotImplementedError

    def _current(self) -> Row | None:
        """Returns the value of the current row if that row is shown."""
        item = self._table.currentItem()
        return self._rows[self._table.indexOfTopLevelItem(item)] if item and not item.isHidden() else None

    def _selected(self) -> list[Row]:
        return [self._rows[self._table.indexOfTopLevelItem(item)] for item in self._table.selectedItems()]

    def _add_buttons(
        self, left: Sequence[QPushButton], right: Sequence[QPushButton], primary: QPushButton | None = None
    ) -> None:
        """Adds buttons along the lower edge. Enter presses `primary` only, which stands last."""
        row = QHBoxLayout()
        for button in (*left, *right):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.insertStretch(len(left), 1)
        if primary is not None:
            primary.setObjectName("primary")
            primary.setDefault(True)
            row.addWidget(primary)
        self._column.addLayout(row)
