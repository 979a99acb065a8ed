"""Footer of the window: the status of the training, and the buttons that start and stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from core.events import Tuned
from core.language import _, number, titled
from studio import theme
from studio.model.run_status import RunStatus, resting
from studio.widgets.basic.labels import ElidedLabel, Label, YieldingButton, plain_tip
from studio.widgets.basic.scale import scale_length

if TYPE_CHECKING:
    from core.config.settings import Settings


class Footer(QFrame):
    """Status on the left, Start, Pause and Stop at the bottom right, on every workspace."""

    start_requested = Signal()
    queue_requested = Signal()
    search_requested = Signal()
    pause_requested = Signal()
    resume_requested = Signal()
    stop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("footer")
        self._state = Label()
        self._state.setObjectName("title")
        self._line = ElidedLabel()
        self._line.setAccessibleName(_("Step and time"))
        self._note = ElidedLabel()
        self._note.setObjectName("muted")
        self._start = QPushButton(theme.icon("play", "on_accent"), _("Start"))
        self._start.setObjectName("primary")
        self._queue = YieldingButton(theme.icon("list-plus"), _("Add to queue"))
        self._queue.setToolTip(plain_tip(_("Train with these settings when the device is free (Ctrl+Shift+Enter)")))
        self._queue.setEnabled(False)
        self._search = YieldingButton(theme.icon("magnifying-glass"), _("Find settings…"))
        self._search.setToolTip(plain_tip(_("Try other settings in short trainings, and show which are best")))
        self._search.setEnabled(False)
        self._pause = QPushButton(theme.icon("pause"), _("Pause"))
        self._pause.setToolTip(_("Pause or resume the training (Space in the Train workspace)"))
        self._stop = QPushButton(theme.icon("stop"), _("Stop"))
        self._stop.setToolTip(_("Save a checkpoint, then stop"))
        self._is_paused = self._is_passing = False
        self._start.clicked.connect(self.start_requested)
        self._queue.clicked.connect(self.queue_requested)
        self._search.clicked.connect(self.search_requested)
        self._pause.clicked.connect(self.toggle_pause)
        self._stop.clicked.connect(self.stop_requested)
        self._strips = QHBoxLayout()
        self._strips.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 8)
        row.setSpacing(8)
        row.addWidget(self._state)
        row.addWidget(self._line)
        row.addLayout(self._strips, 1)
        row.addWidget(self._note)
        for button in (self._start, self._queue, self._search, self._pause, self._stop):
            if button not in (self._queue, self._search):
                scale_length(button, button.setMinimumWidth, 84)
            row.addWidget(button)
        self.show_run(resting("", resumes=False))

    def add_strip(self, strip: QWidget) -> None:
        """Adds a strip between the status and the buttons, where its visibility moves nothing."""
        self._strips.addWidget(strip, 100)

    def set_can_queue(self, can_queue: bool) -> None:
        """Enables adding to the queue and the search for settings, when images are open."""
        self._queue.setEnabled(can_queue)
        self._search.setEnabled(can_queue)

    def toggle_pause(self) -> None:
        """Pauses or resumes the training, if possible."""
        if self._pause.isEnabled():
            (self.resume_requested if self._is_paused else self.pause_requested).emit()

    def show_run(self, status: RunStatus) -> None:
        """Shows state, line and buttons of one moment."""
        self._state.setText(status.state)
        self._line.setText(status.line)
        self._line.setToolTip(plain_tip(status.details))
        self._start.setText(status.start)
        self._start.setToolTip(plain_tip(status.start_tip))
        self._is_paused = status.is_paused
        self._pause.setText(_("Resume") if status.is_paused else _("Pause"))
        self._pause.setIcon(theme.icon("play" if status.is_paused else "pause"))
        self._stop.setText(status.stop)
        self._stop.setToolTip(plain_tip(status.stop_tip))
        self._start.setEnabled(status.can_start)
        self._pause.setEnabled(status.can_pause)
        self._stop.setEnabled(status.can_stop)
        if not (status.can_pause or status.can_stop) and self._is_passing:
            self.clear_status()

    def show_tuned(self, tuned: Tuned, settings: Settings) -> None:
        """Shows the choice of the device trial in the tip."""
        text = _("Trains on {device} in {precision}, {memory_format}").format(
            device=tuned.device, precision=tuned.precision, memory_format=tuned.memory_format
        )
        speed = _("{rate} points/s") if settings.points else _("{rate} images/s")
        rates = [titled(choice, speed.format(rate=number(rate))) for choice, rate in tuned.rates.items()]
        self._state.setToolTip(plain_tip("\n".join([text, *rates])))

    def show_saved(self, step: int) -> None:
        """Shows that a checkpoint was saved automatically."""
        self.show_status(_("saved at step {step}").format(step=number(step)))
        self._is_passing = False

    def show_status(self, text: str, tip: str = "") -> None:
        """Shows an activity beside the training."""
        self._note.setText(text)
        self._note.setToolTip(plain_tip(tip))
        self._is_passing = True

    def clear_status(self) -> None:
        """Clears the status texts, as another training is shown."""
        self.show_status("")
        self._is_passing = False
