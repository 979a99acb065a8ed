"""Timeline of a run: scrubbed, stepped, played, or following the training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from core.language import _, number
from studio import theme
from studio.model.train import Flag
from studio.widgets.basic.labels import IconButton, Label
from studio.widgets.plots.time_bar import Steps, TimeBar

SPEEDS = (5, 10, 20, 30)
"""Frames per second."""
PARTS = 100
"""Arrow-key steps across a run without stored samples."""


class Timeline(QWidget):
    """Timeline. Left and Right step, Page Up and Page Down jump between flags, Home goes to the start, End follows the
    training, Space plays."""

    moved = Signal(object)
    """Chosen step, or None to follow the newest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._span = 0, 0
        self._moment: int | None = None
        self._pictures: Steps = np.empty(0, np.int64)
        self._flagged: list[int] = []
        self._waiting = False
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._advance)
        self._bar = TimeBar()
        self._bar.setToolTip(
            _("Drag to see earlier samples; flags mark checkpoints, the best one, and changed settings")
        )
        self._bar.scrubbed.connect(self._scrub)
        self._play = IconButton("play", _("Play"))
        self._play.clicked.connect(self.toggle)
        self._back = IconButton("caret-left", _("Previous samples"), _("Previous samples (Left)"))
        self._back.clicked.connect(lambda: self.step_by(-1))
        self._forth = IconButton("caret-right", _("Next samples"), _("Next samples (Right)"))
        self._forth.clicked.connect(lambda: self.step_by(1))
        self._said = Label()
        self._speed = QComboBox()
        self._live = QToolButton()
        self._build()
        self._show_playing()
        self._show()

    # --- input ---

    def set_span(self, span: tuple[int, int] | None) -> None:
        """Sets the first and last step of the reports; None if there are none."""
        self._span = span or (0, 0)
        self._show()

    def set_pictures(self, steps: Steps) -> None:
        """Sets the steps with stored samples, ascending."""
        self._pictures = steps
        self._bar.show_pictures(steps)
        self._show()

    def set_flags(self, flags: Sequence[Flag]) -> None:
        """Sets the flags."""
        self._flagged = sorted({flag.step for flag in flags})
        self._bar.show_flags(flags)

    def set_moment(self, step: int | None) -> None:
        """Shows the chosen step; emits nothing."""
        self._moment = step
        if step is None:
            self.stop()
        self._show()

    def set_waiting(self, waiting: bool) -> None:
        """Sets whether the samples of the current moment are still loading; playback waits for them."""
        self._waiting = waiting

    # --- output ---

    def moment(self) -> int | None:
        """Returns the chosen step; None for the newest."""
        return self._moment

    def picture_at(self, step: int) -> int | None:
        """Returns the step of the newest stored samples at or before this step, or else of the first; None if there are
        none."""
        if not len(self._pictures):
            return None
        return int(self._pictures[max(int(np.searchsorted(self._pictures, step, "right")) - 1, 0)])

    # --- actions ---

    def go(self, step: int | None) -> None:
        """Goes to a step; None follows the newest."""
        if step != self._moment:
            self.set_moment(step)
            self.moved.emit(step)

    def step_by(self, count: int) -> None:
        """Moves by a number of stored samples."""
        self.stop()
        here = self._bar.maximum() if self._moment is None else self._moment
        stops = self._pictures if len(self._pictures) else np.linspace(*self._ends(), PARTS + 1).astype(np.int64)
        past = count > 0
        at = int(np.searchsorted(stops, here, "right" if past else "left")) + (count - 1 if past else count)
        self.go(int(stops[min(max(at, 0), len(stops) - 1)]))

    def go_to_flag(self, forward: bool) -> None:
        """Goes to the next or previous flag, if there is one."""
        here = self._bar.maximum() + 1 if self._moment is None else self._moment
        ahead = [step for step in self._flagged if (step > here if forward else step < here)]
        if ahead:
            self._scrub(ahead[0] if forward else ahead[-1])

    def is_playing(self) -> bool:
        return self._timer.isActive()

    def toggle(self) -> None:
        """Starts playback, from the start if at the end; or stops."""
        if self.is_playing():
            self.stop()
        elif len(self._pictures) > 1:
            if self._moment is None or self._moment >= self._pictures[-1]:
                self.go(int(self._pictures[0]))
            self._timer.start(1000 // self._speed.currentData())
            self._show_playing()

    def stop(self) -> None:
        """Stops playback."""
        if self.is_playing():
            self._timer.stop()
            self._show_playing()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Left:
                self.step_by(-1)
            case Qt.Key.Key_Right:
                self.step_by(1)
            case Qt.Key.Key_PageUp | Qt.Key.Key_PageDown:
                self.go_to_flag(event.key() == Qt.Key.Key_PageDown)
            case Qt.Key.Key_Home:
                self._scrub(self._ends()[0])
            case Qt.Key.Key_End:
                self.go(None)
            case Qt.Key.Key_Space if not event.isAutoRepeat():
                self.toggle()
            case _:
                super().keyPressEvent(event)

    def _scrub(self, step: int) -> None:
        self.stop()
        self.go(step)

    def _advance(self) -> None:
        if self._waiting:
            return
        assert self._moment is not None
        at = int(np.searchsorted(self._pictures, self._moment, "right"))
        if at < len(self._pictures):
            self.go(int(self._pictures[at]))
        else:
            self.stop()

    # --- painting ---

    def _ends(self) -> tuple[int, int]:
        pictures = self._pictures
        if not len(pictures):
            return self._span
        return min(self._span[0], int(pictures[0])), max(self._span[1], int(pictures[-1]))

    def _show(self) -> None:
        first, last = self._ends()
        here = last if self._moment is None else self._moment
        self._bar.show_span(first, last)
        self._bar.show_step(here)
        self.setEnabled(last > first)
        self._live.setChecked(self._moment is None)
        self._play.setEnabled(len(self._pictures) > 1)
        step = _("step {step}")
        self._said.setText(step.format(step=number(here)) if last > first else "")
        self._said.setMinimumWidth(self._said.fontMetrics().horizontalAdvance(step.format(step=number(last))))

    def _show_playing(self) -> None:
        playing = self.is_playing()
        self._play.setIcon(theme.icon("pause" if playing else "play"))
        self._play.setAccessibleName(_("Pause") if playing else _("Play"))
        self._play.setToolTip(_("Pause (Space)") if playing else _("Play the stored samples (Space)"))

    def _build(self) -> None:
        for speed in SPEEDS:
            self._speed.addItem(_("{speed} fps").format(speed=speed), speed)
        self._speed.setCurrentIndex(SPEEDS.index(10))
        self._speed.setAccessibleName(_("Speed"))
        self._speed.setToolTip(_("Playback speed in frames per second"))
        self._speed.currentIndexChanged.connect(
            lambda _index: self._timer.setInterval(1000 // self._speed.currentData())
        )
        self._live.setText(_("Live"))
        self._live.setCheckable(True)
        self._live.setAccessibleName(_("Live"))
        self._live.setToolTip(_("Show the newest samples and follow the training (End)"))
        self._live.clicked.connect(self._go_live)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for button in (self._play, self._back, self._forth):
            row.addWidget(button)
        row.addWidget(self._bar, 1)
        for widget in (self._said, self._speed, self._live):
            row.addWidget(widget)
        self.setFocusProxy(self._bar)

    def _go_live(self) -> None:
        self.go(None)
        self._show()  # a second click leaves it checked
