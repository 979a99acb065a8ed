"""Scrubber: a slider for the time on a trajectory, with a play button."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QWidget

from core.language import _, number
from studio import theme
from studio.widgets.basic.labels import Label
from studio.widgets.basic.scale import scale_icon
from studio.widgets.basic.spin_boxes import WheelGuard

FRAME_MS = 16
LONGEST_STEP = 0.1
"""Longest step between two frames in seconds: a slow generator plays slower instead of jumping."""
STEPS = 1000


class Scrubber(QWidget):
    """Slider for the time, in [0, 1]. Playback advances only after `set_waiting(False)`, so that a slow answer builds
    no backlog; it repeats from the end."""

    moved = Signal(float)
    """New time in [0, 1], by the user or playback."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._waiting = False
        self._seconds, self._share = 1.0, 0.0
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._advance)
        self._clock = QElapsedTimer()
        self._play = QToolButton()
        scale_icon(self._play, 18)
        self._play.clicked.connect(self.toggle)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, STEPS)
        self._slider.setPageStep(STEPS // 10)
        self._slider.setMinimumWidth(60)
        self._slider.setAccessibleName(_("Time"))
        self._slider.setToolTip(_("Time on the timeline; arrow keys move in small steps."))
        self._slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._slider.installEventFilter(WheelGuard(self))
        self._slider.valueChanged.connect(self._slide)
        self._time = Label()
        self._time.setObjectName("muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._play)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._time)
        self._show_playing()

    def set_seconds(self, seconds: float) -> None:
        """Sets the duration of the trajectory; 0 if there is nothing to play."""
        self._seconds = seconds
        for widget in (self._play, self._slider):
            widget.setEnabled(seconds > 0)
        self._show_time()

    def share(self) -> float:
        """Returns the elapsed share of the time."""
        return self._share

    def set_share(self, share: float) -> None:
        """Shows an elapsed share; emits nothing."""
        self._share = share
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(share * STEPS))
        self._show_time()

    def set_waiting(self, waiting: bool) -> None:
        """Sets whether the image of the current position is still being rendered."""
        self._waiting = waiting

    def is_playing(self) -> bool:
        return self._timer.isActive()

    def play(self) -> None:
        """Plays in a loop from here."""
        self._clock.start()
        self._timer.start()
        self._show_playing()

    def stop(self) -> None:
        """Stops playback."""
        self._timer.stop()
        self._show_playing()

    def toggle(self) -> None:
        """Starts or stops playback."""
        if self.is_playing():
            self.stop()
        elif self._seconds > 0:
            self.play()

    def _slide(self, value: int) -> None:
        self._share = value / STEPS
        self._show_time()
        self.moved.emit(self._share)

    def _advance(self) -> None:
        if self._waiting or self._seconds <= 0:
            return
        step = min(self._clock.restart() / 1000, LONGEST_STEP) / self._seconds
        self.set_share((self._share + step) % 1.0)
        self.moved.emit(self._share)

    def _show_time(self) -> None:
        elapsed, whole = number(self._share * self._seconds, 1), number(self._seconds, 1)
        self._time.setText(_("{elapsed} / {whole} s").format(elapsed=elapsed, whole=whole))

    def _show_playing(self) -> None:
        playing = self.is_playing()
        self._play.setIcon(theme.icon("pause" if playing else "play"))
        self._play.setAccessibleName(_("Pause the timeline") if playing else _("Play the timeline"))
        self._play.setToolTip(_("Pause (Space)") if playing else _("Play the timeline (Space)"))
