"""Controller of the title bar: the open or training run, its step, and the program's name."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from core.events import Report
from core.language import _, number
from core.runs.run_name import dataset_title
from studio.main_window import PROGRAM, MainWindow
from studio.model.train import OpenedRun, TrainingState
from studio.services.session import Session

PAUSE_MS = 1000
"""Shortest time between two titles during a training, as task bars redraw on each change."""


class TitleController(QObject):
    """Names the run, else its dataset, else the program alone."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._source = ""
        """Dataset of the current or next run."""
        self._step = -1
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self.refresh)

    def show_run(self, run: OpenedRun) -> None:
        """Names another run."""
        self._source, self._step = run.dataset, run.step
        self.refresh()

    def show_state(self, state: TrainingState) -> None:
        """Follows the start, progress and end of a training."""
        if state is not TrainingState.IDLE:
            self._source = self._session.training.source
        if state is TrainingState.STARTING and self._session.resume is None:
            self._step = -1
        self.refresh()

    def show_dataset(self) -> None:
        """Names newly opened images, unless a training runs on others."""
        dataset = self._session.data.dataset
        if self._session.training.state is TrainingState.IDLE and dataset is not None:
            self._source = dataset.source
            self.refresh()

    def show_resume(self) -> None:
        """Follows a changed start point: another checkpoint, or a new run."""
        resume = self._session.resume
        if resume is None:
            self._step = -1
        elif resume.stem.isdecimal():
            self._step = int(resume.stem)
        self.refresh()

    def show_reports(self, reports: list[Report]) -> None:
        """Follows the training's step."""
        self._step = reports[-1].step
        if not self._timer.isActive():
            self._timer.start()

    def refresh(self) -> None:
        """Updates the title."""
        name = self._session.naming.name or dataset_title(self._source)
        if name and self._step >= 0:
            name = _("{name} · step {step}").format(name=name, step=number(self._step))
        self._window.setWindowTitle(f"{name} ({PROGRAM})" if name else PROGRAM)
