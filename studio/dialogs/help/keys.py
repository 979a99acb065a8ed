"""Dialog that lists the keyboard shortcuts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QLineEdit, QPushButton, QTreeWidgetItem, QVBoxLayout, QWidget

from core.language import _, in_context
from studio import theme
from studio.widgets.basic.table import Table


@dataclass(frozen=True)
class Key:
    """A shortcut: where it works, what it does, and its keys."""

    place: str
    action: str
    keys: str


IN_PLACES = (
    Key(_("Train"), _("Pause or resume"), in_context("key", "Space")),
    Key(_("Train"), _("Show real images"), _("Hold R")),
    Key(_("Train"), _("Rename the run"), "F2"),
    Key(_("Plots"), _("Maximize or restore"), "M"),
    Key(_("Plots"), _("Zoom in, zoom out, fit"), "+, −, 0"),
    Key(_("Timeline"), _("Jump to another flag"), _("Page Up, Page Down")),
    Key(_("Timeline"), _("Show other samples"), _("Left, Right, Home, End")),
    Key(_("Explore"), _("Compare before edit"), _("Hold A")),
    Key(_("Explore"), _("Play or stop"), in_context("key", "Space")),
    Key(_("Explore"), _("Pin"), "P"),
    Key(_("Images"), _("Move to another image"), _("Arrow keys, Home, End")),
    Key(_("Images"), in_context("view", "Enlarge"), in_context("key", "Enter")),
    Key(_("Images"), _("Select"), _("Space, Shift+arrow keys")),
    Key(_("Images"), _("Select all"), "Ctrl+A"),
    Key(_("Images"), _("Select none"), "Esc"),
    Key(_("Images"), _("Zoom in, zoom out, fit"), "+, −, 0"),
    Key(_("Data"), _("Leave out or restore"), in_context("key", "Delete")),
    Key(_("Plots"), _("Zoom in, zoom out, fit"), "+, −, 0"),
    Key(_("Plots"), _("Maximize"), "M"),
    Key(_("Queue"), _("Move up, move down"), _("Alt+Up, Alt+Down")),
    Key(_("Queue"), _("Watch"), in_context("key", "Enter")),
    Key(_("Queue"), _("Remove"), in_context("key", "Delete")),
    Key(_("Pins"), _("Rename, remove"), _("F2, Delete")),
)
"""Keys that are in no menu, because they depend on the focused widget."""


class KeysDialog(QDialog):
    """Searchable table of shortcuts. Non-modal, so that keys can be tried beside it."""

    def __init__(self, keys: Sequence[Key], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Keys"))
        self._search = QLineEdit(placeholderText=_("Search"), clearButtonEnabled=True)
        self._search.setAccessibleName(_("Search the keys"))
        self._search.setToolTip(_("Show only shortcuts that contain these words"))
        self._search.textChanged.connect(self._filter)
        self._table = Table(_("Keys"), (_("Action"), _("Where"), _("Keys")), ())
        self._table.set_rows([QTreeWidgetItem([key.action, key.place, key.keys]) for key in keys])
        close = QPushButton(_("Close"))
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
    """Returns the shortcuts of a menu's actions and submenus. `place`: title of the menu."""
    found = []
    for action in actions:
        menu = action.menu()
        if menu is not None:
            found += keys_of(place, menu.actions())  # type: ignore[attr-defined]
        elif shortcuts := action.shortcuts():
            text = ", ".join(each.toString(QKeySequence.SequenceFormat.NativeText) for each in shortcuts)
            found.append(Key(_unmarked(place), _unmarked(action.text()).rstrip("…"), text.replace("Return", "Enter")))
    return found


def _unmarked(title: str) -> str:
    """Returns a title without the mark of its key: "File" for "&File", "文件" for "文件(&F)"."""
    return re.sub(r"\(&\w\)|&", "", title)
