"""Menus, toolbar and shortcuts: every action of the window with its name, key and icon."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QWidget

from studio import theme

if TYPE_CHECKING:
    from studio.main_window import MainWindow

WORKSPACES = (("Data", "image"), ("Train", "chart-line"), ("Explore", "compass"))


class Menus:
    """The window's actions; those that are not always possible are kept by name."""

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
        self._add(view, "Full screen", "F11", window.toggle_full_screen)

    def show_workspace(self, index: int) -> None:
        """Marks the workspace that is on screen."""
        self._workspaces.actions()[index].setChecked(True)

    def _add_workspaces(self, menu: QMenu) -> None:
        self._workspaces = QActionGroup(self._window)
        for index, (name, icon) in enumerate(WORKSPACES):
            action = self._add(menu, name, f"Ctrl+{index + 1}", partial(self._window.show_workspace, index), icon)
            action.setCheckable(True)
            action.setChecked(index == 0)
            self._workspaces.addAction(action)
            self._bar.addAction(action)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._bar.addWidget(spacer)

    def _add_files(self, menu: QMenu) -> None:
        window = self._window
        folder = self._add(menu, "Open folder…", "Ctrl+O", window.ask_folder, "folder-open")
        self._add(menu, "Open file…", "", window.ask_file, "file-arrow-up")
        checkpoint = self._add(
            menu, "Open checkpoint…", "Ctrl+Shift+O", window.ask_checkpoint, "clock-counter-clockwise"
        )
        self._add(menu, "Open run…", "Ctrl+Shift+R", window.ask_run, "folder-open")
        self._add(menu, "Compare runs…", "", window.comparing.show, "git-diff")
        menu.addSeparator()
        self._add(menu, "Download a dataset…", "", window.stock_dialogs.download, "download-simple")
        self._add(menu, "Prepared datasets…", "", window.stock_dialogs.prepared, "database")
        menu.addSeparator()
        self.save = self._add(menu, "Save checkpoint…", "Ctrl+S", window.save_dialogs.save_checkpoint, "floppy-disk")
        self.export = self._add(menu, "Export images…", "Ctrl+E", window.save_dialogs.export, "export")
        self._add(menu, "Export film…", "", window.lab_dialogs.film, "film-strip")
        self._add(menu, "Export time-lapse…", "", window.lab_dialogs.timelapse, "film-strip")
        self._add(menu, "Save report…", "", window.lab_dialogs.report, "file-text")
        self._add(menu, "Export generator…", "", window.lab_dialogs.generator, "export")
        menu.addSeparator()
        self._add(menu, "Quit", "Ctrl+Q", window.close)
        self._bar.addActions([folder, checkpoint, self.save, self.export])

    def _add_training(self, menu: QMenu) -> None:
        window = self._window
        self.start = self._add(menu, "Start or continue", "Ctrl+Return", window.start, "play")
        self.pause = self._add(menu, "Pause or resume", "Ctrl+P", window.footer.toggle_pause, "pause")
        self.stop = self._add(menu, "Save and stop", "", window.session.stop, "stop")
        self.measure = self._add(menu, "Measure the images now", "Ctrl+M", window.session.measure, "gauge")
        menu.addSeparator()
        self._add(menu, "Settings", "Ctrl+,", window.show_settings, "sliders")

    def _add(self, menu: QMenu, text: str, keys: str, do: Callable[[], object], icon: str = "") -> QAction:
        action = QAction(text, self._window)
        tip = text.rstrip("…")
        if keys:
            action.setShortcut(QKeySequence(keys))
            tip = f"{tip} ({keys.replace('Return', 'Enter')})"
        action.setToolTip(tip)
        if icon:
            action.setIcon(theme.icon(icon))
        action.triggered.connect(lambda *_: do())
        menu.addAction(action)
        return action
