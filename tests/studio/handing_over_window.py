"""`python -m tests.studio.handing_over_window IMAGES`: a window that is closed as it trains, and keeps training."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from studio.app import open_window
from tests.studio.training_window import TrainingWindow


class HandingOverWindow(TrainingWindow):
    """Is closed as soon as the training can be kept."""

    def __init__(self) -> None:
        super().__init__()
        self._hand_over = QTimer(self, interval=100)
        self._hand_over.timeout.connect(self._answer_question)
        self.completed.connect(self._hand_over.start)

    def _answer_question(self) -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            keep = next(button for button in box.buttons() if button.text() == "Keep training")
            keep.click() if keep.isEnabled() else box.reject()
        elif any(Path(os.environ["GAN_STUDIO_RUNS"]).glob("*/stats.jsonl")):
            QTimer.singleShot(0, self.close)


if __name__ == "__main__":
    sys.exit(open_window(sys.argv[1], HandingOverWindow))
