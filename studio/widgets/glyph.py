"""An icon that stands on its own, outside of any button."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from studio import theme


class Glyph(QWidget):
    """Paints the icon `name` at `pixels` square, in a colour role of the scheme and so always in the current one."""

    def __init__(self, name: str, pixels: int, role: str = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._role = role
        self.setFixedSize(QSize(pixels, pixels))

    def set_glyph(self, name: str, role: str) -> None:
        """Show another icon."""
        self._name, self._role = name, role
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colour = QColor(getattr(theme.current(), self._role))
        theme.paint_glyph(QPainter(self), self.rect(), self._name, colour)
