"""Dialog that lists excluded images by name and includes them again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QDialog, QDialogButtonBox, QListView, QVBoxLayout, QWidget

from studio.widgets.basic.labels import Label


class RestoreExcludedDialog(QDialog):
    """All of them, or those that are selected."""

    chosen = Signal(object)
    """Names of images."""

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names = names
        self.setWindowTitle("Include again")
        self.resize(460, 420)
        self._list = QListView()
        self._list.setModel(QStringListModel(list(names), self._list))
        self._list.setUniformItemSizes(True)  # thousands of names are measured once
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._list.setAccessibleName("Images that are left out")
        self._list.selectionModel().selectionChanged.connect(lambda *_: self._show_selected())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self._some = buttons.addButton("Include selected", QDialogButtonBox.ButtonRole.ActionRole)
        self._some.clicked.connect(lambda: self._choose(self._selected()))
        every = buttons.addButton(f"Include all {len(names):,}", QDialogButtonBox.ButtonRole.AcceptRole)
        every.clicked.connect(lambda: self._choose(names))
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(Label(f"{len(names):,} left out. The files themselves are where they were."))
        column.addWidget(self._list, 1)
        column.addWidget(buttons)
        self._show_selected()

    def _selected(self) -> tuple[str, ...]:
        return tuple(self._names[index.row()] for index in sorted(self._list.selectionModel().selectedIndexes()))

    def _show_selected(self) -> None:
        self._some.setEnabled(self._list.selectionModel().hasSelection())

    def _choose(self, names: Sequence[str]) -> None:
        self.chosen.emit(tuple(names))
        self.accept()
