"""Thread classes: `IteratorThread` runs a generator to its end, `LatestThread` runs the newest work first."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, QThread, Signal

from core.crash.report import exception_text
from core.devices.memory import REMEDY, is_out_of_memory
from core.errors import UserError, refused_by_system
from core.events import Event, Refused, Stepped
from core.language import _

Events = Generator[Event, None, Any]
T = TypeVar("T")


class IteratorThread(QThread):
    """Thread that runs a generator of events: a training, a scan, an export.

    Messages run in this thread between two events, also while paused, so there is no polling, and `core` needs no flags
    or locks. Events wait in a queue that the GUI empties with `take()`.
    """

    refused = Signal(object)
    """`UserError` raised by a message or yielded by the generator, which is paused and can continue."""
    failed = Signal(object)
    """`UserError` raised by the generator, which has ended."""
    paused = Signal(bool)
    ended = Signal()
    """The generator has ended: completed, stopped, or failed."""

    def __init__(self, make: Callable[[], Events], background: bool = False, parent: QObject | None = None) -> None:
        """`make` runs in the thread, so it may import torch. `background`: lower priority than the window and the
        sampler."""
        super().__init__(parent)
        self._make = make
        self._background = background
        self._messages: SimpleQueue[Callable[[], Event | None]] = SimpleQueue()
        self._events: deque[Event] = deque()
        self._is_paused = False
        self._is_stopped = False
        self.is_complete = False
        """Tells whether the generator completed and returned a result."""
        self._result: Any = None
        self._pace = 0.0
        self._show: Callable[[], Event | None] = lambda: None

    def take(self) -> list[Event]:
        """Returns every event since the last call. For the GUI thread."""
        return [self._events.popleft() for _ in range(len(self._events))]

    def take_result(self) -> Any:
        """Returns the generator's result once, so that the thread does not keep a dataset in use."""
        result, self._result = self._result, None
        return result

    def post(self, message: Callable[[], Event | None]) -> None:
        """Runs `message` in the thread between two events; delivers an event that it returns."""
        self._messages.put(message)

    def pause(self) -> None:
        self.post(lambda: self._set_paused(True))

    def resume(self) -> None:
        self.post(lambda: self._set_paused(False))

    def set_pace(self, seconds: float, show: Callable[[], Event | None] = lambda: None) -> None:
        """Sets the pause in seconds after each `Stepped`, once the result of `show` is delivered (slow motion).

        Messages run at once during it; another pace, a pause or a stop ends it.
        """

        def message() -> None:
            self._pace, self._show = seconds, show

        self.post(message)

    def stop(self, first: Callable[[], Event | None] = lambda: None) -> None:
        """Runs `first`, then ends the generator; wait for `ended`, or with `wait()`. If `first` raises, the generator
        is paused instead, so that nothing is lost."""

        def message() -> Event | None:
            event = first()
            self._is_stopped = True
            return event

        self.post(message)

    def run(self) -> None:
        if self._background:
            _lower_priority()
        try:
            with closing(self._make()) as events:
                self._pull(events)
        except Exception as error:
            self.failed.emit(as_problem(error))
        del self._make  # releases a dataset, for example
        self.ended.emit()

    def _pull(self, events: Events) -> None:
        while not self._is_stopped:
            try:
                event = next(events)
            except StopIteration as end:
                self._result, self.is_complete = end.value, True
                return
            if isinstance(event, Refused):
                self._refuse(event.problem)
            elif not isinstance(event, Stepped):  # single steps are not shown, and a fast training makes thousands
                self._events.append(event)
            self._handle_messages()
            if self._pace and isinstance(event, Stepped):
                self._rest()
            while self._is_paused and not self._is_stopped:
                self._handle(self._messages.get())

    def _handle_messages(self) -> None:
        while not self._is_stopped:
            try:
                message = self._messages.get_nowait()
            except Empty:
                return
            self._handle(message)

    def _rest(self) -> None:
        self._handle(self._show)
        pace, until = self._pace, monotonic() + self._pace
        while self._pace == pace and not (self._is_paused or self._is_stopped) and (left := until - monotonic()) > 0:
            try:
                self._handle(self._messages.get(timeout=left))
            except Empty:
                return

    def _handle(self, message: Callable[[], Event | None]) -> None:
        try:
            event = message()
        except Exception as error:
            self._refuse(as_problem(error))
            return
        if event is not None:
            self._events.append(event)

    def _refuse(self, problem: UserError) -> None:
        # A failed action (a full disk, for example) can be retried while the training is paused.
        self.refused.emit(problem)
        self._set_paused(True)

    def _set_paused(self, paused: bool) -> None:
        if paused != self._is_paused:
            self._is_paused = paused
            self.paused.emit(paused)


