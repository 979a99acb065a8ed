"""Runner of background jobs, one at a time in the order of their starts, with progress and cancel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from core.events import Event, Progress, Saved
from core.language import _, plural
from studio.background.threads import Events, IteratorThread
from studio.background.workers import Workers


@dataclass(frozen=True, eq=False)
class Job:
    """A waiting or running job. `title`: its name, such as "Video export"."""

    title: str
    make: Callable[[], Events]
    show: Callable[[Event], object]
    done: Callable[[Any], object]


class JobRunner(QObject):
    """Runner of exports, saves and reading of runs."""

    progressed = Signal(object)
    """A `Progress`."""
    saved = Signal(object)
    """A `Saved`."""
    ended = Signal()
    waiting_changed = Signal(list)
    """Titles of the waiting jobs, the next one first."""
    notice = Signal(str)

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._thread: IteratorThread | None = None
        self._running = ""
        self._waiting: list[Job] = []

    def start(
        self,
        make: Callable[[], Events],
        show: Callable[[Event], object] = lambda event: None,
        done: Callable[[Any], object] = lambda result: None,
        *,
        title: str = _("Job"),
    ) -> None:
        """Runs a generator after earlier jobs; `show` receives events other than progress, and `done` the return value
        unless it is `Saved`."""
        self._waiting.append(Job(title, make, show, done))
        if self._thread is None:
            self._begin_next()
            return
        ahead = len(self._waiting) - 1
        text = _("{running} is running; {job} starts next.").format(running=self._running, job=title)
        if ahead:
            text = plural(
                "{running} is running; {job} starts after {count} more.",
                "{running} is running; {job} starts after {count} more.",
                ahead,
                running=self._running,
                job=title,
            )
        self.notice.emit(text)
        self._tell_waiting()

    def cancel(self) -> None:
        """Stops the running job; the next one begins."""
        if self._thread is not None:
            self._thread.stop()

    def cancel_waiting(self, index: int) -> None:
        """Removes a waiting job by its index."""
        if index < len(self._waiting):
            del self._waiting[index]
            self._tell_waiting()

    def _begin_next(self) -> None:
        job = self._waiting.pop(0)
        self._running = job.title
        self._thread = self._workers.spawn(
            job.make,
            lambda event: self._show(event, job.show),
            lambda result: self._finish(result, job.done),
            self._end,
        )

    def _tell_waiting(self) -> None:
        self.waiting_changed.emit([job.title for job in self._waiting])

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
        if self._waiting and self._thread is None:  # a receiver may have started one
            self._begin_next()
            self._tell_waiting()
