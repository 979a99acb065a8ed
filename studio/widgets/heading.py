"""The title of a part of a column, and the button that belongs to the whole part."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget


class Heading(QWidget):
    """The title on the left, and the button, if there is one, on the right."""

    def __init__(self, title: str, button: QToolButton | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = QLabel(title)
        label.setObjectName("title")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label, 1)
        if button is not None:
            row.addWidget(button)
