"""Threads that run generators for the services, and the timer that delivers their events to the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from core.events import Event, Progress, Report, Rewound
from studio.background.threads import Events, IteratorThread

PULL_MS = 50
"""Interval at which the window takes events from the threads, in ms."""


@dataclass(frozen=True)
class Callbacks:
    """Receivers of a generator: `show` of its events, `done` of its return value if it completed, and `end` last in any
    case. `is_dismissed`: its reports are not delivered either."""

    show: Callable[[Event], object] = lambda event: None
    done: Callable[[Any], object] = lambda result: None
    end: Callable[[], object] = lambda: None
    is_dismissed: bool = False


class Workers(QObject):
    """All running `IteratorThread`s. Emits signals and calls callbacks in the GUI thread."""

    reported = Signal(list)
    problem = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._callbacks: dict[IteratorThread, Callbacks] = {}
        self._timer = QTimer(self, interval=PULL_MS)
        self._timer.timeout.connect(self._pull)

    def spawn(
        self,
        make: Callable[[], Events],
        show: Callable[[Event], object] = lambda event: None,
        done: Callable[[Any], object] = lambda result: None,
        end: Callable[[], object] = lambda: None,
        background: bool = False,
    ) -> IteratorThread:
        """Runs the generator in its own thread; see `Callbacks` for the callbacks."""
        thread = IteratorThread(make, background, self)
        thread.failed.connect(self.problem)
        thread.refused.connect(lambda _: self._deliver(thread))  # earlier events are delivered first
        thread.ended.connect(lambda: self._finish(thread))
        thread.finished.connect(thread.deleteLater)
        self._callbacks[thread] = Callbacks(show, done, end)
        self._timer.start()
        thread.start()
        return thread

    def redirect(self, thread: IteratorThread, callbacks: Callbacks) -> None:
        """Replaces the receivers from the next event on."""
        if thread in self._callbacks:
            self._callbacks[thread] = callbacks

    def dismiss(self, thread: IteratorThread) -> None:
        """Stops a thread and delivers nothing further."""
        self.redirect(thread, Callbacks(is_dismissed=True))
        thread.stop()

    def shutdown(self) -> None:
        """Ends every thread and waits for it; drops their remaining events, which might start something new."""
        self._callbacks.clear()
        for thread in self.findChildren(IteratorThread):  # also those that have ended and are about to finish
            thread.stop()
            thread.wait()
        self._timer.stop()

    def _finish(self, thread: IteratorThread) -> None:
        if thread not in self._callbacks:  # the window is closed
            return
        self._deliver(thread)
        callbacks = self._callbacks.pop(thread, Callbacks())  # delivered events may have closed the window
        if not self._callbacks:
            self._timer.stop()
        if thread.is_complete:
            callbacks.done(thread.take_result())
        callbacks.end()

    def _pull(self) -> None:
        for thread in list(self._callbacks):
            self._deliver(thread)

    def _deliver(self, thread: IteratorThread) -> None:
        if thread in self._callbacks:
            for events in _between_turns(thread.take()):
                self._show(thread, events)

    def _show(self, thread: IteratorThread, events: list[Event]) -> None:
        reports = [event for event in events if isinstance(event, Report)]
        if reports and not self._callbacks[thread].is_dismissed:
            self.reported.emit(reports)
        progress = [event for event in events if isinstance(event, Progress)]
        for event in events:
            if isinstance(event, Report) or (isinstance(event, Progress) and event is not progress[-1]):
                continue  # reports went as one batch; only the newest progress is visible
            if thread in self._callbacks:  # one of the events may have closed the window, or redirected the rest
                self._callbacks[thread].show(event)


def _between_turns(events: list[Event]) -> Iterator[list[Event]]:
    """Splits the events at each `Rewound`, which is a part of its own, as reports before and after it are separate
    batches."""
    turns = [index for index, event in enumerate(events) if isinstance(event, Rewound)]
    for start, end in pairwise(sorted({0, *turns, *(turn + 1 for turn in turns), len(events)})):
        yield events[start:end]
