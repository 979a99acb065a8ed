"""Menus, toolbar and shortcuts: every action of the window with its name, key and icon."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from studio import theme
from studio.controllers.dialogs.context import entries
from studio.main_window import MainWindow
from studio.widgets.basic.labels import plain_tip

WORKSPACES = (
    ("Home", "house", "Ctrl+0"),
    ("Data", "image", "Ctrl+1"),
    ("Train", "chart-line", "Ctrl+2"),
    ("Explore", "compass", "Ctrl+3"),
)


class Menus:
    """The actions of the window, by name; `studio.controllers.connections` says what each of them does."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.dialogs: dict[str, QAction] = {}
        """Those of the File menu, by the names of their modules in `studio.controllers.dialogs`."""
        self._bar = QToolBar("Workspaces", movable=False)
        self._bar.setObjectName("workspaces")
        self._bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        window.addToolBar(self._bar)
        more = self._bar.findChild(QToolButton, "qt_toolbar_ext_button")
        if more is not None:  # Qt's own, in a narrow window; its icon hardly shows on a dark surface
            more.setIcon(theme.icon("caret-double-right"))
            more.setToolTip("More")
            more.setAccessibleName("More")
        file, training, view = (window.menuBar().addMenu(title) for title in ("&File", "&Training", "&View"))
        self._add_workspaces(view)
        self._add_files(file)
        self._add_training(training)
        view.addSeparator()
        self.full_screen = self._add(view, "Full screen", "F11")
        help = window.menuBar().addMenu("&Help")
        self.glossary = self._add(help, "Glossary", "F1", "book-open")
        help.addSeparator()
        self.about_computer = self._add(help, "About this computer", "")
        self.about_computer.setMenuRole(QAction.MenuRole.NoRole)  # or macOS would take it for the program's own

    def show_workspace(self, index: int) -> None:
        """Marks the workspace that is on screen."""
        self._workspaces.actions()[index].setChecked(True)

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
                section = facts["RANK"] // 100
                menu.addSeparator()
            action = self._add(menu, entry.title, facts["SHORTCUT"], facts["ICON"])
            self.dialogs[entry.name] = action
            if facts["TOOLBAR"]:
                self._bar.addAction(action)
        menu.addSeparator()
        self.quit = self._add(menu, "Quit", "Ctrl+Q")

    def _add_training(self, menu: QMenu) -> None:
        self.start = self._add(menu, "Start or continue", "Ctrl+Return", "play")
        self.pause = self._add(menu, "Pause or resume", "Ctrl+P", "pause")
        self.stop = self._add(menu, "Save and stop", "", "stop")
        self.measure = self._add(menu, "Measure the images now", "Ctrl+M", "gauge")
        menu.addSeparator()
        self.settings = self._add(menu, "Settings", "Ctrl+,", "sliders")

    def _add(self, menu: QMenu, text: str, keys: str, icon: str = "") -> QAction:
        action = QAction(text, self._window)
        tip = text.rstrip("…")
        if keys:
            action.setShortcut(QKeySequence(keys))
            tip = f"{tip} ({keys.replace('Return', 'Enter')})"
        action.setToolTip(plain_tip(tip))
        if icon:
            action.setIcon(theme.icon(icon))
        menu.addAction(action)
        return action
