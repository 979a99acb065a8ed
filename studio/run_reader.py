"""Reads a run that the person opens, away from the GUI thread: first enough to see it, then every report."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from core.events import Event, Progress
from studio.opening import OpenedRun, Replayed, read_run
from studio.threads import IteratorThread
from studio.workers import Workers

FIRST_LOOK_MS = 1500
"""For so long what is on screen first has the processor to itself: the rest takes many seconds anyway."""


class RunReader(QObject):
    """One run at a time; a newer one takes its place. What cannot be read is the workers' `problem`."""

    progressed = Signal(object)
    """A `Progress`."""
    opened = Signal(object)
    """An `OpenedRun`, to be shown as it was."""
    replayed = Signal(object)
    """Its whole `History`, where `opened` came with a thinned one."""
    ended = Signal()
    """Nothing is read any more."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_replaying = False
        """Whether a run is open of which only some reports are there yet."""
        self._workers = workers
        self._thread: IteratorThread | None = None

    def open(self, folder: Path) -> None:
        """Reads a run's folder; one that is still read is given up for it."""
        self.cancel()

        def show(event: Event) -> None:
            if self._thread is thread:  # and not one that was given up
                self._show(thread, event)

        def end() -> None:
            if self._thread is thread:
                self._thread, self.is_replaying = None, False
                self.ended.emit()

        thread = self._workers.spawn(lambda: read_run(folder), show, end)
        self._thread = thread

    def cancel(self) -> None:
        """What is open already stays, with the reports that are there."""
        if self._thread is not None:
            self._thread.stop()

    def _show(self, thread: IteratorThread, event: Event) -> None:
        if isinstance(event, Progress):
            self.progressed.emit(event)
        elif isinstance(event, Replayed):
            self.is_replaying = False
            self.replayed.emit(event.history)
        elif isinstance(event, OpenedRun):
            self.is_replaying = not event.complete
            if self.is_replaying:
                thread.pause()
                QTimer.singleShot(FIRST_LOOK_MS, thread, thread.resume)
            self.opened.emit(event)
