"""Row of the buttons that accept and cancel a dialog."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton

from core.language import _


class ButtonRow(QHBoxLayout):
    """Cancel, and the button that accepts the dialog, which Enter presses."""

    def __init__(self, dialog: QDialog, accept: str) -> None:
        """`accept`: text of the button."""
        super().__init__()
        cancel, self.accepting = QPushButton(_("Cancel")), QPushButton(accept)
        cancel.setAutoDefault(False)
        cancel.clicked.connect(dialog.reject)
        self.accepting.setObjectName("primary")
        self.accepting.setDefault(True)
        self.accepting.clicked.connect(dialog.accept)
        self.addStretch(1)
        self.addWidget(cancel)
        self.addWidget(self.accepting)
