"""Runner of one task at a time, which a newer task replaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.events import Event
from studio.background.threads import Events, IteratorThread
from studio.background.workers import Callbacks, Workers


class NewestTask:
    """Runs a generator in a thread and delivers its events until a newer generator starts.

    Delivers nothing of a replaced generator: no events, no result, no end.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._thread: IteratorThread | None = None

    @property
    def is_running(self) -> bool:
        return self._thread is not None

    def start(
        self,
        make: Callable[[], Events],
        show: Callable[[Event], object] = lambda event: None,
        done: Callable[[Any], object] = lambda result: None,
        end: Callable[[], object] = lambda: None,
    ) -> IteratorThread:
        """Starts a generator instead of the running one; callbacks as in `Workers.spawn`."""
        thread = self._workers.spawn(make)
        self.adopt(thread, show, done, end)
        return thread

    def adopt(
        self,
        thread: IteratorThread,
        show: Callable[[Event], object] = lambda event: None,
        done: Callable[[Any], object] = lambda result: None,
        end: Callable[[], object] = lambda: None,
    ) -> None:
        """Replaces the running generator by one that runs already; delivers its further events."""
        self.drop()
        self._thread = thread

        def finish() -> None:
            self._thread = None
            end()

        self._workers.redirect(thread, Callbacks(show, done, finish))

    def cancel(self) -> None:
        """Stops the generator; its end is delivered as usual."""
        if self._thread is not None:
            self._thread.stop()

    def drop(self) -> None:
        """Stops the generator and delivers nothing further."""
        if self._thread is not None:
            self._workers.dismiss(self._thread)
            self._thread = None
