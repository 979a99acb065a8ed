"""Reads what the person opens, away from the GUI thread: datasets, of which one is open at a time, and lists."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.events import Event, Progress
from studio.checkpoint_list import CheckpointRows, read_checkpoints
from studio.opening import OpenedDataset, Recognised, Sheet, draw_seen, draw_sheet, recognise, scan
from studio.threads import IteratorThread
from studio.workers import Workers

if TYPE_CHECKING:
    from core.config import Settings
    from core.data import Dataset


class Reader(QObject):
    """What was read comes as a signal; what cannot be read is the workers' `problem`."""

    recognised = Signal(str, str)
    """A source and what it is: "data", "run" or "checkpoint"."""
    scan_progressed = Signal(object)
    scan_ended = Signal()
    dataset_opened = Signal(object)
    """An `OpenedDataset`."""
    sheet_drawn = Signal(object)
    """A `Sheet`."""
    checkpoints_listed = Signal(object)
    """`CheckpointRows`."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dataset: Dataset | None = None
        self.previews: set[IteratorThread] = set()
        """Threads that draw what the discriminator would see, for which they borrow torch's random numbers."""
        self._workers = workers
        self._scan_thread: IteratorThread | None = None

    def recognise(self, source: str) -> None:
        """Looks at what was dropped or chosen, as `recognised`."""
        self._workers.spawn(lambda: recognise(source), self._show_recognised)

    def scan(self, source: str, resolution: int | None = None) -> None:
        """Reads images; a scan that is under way is given up for it."""
        self.cancel_scan()

        def show(event: Event) -> None:
            if self._scan_thread is thread:  # and not one that was given up
                self._show_dataset(event)

        def end() -> None:
            if self._scan_thread is thread:
                self._scan_thread = None
                self.scan_ended.emit()

        thread = self._workers.spawn(lambda: scan(source, resolution), show, end)
        self._scan_thread = thread

    def cancel_scan(self) -> None:
        if self._scan_thread is not None:
            self._scan_thread.stop()

    def draw_sheet(self, count: int, seed: int) -> None:
        """Another random sheet of the dataset, as `sheet_drawn`."""
        if self.dataset is not None:
            dataset = self.dataset
            self._workers.spawn(lambda: draw_sheet(dataset, count, seed), self._show_dataset)

    def preview(self, settings: Settings, count: int, seed: int) -> None:
        """The same as the discriminator would be shown it by these settings, while no training runs."""
        if self.dataset is not None:
            dataset = self.dataset
            make = partial(draw_seen, dataset, settings, count, seed)
            thread = self._workers.spawn(make, self._show_dataset, lambda: self.previews.discard(thread))
            self.previews.add(thread)

    def list_checkpoints(self, runs: Path) -> None:
        """Reads the checkpoints of every run in a folder, as `checkpoints_listed`."""
        self._workers.spawn(lambda: read_checkpoints(runs), self._show_checkpoints)

    def _show_recognised(self, event: Event) -> None:
        assert isinstance(event, Recognised)
        self.recognised.emit(event.source, event.kind)

    def _show_dataset(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.scan_progressed.emit(event)
        elif isinstance(event, OpenedDataset):
            self.dataset = event.dataset
            self.dataset_opened.emit(event)
        elif isinstance(event, Sheet):
            self.sheet_drawn.emit(event)

    def _show_checkpoints(self, event: Event) -> None:
        if isinstance(event, CheckpointRows):
            self.checkpoints_listed.emit(event)
