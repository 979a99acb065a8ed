"""Menus, toolbar and shortcuts: every action of the window with its name, key and icon."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QWidget

from studio import theme
from studio.main_window import MainWindow

WORKSPACES = (("Data", "image"), ("Train", "chart-line"), ("Explore", "compass"))


class Menus:
    """The actions of the window, by name; `studio.controllers.connections` says what each of them does."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._bar = QToolBar("Workspaces", movable=False)
        self._bar.setObjectName("workspaces")
        self._bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        window.addToolBar(self._bar)
        file, training, view = (window.menuBar().addMenu(title) for title in ("&File", "&Training", "&View"))
        self._add_workspaces(view)
        self._add_files(file)
        self._add_training(training)
        view.addSeparator()
        self.full_screen = self._add(view, "Full screen", "F11")

    def show_workspace(self, index: int) -> None:
        """Marks the workspace that is on screen."""
        self._workspaces.actions()[index].setChecked(True)

    def _add_workspaces(self, menu: QMenu) -> None:
        self._workspaces = QActionGroup(self._window)
        for index, (name, icon) in enumerate(WORKSPACES):
            action = self._add(menu, name, f"Ctrl+{index + 1}", icon)
            action.triggered.connect(partial(self._window.show_workspace, index))
            action.setCheckable(True)
            action.setChecked(index == 0)
            self._workspaces.addAction(action)
            self._bar.addAction(action)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._bar.addWidget(spacer)

    def _add_files(self, menu: QMenu) -> None:
        self.open_folder = self._add(menu, "Open folder…", "Ctrl+O", "folder-open")
        self.open_file = self._add(menu, "Open file…", "", "file-arrow-up")
        self.open_checkpoint = self._add(menu, "Open checkpoint…", "Ctrl+Shift+O", "clock-counter-clockwise")
        self.open_run = self._add(menu, "Open run…", "Ctrl+Shift+R", "folder-open")
        self.compare_runs = self._add(menu, "Compare runs…", "", "git-diff")
        menu.addSeparator()
        self.download = self._add(menu, "Download a dataset…", "", "download-simple")
        self.prepared_datasets = self._add(menu, "Prepared datasets…", "", "database")
        menu.addSeparator()
        self.save = self._add(menu, "Save checkpoint…", "Ctrl+S", "floppy-disk")
        self.export = self._add(menu, "Export images…", "Ctrl+E", "export")
        self.export_film = self._add(menu, "Export film…", "", "film-strip")
        self.export_timelapse = self._add(menu, "Export time-lapse…", "", "film-strip")
        self.save_report = self._add(menu, "Save report…", "", "file-text")
        self.export_generator = self._add(menu, "Export generator…", "", "export")
        menu.addSeparator()
        self.quit = self._add(menu, "Quit", "Ctrl+Q")
        self._bar.addActions([self.open_folder, self.open_checkpoint, self.save, self.export])

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
        action.setToolTip(tip)
        if icon:
            action.setIcon(theme.icon(icon))
        menu.addAction(action)
        return action
