"""Time bar: the steps of a run with a handle, a mark for each stored sample grid, and flags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QToolTip, QWidget

from core.language import _, number
from studio import theme
from studio.model.train import Flag
from studio.widgets.basic.labels import plain_tip

Steps = NDArray[np.int64]
RADIUS = 7
LARGEST = 2**31 - 1
FLAGS, BELOW = 14, 20
"""Height of the flags above the groove and of the part below, in pixels."""
REACH = 6
"""Distance in pixels at which a flag is hit."""
MOST_NAMED = 8
"""Largest number of flags in one tip."""
ORDER = ("edit", "checkpoint", "best")
"""Painting order of flags, last on top."""


class TimeBar(QAbstractSlider):
    """Bar with a handle that can be dragged from anywhere. Its owner handles the keys."""

    scrubbed = Signal(int)
    """Step under the dragged handle."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: Steps = np.empty(0, np.int64)
        self._flags: tuple[Flag, ...] = ()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Step of the training"))
        self.setRange(0, 0)

    def show_span(self, first: int, last: int) -> None:
        """Sets the first and last step."""
        with QSignalBlocker(self):
            self.setRange(first, min(last, LARGEST))
        self.update()

    def show_pictures(self, steps: Steps) -> None:
        """Sets the steps with stored samples."""
        self._pictures = steps
        self.update()

    def show_flags(self, flags: Sequence[Flag]) -> None:
        """Sets the flags above the groove, in any order."""
        self._flags = tuple(sorted(flags, key=lambda flag: (ORDER.index(flag.kind), flag.step)))
        words = [_line(flag) for flag in sorted(flags, key=lambda flag: flag.step)]
        self.setAccessibleDescription("\n".join(words[-MOST_NAMED:]))
        self.update()

    def flags_at(self, position: QPointF) -> list[Flag]:
        """Returns the flags under a point of the widget, nearest first."""
        if position.y() > FLAGS + 2:
            return []
        near = [(abs(self._x(flag.step) - position.x()), flag) for flag in reversed(self._flags)]
        return [flag for away, flag in sorted(near, key=lambda pair: pair[0]) if away <= REACH]

    def show_step(self, step: int) -> None:
        """Moves the handle; emits nothing."""
        with QSignalBlocker(self):
            self.setValue(min(step, LARGEST))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, FLAGS + BELOW)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, FLAGS + BELOW)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if flags := self.flags_at(event.position()):
            self.scrubbed.emit(flags[0].step)
        else:
            self.setSliderDown(True)
            self.scrubbed.emit(self._step_at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self.scrubbed.emit(self._step_at(event.position()))
        elif self.flags_at(event.position()):
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.unsetCursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.setSliderDown(False)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, scheme = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(0, FLAGS)
        middle, left, right = (self.height() - FLAGS) / 2, float(RADIUS), float(self.width() - RADIUS)
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
        self._paint_flags(painter, middle)
        painter.setPen(QPen(QColor(scheme.text if self.hasFocus() else scheme.accent), 1.5))
        painter.setBrush(QColor(scheme.accent))
        radius = RADIUS - 1 if self.isSliderDown() else RADIUS - 2
        painter.drawEllipse(QPointF(handle, middle), radius, radius)

    def _paint_pictures(self, painter: QPainter, middle: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QColor(theme.current().outline))
        # At most one line per pixel is visible.
        for x in sorted({round(self._x(step)) for step in self._pictures.tolist()}):
            painter.drawLine(x, round(middle) + 6, x, round(middle) + 9)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _paint_flags(self, painter: QPainter, middle: float) -> None:
        scheme = theme.current()
        colors = {"edit": scheme.accent, "checkpoint": scheme.muted, "best": scheme.good}
        # At most one flag per pixel is visible.
        drawn: dict[tuple[int, str], None] = {(round(self._x(flag.step)), flag.kind): None for flag in self._flags}
        for x, kind in drawn:
            color = QColor(colors[kind])
            painter.setPen(QPen(color, 1))
            painter.drawLine(QPointF(x + 0.5, 2 - FLAGS), QPointF(x + 0.5, middle - 3))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            away = 8.5 if x + 9 <= self.width() else -8.5  # at the right edge it points left
            tip = [QPointF(x + 0.5, 2 - FLAGS), QPointF(x + 0.5 + away, 6 - FLAGS), QPointF(x + 0.5, 10 - FLAGS)]
            painter.drawPolygon(QPolygonF(tip))

    def event(self, event: QEvent) -> bool:
        flags = self.flags_at(QPointF(event.pos())) if isinstance(event, QHelpEvent) else []
        if flags and isinstance(event, QHelpEvent):
            words = [_line(flag) for flag in flags[:MOST_NAMED]]
            QToolTip.showText(event.globalPos(), plain_tip("\n".join(words)), self)
            return True
        return super().event(event)

    def _x(self, step: int) -> float:
        share = (step - self.minimum()) / max(self.maximum() - self.minimum(), 1)
        return RADIUS + min(max(share, 0.0), 1.0) * (self.width() - 2 * RADIUS)

    def _step_at(self, position: QPointF) -> int:
        share = (position.x() - RADIUS) / max(self.width() - 2 * RADIUS, 1)
        return self.minimum() + round(min(max(share, 0.0), 1.0) * (self.maximum() - self.minimum()))


def _line(flag: Flag) -> str:
    return _("step {step}: {text}").format(step=number(flag.step), text=flag.text)
