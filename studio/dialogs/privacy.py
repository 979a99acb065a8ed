"""Dialog that shows what a checkpoint reveals about its training images."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.language import _
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.basic.labels import Label

WIDTH = 560


class PrivacyDialog(QDialog):
    """Non-modal dialog."""

    def __init__(self, lines: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Privacy"))
        self._text = "\n".join(lines)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        for line in lines:
            said = Label(line, wordWrap=True)
            said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(said)
        copy, close = QPushButton(_("Copy")), QPushButton(_("Close"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._text))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(HelpButton("privacy"))
        foot.addStretch(1)
        foot.addWidget(copy)
        foot.addWidget(close)
        layout.addLayout(foot)
        self.setMinimumWidth(WIDTH)
