"""The threads that pull generators for the session, and the timer that brings what they yield to the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from core.events import Event, Progress, Report, Rewound
from studio.background.threads import Events, IteratorThread

PULL_MS = 50
"""How often the window takes what the threads have made: 20 times a second."""


class Workers(QObject):
    """Every `IteratorThread` that runs now. Signals and `show` are called in the GUI thread."""

    reported = Signal(list)
    problem = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shows: dict[IteratorThread, Callable[[Event], object]] = {}
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
        """Pulls the generator in a thread of its own.

        `show` gets its events; `done` gets what it returned, if it ran to its end; `end` is called last, in any case.
        """
        thread = IteratorThread(make, background, self)
        thread.failed.connect(self.problem)
        thread.refused.connect(lambda _: self._deliver(thread))  # what came before it is also shown before it

        def finish() -> None:
            if thread not in self._shows:  # the window is closed
                return
            self._deliver(thread)
            del self._shows[thread]
            if not self._shows:
                self._timer.stop()
            if thread.is_complete:
                done(thread.take_result())
            end()

        thread.ended.connect(finish)
        thread.finished.connect(thread.deleteLater)
        self._shows[thread] = show
        self._timer.start()
        thread.start()
        return thread

    def shutdown(self) -> None:
        """Ends every thread and waits for it; what they still had to say might begin something new, and is dropped."""
        self._shows.clear()
        for thread in self.findChildren(IteratorThread):  # also those that have ended, and are about to finish
            thread.stop()
            thread.wait()
        self._timer.stop()

    def _pull(self) -> None:
        for thread in list(self._shows):
            self._deliver(thread)

    def _deliver(self, thread: IteratorThread) -> None:
        show = self._shows.get(thread)
        if show is None:
            return
        for events in _between_turns(thread.take()):
            self._show(events, show)

    def _show(self, events: list[Event], show: Callable[[Event], object]) -> None:
        reports = [event for event in events if isinstance(event, Report)]
        if reports:
            self.reported.emit(reports)
        progress = [event for event in events if isinstance(event, Progress)]
        for event in events:
            if isinstance(event, Report) or (isinstance(event, Progress) and event is not progress[-1]):
                continue  # reports went as one batch; of the progress only the newest can be seen
            show(event)


def _between_turns(events: list[Event]) -> Iterator[list[Event]]:
    """The events in parts, parted by each `Rewound`, which is one of its own: reports of before and after are not the
    same batch."""
    turns = [index for index, event in enumerate(events) if isinstance(event, Rewound)]
    for start, end in pairwise(sorted({0, *turns, *(turn + 1 for turn in turns), len(events)})):
        yield events[start:end]
