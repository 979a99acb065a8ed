"""Runner of jobs beside a training: one at a time, with progress and cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from core.errors import UserError
from core.events import Event, Progress, Saved
from studio.background.threads import Events, IteratorThread
from studio.background.workers import Workers


class JobRunner(QObject):
    """An export, a file that is saved, a run that is read."""

    progressed = Signal(object)
    """A `Progress`."""
    saved = Signal(object)
    """A `Saved`."""
    ended = Signal()
    problem = Signal(object)

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._thread: IteratorThread | None = None

    def start(
        self,
        make: Callable[[], Events],
        show: Callable[[Event], object] = lambda event: None,
        done: Callable[[Any], object] = lambda result: None,
    ) -> None:
        """Runs a generator; `show` gets what is no progress, and `done` what it returned unless that was `Saved`."""
        if self._thread is not None:
            self.problem.emit(UserError("Another job is still running.", "Wait for it, or cancel it first."))
            return
        self._thread = self._workers.spawn(
            make, lambda event: self._show(event, show), lambda result: self._finish(result, done), self._end
        )

    def cancel(self) -> None:
        if self._thread is not None:
            self._thread.stop()

    def _show(self, event: Event, show: Callable[[Event], object]) -> None:
        if isinstance(event, Progress):
            self.progressed.emit(event)
        else:
            show(event)

    def _finish(self, result: object, done: Callable[[Any], object]) -> None:
        if isinstance(result, Saved):
            self.saved.emit(result)
        else:
            done(result)

    def _end(self) -> None:
        self._thread = None
        self.ended.emit()
