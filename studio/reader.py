"""Reads what the person opens, away from the GUI thread: datasets, of which one is open at a time, and lists."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.events import Event, Glimpse, Progress
from studio.checkpoint_list import CheckpointRows, read_checkpoints
from studio.opening import OpenedDataset, Recognised, Sheet, draw_seen, draw_sheet, recognise, scan
from studio.threads import Events, IteratorThread
from studio.workers import Workers

if TYPE_CHECKING:
    from core.config import Settings
    from core.data import Dataset
    from core.preparation import Preparation


class Reader(QObject):
    """What was read comes as a signal; what cannot be read is the workers' `problem`."""

    recognised = Signal(str, str)
    """A source and what it is: "data", "run", "checkpoint", "recipe" or "picture"."""
    scan_began = Signal(bool)
    """Whether it is the open dataset that is prepared anew."""
    scan_progressed = Signal(object)
    glimpsed = Signal(object)
    """A dataset's first images, while it is read."""
    scan_ended = Signal()
    dataset_opened = Signal(object)
    """An `OpenedDataset`."""
    sheet_drawn = Signal(object)
    """A `Sheet`."""
    checkpoints_listed = Signal(object)
    """`CheckpointRows`."""
    stock_listed = Signal(object)
    """What `studio.stock` found on the disk."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stock: deque[Callable[[], Events]] = deque()
        self.dataset: Dataset | None = None
        self.how: Preparation | None = None
        """How the open dataset was prepared."""
        self.previews: set[IteratorThread] = set()
        """Threads that draw what the discriminator would see, for which they borrow torch's random numbers."""
        self._workers = workers
        self._scan_thread: IteratorThread | None = None
        self._aim: tuple[str, Preparation] | None = None
        """What is being read, and how it is to be prepared."""

    def recognise(self, source: str) -> None:
        """Looks at what was dropped or chosen, as `recognised`."""
        self._workers.spawn(lambda: recognise(source), self._show_recognised)

    def scan(self, source: str, how: Preparation) -> None:
        """Reads images; a scan that is under way is given up for it. The dataset that is open stays until then."""
        self.cancel_scan()
        self._aim = source, how

        def show(event: Event) -> None:
            if self._scan_thread is thread:  # and not one that was given up
                self._show_dataset(event)

        def end() -> None:
            if self._scan_thread is thread:
                self._scan_thread = self._aim = None
                self.scan_ended.emit()

        thread = self._workers.spawn(lambda: scan(source, how), show, end)
        self._scan_thread = thread
        self.scan_began.emit(self.is_preparing)

    @property
    def is_preparing(self) -> bool:
        """Whether the dataset that is open is being prepared anew, and no other one is being opened."""
        return self._aim is not None and self.dataset is not None and self._aim[0] == self.dataset.source

    def prepare(self, how: Preparation) -> None:
        """The open dataset in another way. It costs nothing if it is so, or soon will be; points are as they are."""
        if self.dataset is None or self.dataset.points or (self._aim and not self.is_preparing):
            return
        if how == (self._aim[1] if self._aim else self.how):
            return
        if how == self.how:
            self.cancel_scan()
        else:
            self.scan(self.dataset.source, how)

    def reopen(self, source: str) -> None:
        """The same images again, if they are still open, because others of them are left out."""
        if self.dataset is not None and self.dataset.source == source and (not self._aim or self.is_preparing):
            assert self.how is not None
            self.scan(source, self._aim[1] if self._aim else self.how)

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

    def list_stock(self, make: Callable[[], Events]) -> None:
        """What a generator of `studio.stock` finds on the disk, or has changed there, as `stock_listed`; one after the
        other, so that of two changes the later one counts."""
        self._stock.append(make)
        if len(self._stock) == 1:
            self._next_of_stock()

    def _next_of_stock(self) -> None:
        self._workers.spawn(self._stock[0], self.stock_listed.emit, self._end_of_stock)

    def _end_of_stock(self) -> None:
        self._stock.popleft()
        if self._stock:
            self._next_of_stock()

    def _show_recognised(self, event: Event) -> None:
        assert isinstance(event, Recognised)
        self.recognised.emit(event.source, event.kind)

    def _show_dataset(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.scan_progressed.emit(event)
        elif isinstance(event, Glimpse):
            self.glimpsed.emit(event.images)
        elif isinstance(event, OpenedDataset):
            self.dataset, self.how = event.dataset, event.how
            self.dataset_opened.emit(event)
        elif isinstance(event, Sheet):
            self.sheet_drawn.emit(event)

    def _show_checkpoints(self, event: Event) -> None:
        if isinstance(event, CheckpointRows):
            self.checkpoints_listed.emit(event)
