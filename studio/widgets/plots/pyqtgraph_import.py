"""Import of pyqtgraph in the background, which would block the window for half a second or more."""

from __future__ import annotations

from importlib import import_module
from threading import Thread

from PySide6.QtCore import QObject, Signal

MODULE = "studio.widgets.plots.curve_canvas"


class PyqtgraphImport(QObject):
    """There is one for the whole program, `pyqtgraph_import`."""

    ended = Signal()
    """`CurveCanvas` can be imported at no cost, if it can be imported at all."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = Thread(target=self.load, name="pyqtgraph")
        self._is_over = False

    def begin(self) -> None:
        """In a thread, if it was not begun before; `ended` follows either way."""
        if self._is_over:
            self.ended.emit()
        elif not self._thread.is_alive():
            self._thread.start()

    def wait(self) -> None:
        """Until it is over, if it was begun. Qt must not be taken down while something of it is imported."""
        if self._thread.is_alive():
            self._thread.join()

    def is_over(self) -> bool:
        return self._is_over

    def load(self) -> None:
        """Imports it here and now."""
        try:
            import_module(MODULE)
        finally:  # who needs it imports it again, and hears then why it cannot be
            self._is_over = True
            self.ended.emit()


pyqtgraph_import = PyqtgraphImport()
