"""Menus, toolbar and shortcuts: every action of the window with its name, key and icon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from core.language import _, in_context, languages
from core.runs.run_name import dataset_title
from studio import theme
from studio.controllers.dialogs.context import entries
from studio.main_window import EXPLORE, MainWindow
from studio.widgets.basic.labels import literal, plain_tip
from studio.window_state import SCALES

Key = TypeVar("Key")
WORKSPACES = (
    (_("Home"), "house", "Ctrl+0"),
    (_("Data"), "image", "Ctrl+1"),
    (_("Train"), "chart-line", "Ctrl+2"),
    (_("Explore"), "compass", "Ctrl+3"),
    (_("Queue"), "queue", "Ctrl+4"),
)
THEMES: dict[theme.Theme, str] = {"system": in_context("choice", "System"), "light": _("Light"), "dark": _("Dark")}


class Menus:
    """The actions of the window by name; `studio.controllers.connections` connects them."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._tips: dict[QAction, str] = {}
        self.dialogs: dict[str, QAction] = {}
        """Actions of the File menu by the names of their modules in `studio.controllers.dialogs`."""
        self._build_bar()
        bar = window.menuBar()
        file, edit, training, view, help = (
            bar.addMenu(title) for title in (_("&File"), _("&Edit"), _("&Training"), _("&View"), _("&Help"))
        )
        self._add_workspaces(view)
        self._add_files(file)
        self._add_edits(edit)
        self._add_training(training)
        self._add_looks(view)
        self._add_help(help)

    def show_workspace(self, index: int) -> None:
        """Marks the visible workspace."""
        self._workspaces.actions()[index].setChecked(True)

    def show_generator(self, is_translator: bool) -> None:
        """Names the workspace of the generator after what a person does with it there."""
        explore, _icon, keys = WORKSPACES[EXPLORE]
        action = self._workspaces.actions()[EXPLORE]
        name = in_context("workspace", "Apply") if is_translator else explore
        action.setText(name)
        self._tell(action, name, keys)

    def set_recents(self, sources: Iterable[str], open_path: Callable[[str], object]) -> None:
        """Lists recent items above the action that clears them."""
        for action in self.recent.actions():
            if action is not self.forget:
                self.recent.removeAction(action)
                action.deleteLater()
        listed = list(sources)
        for source in listed:
            action = QAction(literal(dataset_title(source) or source), self.recent)
            action.setToolTip(plain_tip(source))
            action.triggered.connect(lambda *_, source=source: open_path(source))
            self.recent.insertAction(self.forget, action)
        self.recent.insertSeparator(self.forget)
        self.forget.setEnabled(bool(listed))

    def _build_bar(self) -> None:
        self._bar = QToolBar(_("Workspaces"), movable=False)
        self._bar.setObjectName("workspaces")
        self._bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._window.addToolBar(self._bar)
        more = self._bar.findChild(QToolButton, "qt_toolbar_ext_button")
        if more is not None:  # Qt's extension button in a narrow window; its own icon hardly shows on a dark surface
            more.setIcon(theme.icon("caret-double-right"))
            more.setToolTip(_("More"))
            more.setAccessibleName(_("More"))

    def _add_workspaces(self, menu: QMenu) -> None:
        self._workspaces = QActionGroup(self._window)
        for index, (name, icon, keys) in enumerate(WORKSPACES):
            action = self._add(menu, name, keys, icon)
            action.triggered.connect(partial(self._window.show_workspace, index))
            action.setCheckable(True)
            action.setChecked(index == 0)
            self._workspaces.addAction(action)
            self._bar.addAction(action)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._bar.addWidget(spacer)

    def _add_files(self, menu: QMenu) -> None:
        section = 1
        for entry in entries():
            facts = entry.facts
            if facts["RANK"] // 100 != section:
                if section == 1:
                    self.recent = menu.addMenu(theme.icon("clock-counter-clockwise"), _("Recent"))
                section = facts["RANK"] // 100
                menu.addSeparator()
            action = self._add(menu, entry.title, facts["SHORTCUT"], facts["ICON"])
            self.dialogs[entry.name] = action
            if facts["TOOLBAR"]:
                self._bar.addAction(action)
        self.recent.setToolTipsVisible(True)
        self.forget = self._add(self.recent, _("Clear list"))
        menu.addSeparator()
        self.quit = self._add(menu, _("Quit"), "Ctrl+Q")

    def _add_edits(self, menu: QMenu) -> None:
        self.undo = self._add(menu, _("Undo"), "Ctrl+Z", "arrow-u-up-left")
        self.redo = self._add(menu, _("Redo"), "Ctrl+Shift+Z", "arrow-u-up-right")
        self.redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
        menu.addSeparator()
        self.copy = self._add(menu, _("Copy"), "Ctrl+C", "copy")
        self.pin = self._add(menu, _("Pin"), "", "push-pin")
        for action in (self.undo, self.redo, self.copy, self.pin):
            action.setEnabled(False)

    def allow(self, action: QAction, allowed: bool, reason: str = "") -> None:
        """Enables an action, or disables it and explains why in its tip."""
        action.setEnabled(allowed)
        action.setToolTip(plain_tip(reason if reason and not allowed else self._tips[action]))

    def _add_training(self, menu: QMenu) -> None:
        self.start = self._add(menu, _("Start or continue"), "Ctrl+Return", "play")
        self.pause = self._add(menu, _("Pause or resume"), "Ctrl+P", "pause")
        self.stop = self._add(menu, _("Save and stop"), "", "stop")
        self.leave = self._add(menu, _("Stop watching"), "", "eye-slash")
        self.leave.setEnabled(False)
        self.measure = self._add(menu, _("Measure now"), "Ctrl+M", "gauge")
        menu.addSeparator()
        self.queue = self._add(menu, _("Add to queue"), "Ctrl+Shift+Return", "list-plus")
        self.queue_with = self._add(menu, _("Add to queue with…"), "", "plus")
        self.search = self._add(menu, _("Find settings…"), "", "magnifying-glass")
        for action in (self.queue, self.queue_with):
            action.setEnabled(False)
        menu.addSeparator()
        self.settings = self._add(menu, _("Settings"), "Ctrl+,", "sliders")

    def _add_looks(self, menu: QMenu) -> None:
        menu.addSeparator()
        self.themes = self._add_choice(menu.addMenu(theme.icon("moon"), _("Theme")), THEMES)
        percents = {percent: f"{percent} %" for percent in SCALES}
        self.scales = self._add_choice(menu.addMenu(theme.icon("magnifying-glass-plus"), _("Scale")), percents)
        languages_menu = menu.addMenu(theme.icon("translate"), _("Language"))
        self.languages = self._add_choice(languages_menu, {"": in_context("choice", "System")} | languages())
        """Actions by the codes of their languages; empty for the system's."""
        self.panels = menu.addMenu(theme.icon("layout"), _("Panels"))
        menu.addSeparator()
        self.full_screen = self._add(menu, _("Full screen"), "F11")

    def _add_help(self, menu: QMenu) -> None:
        self.glossary = self._add(menu, _("Glossary"), "F1", "book-open")
        self.tour = self._add(menu, _("Tour"), "", "path")
        self.keys = self._add(menu, _("Keys"), "Ctrl+/", "keyboard")
        self.log = self._add(menu, _("Log"), "", "file-text")
        menu.addSeparator()
        self.about_computer = self._add(menu, _("About this computer"), "")
        self.about_computer.setMenuRole(
            QAction.MenuRole.NoRole
        )  # macOS would take it for the application menu's own entry
        self.about = self._add(menu, _("About GAN Studio"), "")
        self.about.setMenuRole(QAction.MenuRole.AboutRole)

    def _add_choice(self, menu: QMenu, titles: Mapping[Key, str]) -> dict[Key, QAction]:
        """Adds exclusive actions, one of them checked."""
        group, found = QActionGroup(menu), {}
        for key, title in titles.items():
            found[key] = self._add(menu, title)
            found[key].setCheckable(True)
            group.addAction(found[key])
        return found

    def _tell(self, action: QAction, text: str, keys: str) -> None:
        """Sets the tip of an action: its text and its keys."""
        tip = text.rstrip("…") + (f" ({keys.replace('Return', 'Enter')})" if keys else "")
        action.setToolTip(plain_tip(tip))
        self._tips[action] = tip

    def _add(self, menu: QMenu, text: str, keys: str = "", icon: str = "") -> QAction:
        action = QAction(text, self._window)
        if keys:
            action.setShortcut(QKeySequence(keys))
        self._tell(action, text, keys)
        if icon:
            action.setIcon(theme.icon(icon))
        menu.addAction(action)
        return action
