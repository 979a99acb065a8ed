"""The menus: an entry of the File menu for each module, in order, with the shortcuts that people know."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from studio.application import Application
from studio.controllers.dialogs.context import entries

SHORTCUTS = {
    "Glossary": "F1",
    "Open folder…": "Ctrl+O",
    "Open checkpoint…": "Ctrl+Shift+O",
    "Open run…": "Ctrl+Shift+R",
    "Save checkpoint…": "Ctrl+S",
    "Export images…": "Ctrl+E",
    "Quit": "Ctrl+Q",
    "Start or continue": "Ctrl+Return",
    "Pause or resume": "Ctrl+P",
    "Measure the images now": "Ctrl+M",
    "Settings": "Ctrl+,",
    "Home": "Ctrl+0",
    "Data": "Ctrl+1",
    "Train": "Ctrl+2",
    "Explore": "Ctrl+3",
    "Full screen": "F11",
}
FILE = [
    ["Open folder…", "Open file…", "Open checkpoint…", "Open run…", "Compare runs…"],
    ["Download a dataset…", "Prepared datasets…"],
    [
        "Save checkpoint…",
        "Export images…",
        "Export film…",
        "Export time-lapse…",
        "Save report…",
        "Export generator…",
        "Report privacy…",
    ],
    ["Quit"],
]


def sections(menu: QMenu) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for action in menu.actions():
        if action.isSeparator():
            found.append([])
        else:
            found[-1].append(action.text())
    return found


def test_the_file_menu_has_an_entry_for_each_module_of_a_dialog(studio: Application) -> None:
    menu = next(menu for menu in studio.window.menuBar().findChildren(QMenu) if menu.title() == "&File")
    assert sections(menu) == FILE
    assert [entry.title for entry in entries()] == [title for section in FILE[:-1] for title in section]


def test_every_shortcut_is_where_it_was(studio: Application) -> None:
    actions = [action for action in studio.window.findChildren(QAction) if not action.shortcut().isEmpty()]
    assert {action.text(): action.shortcut().toString() for action in actions} == SHORTCUTS
