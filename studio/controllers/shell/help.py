"""Controller of Help > Keys, Log and About GAN Studio. Imports their dialogs on first use."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6 import __version__ as qt_version
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMenu

from core import __version__
from core.concurrency import as_generator
from core.data.names import opened_regular, printable
from core.language import _
from studio.main_window import PROGRAM, MainWindow
from studio.services.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = "log.txt"
TAIL = 2**16
"""Bytes shown from the end of a log."""
PACKAGES = {"PyTorch": "torch", "NumPy": "numpy", "Pillow": "pillow"}
D = TypeVar("D", bound=QDialog)


class HelpController:
    """Shows the dialogs of the Help menu, at most one of each kind."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session

    def show_keys(self) -> None:
        """Shows the keyboard shortcuts."""
        from studio.dialogs.help.keys import IN_PLACES, KeysDialog, keys_of

        def make() -> KeysDialog:
            menus = [menu for menu in self._window.menuBar().findChildren(QMenu) if menu.parent() is menus_bar]
            listed = [key for menu in menus for key in keys_of(menu.title(), menu.actions())]
            return KeysDialog([*listed, *IN_PLACES], self._window)

        menus_bar = self._window.menuBar()
        self._raise(KeysDialog, make)

    def show_log(self) -> None:
        """Shows the end of the open run's log."""
        from studio.dialogs.help.log import LogDialog

        for old in self._window.findChildren(LogDialog):
            old.close()
        run = self._session.training.run_folder
        file = run / LOG if run else None
        dialog = self._raise(LogDialog, lambda: LogDialog(file, self._session.runs_folder, self._window))
        if file is not None:
            thread = self._session.workers.spawn(lambda: as_generator(tail, file), done=dialog.show_text)
            dialog.finished.connect(lambda _result: self._session.workers.dismiss(thread))

    def show_about(self) -> None:
        """Shows versions and license."""
        from studio.dialogs.help.about import AboutDialog

        self._raise(AboutDialog, lambda: AboutDialog(versions(), self._window))

    def _raise(self, kind: type[D], make: Callable[[], D]) -> D:
        shown = (each for each in self._window.findChildren(kind) if each.isVisible())
        dialog = next(shown, None) or make()
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        return dialog


def tail(file: Path) -> str:
    """Returns the last `TAIL` bytes of a text file in whole lines; empty if it cannot be read."""
    try:
        with opened_regular(file, None) as log:
            start = max(log.seek(0, os.SEEK_END) - TAIL, 0)
            log.seek(start)
            lines = log.read(TAIL).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(printable(line) for line in lines[1 if start else 0 :])


def versions() -> list[tuple[str, str]]:
    """Returns the versions of the program and of its libraries without importing them."""
    found = [(PROGRAM, __version__), ("Python", platform.python_version()), ("Qt for Python", qt_version)]
    return found + [(name, _version(package)) for name, package in PACKAGES.items()]


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return _("not installed as a package")
