"""Seconds from the start of the process to the first paint of the window: a child process that prints JSON.

The parent passes its start time in BENCH_START, because the operating system rounds start times to 10 ms.
"""

from __future__ import annotations

import json
import os
import sys
import time

from studio.qt_import import import_qt

import_qt()

from PySide6.QtCore import QTimer  # noqa: E402
from PySide6.QtGui import QPaintEvent  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from studio.app import open_window  # noqa: E402
from studio.main_window import MainWindow  # noqa: E402


class _Window(MainWindow):
    """Window that records its first paint, and ends the program some time later."""

    _noted = False

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._noted:
            self._noted = True
            seconds = time.time() - float(os.environ["BENCH_START"])
            print(json.dumps({"seconds": seconds, "torch": "torch" in sys.modules}), flush=True)
            QTimer.singleShot(3000, QApplication.closeAllWindows)


if __name__ == "__main__":
    sys.exit(open_window(None, _Window))
