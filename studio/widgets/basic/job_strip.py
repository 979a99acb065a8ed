"""Strip that shows the progress of a job beside the training, with a cancel button."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QWidget

from core.events import Progress
from studio.widgets.basic.labels import ElidedLabel, plain_tip


class JobStrip(QFrame):
    """Hidden until there is progress to show."""

    cancelled = Signal()

    def __init__(self, cancelling: str, parent: QWidget | None = None) -> None:
        """`cancelling`: what it does, as a tooltip."""
        super().__init__(parent)
        self._text = ElidedLabel()
        self._bar = QProgressBar(textVisible=False)
        self._bar.setAccessibleName("Progress of the job")
        cancel = QPushButton("Cancel")
        cancel.setToolTip(plain_tip(cancelling))
        cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 6)
        row.addWidget(self._text)
        row.addWidget(self._bar, 1)
        row.addWidget(cancel)
        self.hide()

    def show_progress(self, progress: Progress) -> None:
        self._text.setText(f"{progress.text}: {progress.counted}")
        scale = max(progress.total // 2**30, 1)  # a bar counts to 2^31, and large downloads have more bytes
        self._bar.setRange(0, progress.total // scale)
        self._bar.setValue(progress.done // scale)
        self.show()