LONGEST_REST = 0.5
"""Longest delay of work in seconds, however long the previous work took."""


class LatestThread(QThread):
    """Thread that runs work in slots: newer work replaces waiting work in its slot, so no backlog builds.

    Slots run in the order in which they were filled.
    """

    failed = Signal(object)
    """`UserError` raised by work; emitted in the owner's thread, like `done`."""
    _returned = Signal(object)
    """Function to call in the owner's thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[str, Callable[[], Callable[[], object]]] = {}
        self._changed = threading.Condition()
        self._is_stopped = False
        self._is_resting = False
        self._share = 1.0
        self._returned.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def set_share(self, share: float) -> None:
        """Limits the share of time spent working: the thread rests after each piece, and only the newest one waits."""
        with self._changed:
            self._share = share
            self._changed.notify()

    def ask(self, slot: str, work: Callable[[], T], done: Callable[[T], object] = lambda result: None) -> None:
        """Runs `work` in this thread, and calls `done` with its result in the owner's thread.

        Replaces waiting work of the slot. Can be called from any thread.
        """

        def run() -> Callable[[], object]:
            return partial(done, work())

        with self._changed:
            self._waiting[slot] = run
            if not self._is_resting:  # it would be woken for nothing at each move of a slider
                self._changed.notify()

    def stop(self) -> None:
        """Ends the thread after its current work; wait with `wait()`. Delivers nothing further."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()

    def run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_stopped)
                if self._is_stopped:
                    return
                work = self._waiting.pop(next(iter(self._waiting)))
            began = monotonic()
            try:
                self._returned.emit(work())
            except Exception as error:
                self._returned.emit(partial(self.failed.emit, as_problem(error)))
            del work  # releases a dataset, for example, while this thread waits
            self._rest(monotonic() - began)

    def _rest(self, worked: float) -> None:
        with self._changed:
            share = self._share
            rest = min(worked / share - worked, LONGEST_REST)
            self._is_resting = True
            self._changed.wait_for(lambda: self._is_stopped or self._share != share, rest)
            self._is_resting = False

    def _deliver(self, result: Callable[[], object]) -> None:
        if not self._is_stopped:
            result()


def as_problem(error: Exception) -> UserError:
    """Returns the error itself if it is a `UserError`; otherwise one with a remedy, and with the traceback if it should
    be reported."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, OSError) and error.errno is not None:  # not a `UserError` of a library
        return refused_by_system(error)
    details = exception_text(error, threading.current_thread().name)
    if is_out_of_memory(error):
        return UserError(_("There is not enough memory for this."), REMEDY, details)
    return UserError(
        _("Something went wrong inside GAN Studio: {error}.").format(error=error),
        _("Please report it with the details."),
        details,
    )


def _lower_priority() -> None:
    """Lowers the priority below the window and the sampler; torch's own threads inherit it, so call it before they
    start."""
    if sys.platform == "linux":  # priority of a single thread; elsewhere it would slow the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
    else:
        QThread.currentThread().setPriority(QThread.Priority.LowPriority)
