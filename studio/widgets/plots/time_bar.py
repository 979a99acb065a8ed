"""Time bar: the steps of a run, with a mark for each stored sample grid, and a handle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QWidget

from studio import theme

Steps = NDArray[np.int64]
RADIUS = 7
LARGEST = 2**31 - 1


class TimeBar(QAbstractSlider):
    """Dragged anywhere. The keys are those of whoever it belongs to."""

    scrubbed = Signal(int)
    """A hand is at this step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: Steps = np.empty(0, np.int64)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Step of the training")
        self.setRange(0, 0)

    def show_span(self, first: int, last: int) -> None:
        """The steps at both ends."""
        with QSignalBlocker(self):
            self.setRange(first, min(last, LARGEST))
        self.update()

    def show_pictures(self, steps: Steps) -> None:
        """Steps of which there is a picture."""
        self._pictures = steps
        self.update()

    def show_step(self, step: int) -> None:
        """Where the handle stands; emits nothing."""
        with QSignalBlocker(self):
            self.setValue(min(step, LARGEST))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 26)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 26)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self.scrubbed.emit(self._step_at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self.scrubbed.emit(self._step_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, left, right = self.height() / 2, float(RADIUS), float(self.width() - RADIUS)
        enabled = self.isEnabled() and self.maximum() > self.minimum()
        groove = QRectF(left, middle - 2, right - left, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scheme.border))
        painter.drawRoundedRect(groove, 2, 2)
        if not enabled:
            return
        handle = self._x(self.value())
        painter.setBrush(QColor(scheme.accent))
        painter.drawRoundedRect(QRectF(left, middle - 2, handle - left, 4), 2, 2)
        self._paint_pictures(painter, middle)
        painter.setPen(QPen(QColor(scheme.text if self.hasFocus() else scheme.accent), 1.5))
        painter.setBrush(QColor(scheme.accent))
        radius = RADIUS - 1 if self.isSliderDown() else RADIUS - 2
        painter.drawEllipse(QPointF(handle, middle), radius, radius)

    def _paint_pictures(self, painter: QPainter, middle: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QColor(theme.current().outline))
        # One line a pixel is all that can be seen, however many there are.
        for x in sorted({round(self._x(step)) for step in self._pictures.tolist()}):
            painter.drawLine(x, round(middle) + 6, x, round(middle) + 9)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _x(self, step: int) -> float:
        share = (step - self.minimum()) / max(self.maximum() - self.minimum(), 1)
        return RADIUS + min(max(share, 0.0), 1.0) * (self.width() - 2 * RADIUS)

    def _step_at(self, position: QPointF) -> int:
        share = (position.x() - RADIUS) / max(self.width() - 2 * RADIUS, 1)
        return self.minimum() + round(min(max(share, 0.0), 1.0) * (self.maximum() - self.minimum()))
