"""Service that asks a training of another process to stop, pause, save or change settings, one request at a time."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.background.threads import Events
from studio.background.workers import Workers

if TYPE_CHECKING:
    from core.runs.requests import Request


class RunSteering(QObject):
    """Sends requests in the order in which they were made. Refusals are the workers' `problem`."""

    answered = Signal(object, object)
    """Run folder, and `Request` that its training has carried out."""
    refused = Signal(object)
    """Run folder whose training has refused a request, or has not answered."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._waiting: deque[tuple[Path, Request]] = deque()
        self._is_asking = self._is_answered = False

    def ask(self, run: Path, request: Request) -> None:
        """Asks the training in a run, after the requests before."""
        self._waiting.append((run, request))
        if not self._is_asking:
            self._ask_next()

    def _ask_next(self) -> None:
        run, request = self._waiting.popleft()
        self._is_asking, self._is_answered = True, False

        def done(_: None) -> None:
            self._is_answered = True
            self.answered.emit(run, request)

        def end() -> None:
            self._is_asking = False
            if not self._is_answered:
                self.refused.emit(run)
            if self._waiting and not self._is_asking:
                self._ask_next()

        self._workers.spawn(lambda: _asked(run, request), done=done, end=end)


def _asked(run: Path, request: Request) -> Events:
    from core.runs.requests import answered, ask

    yield from answered(ask(run, request))
