"""Placeholder page of an empty view: a sentence, and the button for the next action."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from studio import theme
from studio.widgets.basic.labels import Label, plain_tip


class EmptyPage(QWidget):
    """Page shown instead of missing content."""

    asked = Signal()

    def __init__(self, text: str, button: str, icon: str, name: str, tip: str, parent: QWidget | None = None) -> None:
        """`name` and `tip`: accessible name and tip of the button."""
        super().__init__(parent)
        self._label = Label(text)
        self._label.setObjectName("muted")
        act = QPushButton(theme.icon(icon), button)
        act.setAccessibleName(name)
        act.setToolTip(plain_tip(tip))
        act.clicked.connect(self.asked)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(self._label, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(act, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    def set_text(self, text: str) -> None:
        """Replaces the sentence, for example by what is in progress."""
        self._label.setText(text)
