"""Controller of the Edit menu: undo, redo and copy in the visible workspace, and pins in Explore."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QTextEdit

from core.language import _
from studio.controllers.menus import Menus
from studio.main_window import DATA, EXPLORE, TRAIN, MainWindow


class Editable(Protocol):
    """A workspace with undo and redo."""

    undo_changed: SignalInstance
    """Tells whether undo and redo are possible."""

    def undo(self) -> object: ...

    def redo(self) -> object: ...

    def copy(self) -> bool: ...


class EditingController:
    """Tracks undo and redo of each workspace."""

    def __init__(self, window: MainWindow, menus: Menus) -> None:
        self._window, self._menus = window, menus
        self._can: dict[int, tuple[bool, bool]] = {}
        self._panels: dict[int, Editable] = {}
        for action, handle in ((menus.undo, self.undo), (menus.redo, self.redo), (menus.copy, self.copy)):
            action.triggered.connect(lambda *_, handle=handle: handle())
        menus.pin.triggered.connect(lambda *_: window.explore.pin())

    def connect_panels(self) -> None:
        """Connects the workspaces once they are built."""
        self._panels = {DATA: self._window.data, TRAIN: self._window.train, EXPLORE: self._window.explore}
        for workspace, panel in self._panels.items():
            panel.undo_changed.connect(partial(self._note, workspace))

    def show_workspace(self, workspace: int) -> None:
        """Updates the actions for the visible workspace."""
        is_applying = self._window.is_applying  # which has nothing to undo or pin
        can_undo, can_redo = (False, False) if is_applying else self._can.get(workspace, (False, False))
        self._menus.undo.setEnabled(can_undo)
        self._menus.redo.setEnabled(can_redo)
        self._menus.copy.setEnabled(workspace in self._panels)
        self._menus.pin.setEnabled(workspace == EXPLORE and not is_applying)

    def show_generator(self, *_: object) -> None:
        """Updates the actions for Explore or Apply."""
        self.show_workspace(self._window.pages.currentIndex())

    def undo(self) -> None:
        self._panels[self._window.pages.currentIndex()].undo()

    def redo(self) -> None:
        self._panels[self._window.pages.currentIndex()].redo()

    def copy(self) -> None:
        """Copies the selected text of the focused widget, or else what the workspace shows."""
        focus = QApplication.focusWidget()
        if isinstance(focus, QLineEdit | QTextEdit | QPlainTextEdit):
            focus.copy()
        else:
            shown = self._window.apply if self._window.is_applying else self._panels[self._window.pages.currentIndex()]
            is_copied = shown.copy()
            self._window.banner.show_notice(
                _("Copied to the clipboard.")
                if is_copied
                else _("Nothing to copy here. Select text or an image first.")
            )

    def _note(self, workspace: int, can_undo: bool, can_redo: bool) -> None:
        self._can[workspace] = can_undo, can_redo
        if workspace == self._window.pages.currentIndex():
            self.show_workspace(workspace)
