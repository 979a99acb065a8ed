"""Dialog that lists the keyboard shortcuts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QLineEdit, QPushButton, QTreeWidgetItem, QVBoxLayout, QWidget

from studio import theme
from studio.widgets.basic.table import Table


@dataclass(frozen=True)
class Key:
    """A shortcut: where it works, what it does, and its keys."""

    place: str
    action: str
    keys: str


IN_PLACES = (
    Key("Train", "Pause or resume", "Space"),
    Key("Train", "Show real images", "Hold R"),
    Key("Train", "Rename the run", "F2"),
    Key("Plots", "Maximize or restore", "M"),
    Key("Plots", "Zoom in, zoom out, fit", "+, −, 0"),
    Key("Timeline", "Jump to another flag", "Page Up, Page Down"),
    Key("Timeline", "Show other samples", "Left, Right, Home, End"),
    Key("Explore", "Compare before edit", "Hold A"),
    Key("Explore", "Play or stop", "Space"),
    Key("Explore", "Pin", "P"),
    Key("Images", "Move to another image", "Arrow keys, Home, End"),
    Key("Images", "Enlarge", "Enter"),
    Key("Images", "Select", "Space, Shift+arrow keys"),
    Key("Images", "Select all", "Ctrl+A"),
    Key("Images", "Select none", "Esc"),
    Key("Images", "Zoom in, zoom out, fit", "+, −, 0"),
    Key("Data", "Leave out or restore", "Delete"),
    Key("Plots", "Zoom in, zoom out, fit", "+, −, 0"),
    Key("Plots", "Maximize", "M"),
    Key("Pins", "Rename, remove", "F2, Delete"),
)
"""Keys that are in no menu, because they depend on the focused widget."""


class KeysDialog(QDialog):
    """Searchable table of shortcuts. Non-modal, so that keys can be tried beside it."""

    def __init__(self, keys: Sequence[Key], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self._search = QLineEdit(placeholderText="Search", clearButtonEnabled=True)
        self._search.setAccessibleName("Search the keys")
        self._search.setToolTip("Show only shortcuts that contain these words")
        self._search.textChanged.connect(self._filter)
        self._table = Table("Keys", ("Action", "Where", "Keys"), ())
        self._table.set_rows([QTreeWidgetItem([key.action, key.place, key.keys]) for key in keys])
        close = QPushButton("Close")
        close.setAutoDefault(False)
        close.clicked.connect(self.accept)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addWidget(self._search)
        column.addWidget(self._table, 1)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.resize(theme.scaled(560), theme.scaled(560))

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        for row in range(self._table.topLevelItemCount()):
            item = self._table.topLevelItem(row)
            if item is not None:
                shown = " ".join(item.text(column) for column in range(3)).casefold()
                item.setHidden(not all(word in shown for word in words))


def keys_of(place: str, actions: Iterable[QAction]) -> list[Key]:
    """Returns the shortcuts of a menu's actions and submenus."""
    found = []
    for action in actions:
        menu = action.menu()
        if menu is not None:
            found += keys_of(place, menu.actions())  # type: ignore[attr-defined]
        elif shortcuts := action.shortcuts():
            text = ", ".join(each.toString(QKeySequence.SequenceFormat.NativeText) for each in shortcuts)
            found.append(Key(place, action.text().rstrip("…"), text.replace("Return", "Enter")))
    return found
