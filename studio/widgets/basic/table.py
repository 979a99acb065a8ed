"""Table whose first column stretches and whose other columns fit their contents."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from studio import theme

ROW = 28
AIR = """
QTreeView { border-radius: 0; }
QTreeView::item { padding: 0 6px; }
QHeaderView::section {
    background: palette(base); color: palette(text); border: 0; border-bottom: 1px solid palette(mid); padding: 5px 6px;
}
"""
"""Padding around the columns, which the platform's style leaves out."""


class Table(QTreeWidget):
    """Table with right-aligned columns `numbers`; rows are `row` pixels high."""

    def __init__(
        self, name: str, columns: Sequence[str], numbers: Sequence[int], row: int = ROW, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._numbers, self._row = numbers, row
        self.setAccessibleName(name)
        self.setHeaderLabels(columns)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAllColumnsShowFocus(True)
        self.setStyleSheet(AIR)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._align(self.headerItem())

    def set_rows(self, items: Sequence[QTreeWidgetItem]) -> None:
        """Replaces all rows."""
        self.clear()
        for item in items:
            item.setSizeHint(0, QSize(0, max(self._row, theme.scaled(ROW))))
            self._align(item)
        self.addTopLevelItems(items)

    def _align(self, item: QTreeWidgetItem) -> None:
        for column in self._numbers:
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
