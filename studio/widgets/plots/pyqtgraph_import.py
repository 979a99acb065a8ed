"""Import of pyqtgraph in the background, which would block the window for half a second or more."""

from __future__ import annotations

from importlib import import_module
from threading import Thread

from PySide6.QtCore import QObject, Signal

MODULE = "studio.widgets.plots.curve_canvas"


class PyqtgraphImport(QObject):
    """Background import; `pyqtgraph_import` is the only instance."""

    ended = Signal()
    """Importing `CurveCanvas` is now immediate, or fails."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = Thread(target=self.load, name="pyqtgraph")
        self._is_over = False

    def begin(self) -> None:
        """Starts the import in a thread, once; emits `ended` in any case."""
        if self._is_over:
            self.ended.emit()
        elif not self._thread.is_alive():
            self._thread.start()

    def wait(self) -> None:
        """Waits for a started import. Qt must not be shut down during it."""
        if self._thread.is_alive():
            self._thread.join()

    def is_over(self) -> bool:
        return self._is_over

    def load(self) -> None:
        """Imports it in this thread."""
        try:
            import_module(MODULE)
        finally:  # the next import raises the error
            self._is_over = True
            self.ended.emit()


pyqtgraph_import = PyqtgraphImport()
