"""Slider that fills from zero, to either side."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from studio import theme

HANDLE = 8.0
GROOVE = 4.0
TICK = 12.0


class BipolarSlider(QSlider):
    """Slider from -n to n. A click moves the handle there, a double-click resets to zero."""

    def __init__(self, steps: int, parent: QWidget | None = None) -> None:
        """`steps`: number of steps to either side."""
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(-steps, steps)
        self.setPageStep(max(steps // 5, 1))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(280, 28)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, 28)

    def x_of(self, value: int) -> float:
        """Returns the x position of a value on the widget."""
        room = self.width() - 2 * HANDLE - 2
        return HANDLE + 1 + room * (value - self.minimum()) / (self.maximum() - self.minimum())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._go(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.setValue(0)

    def _go(self, x: float) -> None:
        room = max(self.width() - 2 * HANDLE - 2, 1.0)
        share = min(max((x - HANDLE - 1) / room, 0.0), 1.0)
        self.setValue(round(self.minimum() + share * (self.maximum() - self.minimum())))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = QColor(scheme.accent if self.isEnabled() else scheme.muted)
        middle, zero, handle = self.height() / 2, self.x_of(0), self.x_of(self.value())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scheme.border))
        painter.drawRoundedRect(QRectF(HANDLE, middle - GROOVE / 2, self.width() - 2 * HANDLE, GROOVE), 2, 2)
        painter.setBrush(accent)
        painter.drawRect(QRectF(min(zero, handle), middle - GROOVE / 2, abs(handle - zero), GROOVE))
        painter.setPen(QPen(QColor(scheme.muted), 1))
        painter.drawLine(QPointF(zero, middle - TICK / 2), QPointF(zero, middle + TICK / 2))
        painter.setPen(QPen(accent, 2))
        painter.setBrush(accent if self.hasFocus() else QColor(scheme.surface))
        painter.drawEllipse(QPointF(handle, middle), HANDLE - 1, HANDLE - 1)
