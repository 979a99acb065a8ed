"""Color field: a swatch that opens the color dialog, and a #rrggbb line edit."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QColorDialog, QHBoxLayout, QLineEdit, QToolButton, QWidget

from core.language import _
from studio import theme

SWATCH = 16


class ColorEdit(QWidget):
    """Color field; an invalid text reverts to the last valid color."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._color = "#ffffff"
        self._swatch = QToolButton()
        self._swatch.setIconSize(QSize(SWATCH, SWATCH))
        self._swatch.setToolTip(_("Choose a color"))
        self._swatch.setAccessibleName(_("Choose a color"))
        self._swatch.clicked.connect(self._choose)
        self._text = QLineEdit(self._color)
        self._text.setMaxLength(20)
        self._text.setAccessibleName(_("Color as #rrggbb"))
        self._text.editingFinished.connect(lambda: self._take(self._text.text().strip()))
        self.setFocusProxy(self._text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._swatch)
        row.addWidget(self._text, 1)
        self._show()

    def color(self) -> str:
        """Returns the color as #rrggbb."""
        return self._color

    def set_color(self, color: str) -> None:
        """Shows a color; emits nothing."""
        self._color = color
        self._show()

    def _choose(self) -> None:
        chosen = QColorDialog.getColor(QColor(self._color), self, _("Background color"))
        if chosen.isValid():
            self._take(chosen.name())

    def _take(self, text: str) -> None:
        before = self._color
        if QColor.isValidColorName(text):
            self._color = QColor(text).name()
        self._show()
        if self._color != before:
            self.edited.emit()

    def _show(self) -> None:
        self._text.setText(self._color)
        picture = QPixmap(SWATCH, SWATCH)
        picture.fill(QColor(theme.current().outline))
        painter = QPainter(picture)
        painter.fillRect(1, 1, SWATCH - 2, SWATCH - 2, QColor(self._color))
        painter.end()
        self._swatch.setIcon(QIcon(picture))
