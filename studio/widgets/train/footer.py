"""Footer of the window: the status of the training, and the buttons that start and stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QWidget

from core.data.names import quoted
from core.events import Progress, Report, Tuned
from studio import theme
from studio.widgets.basic.labels import ElidedLabel, Label, plain_tip

if TYPE_CHECKING:
    from core.config.settings import Settings


LONGEST_NAME = 24
"""Characters of a name that stands beside the buttons; its tip has the whole."""


class Footer(QFrame):
    """Status on the left, Start / Pause / Stop at the bottom right, on every workspace."""

    start_requested = Signal()
    pause_requested = Signal()
    resume_requested = Signal()
    stop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("footer")
        self._state = Label("Idle")
        self._state.setObjectName("title")
        self._numbers = ElidedLabel()
        self._numbers.setAccessibleName("Progress, rate and times")
        self._saved = ElidedLabel()
        self._saved.setObjectName("muted")
        self._bar = QProgressBar(textVisible=False)
        self._bar.setFixedWidth(140)
        self._start = QPushButton(theme.icon("play", "on_accent"), "Start")
        self._start.setObjectName("primary")
        self._pause = QPushButton(theme.icon("pause"), "Pause")
        self._pause.setToolTip("Pause, or go on (Space in the Train workspace)")
        self._stop = QPushButton(theme.icon("stop"), "Stop")
        self._stop.setToolTip("Save, then stop")
        self._paused = self._has_status = False
        self._start.clicked.connect(self.start_requested)
        self._pause.clicked.connect(self.toggle_pause)
        self._stop.clicked.connect(self.stop_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(12)
        row.addWidget(self._state)
        row.addWidget(self._bar)
        row.addWidget(self._numbers)
        row.addStretch(1)
        row.addWidget(self._saved)
        for button in (self._start, self._pause, self._stop):
            button.setMinimumWidth(92)
            row.addWidget(button)
        self.show_idle("", resumes=False)

    def toggle_pause(self) -> None:
        """Pause or go on, if there is a training that can."""
        if self._pause.isEnabled():
            (self.resume_requested if self._paused else self.pause_requested).emit()

    def show_idle(self, dataset: str, resumes: bool) -> None:
        """Nothing runs. `dataset`: the title of what Start trains on; empty if no images are open."""
        if dataset:
            tip = f"{'Continue' if resumes else 'Start'} training on {quoted(dataset)} (Ctrl+Enter)"
        else:
            tip = "Open images first"
        self._rest("Idle" if dataset else "No dataset", tip, bool(dataset), resumes)

    def show_reading(self, name: str, resumes: bool) -> None:
        """Nothing runs, and nothing can be started until this dataset or run is open."""
        state = f"Reading {quoted(name if len(name) <= LONGEST_NAME else f'{name[:LONGEST_NAME]}…')}"
        self._rest(state, f"{quoted(name)} is being read: start when it is open, or cancel it", False, resumes)

    def _rest(self, state: str, tip: str, can_start: bool, resumes: bool) -> None:
        if self._has_status:
            self.show_status("")
        self._set(state, can_start, False, False)
        self._start.setText("Continue" if resumes else "Start")
        self._start.setToolTip(plain_tip(tip))

    def show_starting(self, progress: Progress | None = None) -> None:
        """Images are read, the device is tried."""
        self._set("Starting", False, False, True)
        self._bar.setVisible(True)
        self._bar.setRange(0, progress.total if progress else 0)
        if progress:
            self._bar.setValue(progress.done)
        self._numbers.setText(progress.text if progress else "Warming up")

    def show_running(self, paused: bool) -> None:
        self._set("Paused" if paused else "Training", False, True, True)
        self._paused = paused
        self._pause.setText("Resume" if paused else "Pause")
        self._pause.setIcon(theme.icon("play" if paused else "pause"))

    def show_tuned(self, tuned: Tuned, settings: Settings) -> None:
        """What the trial chose, for whoever wants to know."""
        rates = "".join(f"\n{choice}: {rate:,.0f} {settings.counted}/s" for choice, rate in tuned.rates.items())
        self._state.setToolTip(
            plain_tip(f"Trains on {tuned.device} in {tuned.precision}, {tuned.memory_format}{rates}")
        )

    def show_saved(self, step: int) -> None:
        """A checkpoint was written by itself."""
        self.show_status(f"saved at step {step:,}")
        self._has_status = False

    def show_status(self, text: str, tip: str = "") -> None:
        """What goes on beside the training, and ends with it."""
        self._saved.setText(text)
        self._saved.setToolTip(plain_tip(tip))
        self._has_status = True

    def show_stopping(self) -> None:
        self._set("Saving", False, False, False)

    def show_report(self, report: Report, settings: Settings) -> None:
        """Step, images (or points) seen, their rate, elapsed, time left and memory."""
        rate, counted = report.stats.get("Timing/images_per_sec", 0.0), settings.counted
        parts = [f"step {report.step:,}", f"{report.images:,} {counted} seen", f"{rate:,.0f} {counted}/s"]
        parts.append(f"{duration(report.seconds)} elapsed")
        left = seconds_left(report, settings)
        if left is not None:
            parts.append(f"{duration(left)} left")
        memory = report.stats.get("Memory/device_gb", report.stats.get("Memory/host_gb"))
        if memory is not None:
            parts.append(f"{memory:.1f} GB")
        self._numbers.setText("   ".join(parts))
        self._numbers.setToolTip(plain_tip("\n".join(parts)))

    def _set(self, state: str, start: bool, pause: bool, stop: bool) -> None:
        self._state.setText(state)
        self._bar.setVisible(False)
        self._start.setEnabled(start)
        self._pause.setEnabled(pause)
        self._stop.setEnabled(stop)


def seconds_left(report: Report, settings: Settings) -> float | None:
    """Estimated from the whole training so far; None without a limit."""
    left = []
    if settings.minutes is not None:
        left.append(60 * settings.minutes - report.seconds)
    if settings.steps is not None and report.step:
        left.append((settings.steps - report.step) * report.seconds / report.step)
    return max(min(left), 0.0) if left else None


def duration(seconds: float) -> str:
    """h:mm:ss, or m:ss below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
