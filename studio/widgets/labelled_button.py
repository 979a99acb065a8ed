"""A small button that says what it does beside its icon."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from studio import theme


class LabelledButton(QToolButton):
    """`name` is what a screen reader says, where the text alone would not tell what the button belongs to."""

    def __init__(self, icon: str, text: str, tip: str, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setIcon(theme.icon(icon))
        self.setIconSize(QSize(16, 16))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setToolTip(tip)
        self.setAccessibleName(name or text)
