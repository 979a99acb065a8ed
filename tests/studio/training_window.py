"""`python -m tests.studio.training_window IMAGES`: the real window, in which a person presses Start at once."""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QAbstractButton

from core.presets import preset
from studio.app import open_window
from studio.main_window import MainWindow
from tests.core.tiny import TINY


class TrainingWindow(MainWindow):
    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self, interval=50)
        self._timer.timeout.connect(self._press_start)
        self.completed.connect(self._timer.start)

    def _press_start(self) -> None:
        start = next(button for button in self.footer.findChildren(QAbstractButton) if button.text() == "Start")
        if start.isEnabled():
            self._timer.stop()
            self.train.form.set_settings(preset("gan").apply(**TINY, evaluation=0))
            QTimer.singleShot(500, start.click)  # the images are prepared anew for these settings


if __name__ == "__main__":
    sys.exit(open_window(sys.argv[1], TrainingWindow))
