"""Scrubber: a slider for the position on a trajectory, with a play button."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QSize, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from studio import theme
from studio.widgets.basic.slider_row import SliderRow

FRAME_MS = 33
LONGEST_STEP = 0.1
"""Part of a segment, between two frames: a slow generator plays slower rather than in jumps."""


class Scrubber(QWidget):
    """From 0 to 1. Playing takes a step only after `set_waiting(False)`, so a slow answer never builds a backlog."""

    moved = Signal(float)
    """To another position, by hand or by playing."""
    arrived = Signal(float)
    """Playing went past the end; so far beyond it. Comes instead of `moved`."""

    def __init__(self, label: str, help: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._waiting = False
        self._seconds = 4.0
        self._segments = 1.0
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._advance)
        self._clock = QElapsedTimer()
        self._play = QToolButton()
        self._play.setIconSize(QSize(18, 18))
        self._play.clicked.connect(self.toggle)
        self._position = SliderRow(label, 0.0, 1.0, 0.0, step=0.001, decimals=3, help=help)
        self._position.valueChanged.connect(self.moved)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._play)
        layout.addWidget(self._position, 1)
        self._show_playing()

    def set_segments(self, count: float, seconds: float) -> None:
        """Sets how many segments the trajectory has, and how long each takes to play."""
        self._segments, self._seconds = max(count, 1.0), seconds

    def position(self) -> float:
        return self._position.value()

    def set_position(self, position: float) -> None:
        """Shows a position; emits nothing."""
        self._position.set_value(position)

    def set_waiting(self, waiting: bool) -> None:
        """Says whether the image of the present position has yet to come."""
        self._waiting = waiting

    def is_playing(self) -> bool:
        return self._timer.isActive()

    def play(self) -> None:
        """Plays from here on, without an end."""
        self._clock.start()
        self._timer.start()
        self._show_playing()

    def stop(self) -> None:
        """Stops playing."""
        self._timer.stop()
        self._show_playing()

    def toggle(self) -> None:
        if self.is_playing():
            self.stop()
        else:
            self.play()

    def _advance(self) -> None:
        if self._waiting:
            return
        step = min(self._clock.restart() / 1000 / self._seconds, LONGEST_STEP) / self._segments
        position = self.position() + step
        self.set_position(position % 1.0)
        if position < 1.0:
            self.moved.emit(position)
        else:
            self.arrived.emit(position % 1.0)

    def _show_playing(self) -> None:
        playing = self.is_playing()
        self._play.setIcon(theme.icon("pause" if playing else "play"))
        self._play.setAccessibleName("Pause the walk" if playing else "Play the walk")
        self._play.setToolTip("Pause (Space)" if playing else "Walk along the way (Space)")
