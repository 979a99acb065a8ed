"""Curves come when they can be drawn; until then the window goes on. Each in a process that has imported nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

PLOT = """
import sys
from importlib.machinery import PathFinder
from threading import Event

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QGraphicsView

from studio.model.history import History
from studio.widgets.plots.curve_plot import CurvePlot


class Gate:
    opened = Event()

    def find_spec(self, name, path=None, target=None):
        if name != "pyqtgraph":
            return None
        spec = PathFinder.find_spec(name, path)
        load = spec.loader.exec_module

        def wait(module):
            if not self.opened.wait(20):
                raise ImportError("the window waited for pyqtgraph")
            load(module)

        spec.loader.exec_module = wait
        return spec


sys.meta_path.insert(0, Gate())
app = QApplication([])
history = History()
history.append(1, 0.1, {"Loss/D/loss": 1.0})
history.append(2, 0.2, {"Loss/D/loss": 2.0})
plot = CurvePlot(history, [("Loss/D/loss", "D")])
seen = []


def look():
    view = plot.findChild(QGraphicsView)
    seen.append(view is not None and view.isVisible())
    Gate.opened.set()
    if seen[-1]:
        app.exit(seen[0])  # it was not there at first
"""
SHOWN = """
plot.show()
"""
SHOWN_LATER = """
plot.set_history(history)
QTimer.singleShot(100, plot.show)
"""
RUN = """
timer = QTimer(interval=30)
timer.timeout.connect(look)
timer.start()
QTimer.singleShot(30000, lambda: app.exit(3))
sys.exit(app.exec())
"""


@pytest.mark.parametrize("shown", [SHOWN, SHOWN_LATER], ids=["shown", "shown later"])
def test_curves_follow_when_they_can_be_drawn(shown: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PLOT + shown + RUN], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
