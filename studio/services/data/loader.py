"""Reads what the person opens, away from the GUI thread: datasets, of which one is open at a time, and lists."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from core.concurrency import as_generator
from core.events import Event, Glimpse, Progress
from studio.background.newest_task import NewestTask
from studio.background.threads import IteratorThread
from studio.background.torch_import import import_torch
from studio.background.workers import Workers
from studio.model.data import SHEET, DataFacts, DatasetSheet, OpenedDataset, Recognised
from studio.services.data.open_path import recognise
from studio.services.train.checkpoint_list import read_checkpoints

if TYPE_CHECKING:
    from core.config.preparation import Preparation
    from core.config.settings import Settings
    from core.data.dataset import Dataset


class DatasetLoader(QObject):
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
    """A `DatasetSheet`."""
    checkpoints_listed = Signal(object)
    """`CheckpointRows`."""
    stock_listed = Signal(object)
    """What `studio.services.data.library` found on the disk."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stock: deque[tuple[Callable[[], Any], Callable[[Any], object]]] = deque()
        self.dataset: Dataset | None = None
        self.how: Preparation | None = None
        """How the open dataset was prepared."""
        self.previews: set[IteratorThread] = set()
        """Threads that draw what the discriminator would see, for which they borrow torch's random numbers."""
        self._workers = workers
        self._scan = NewestTask(workers)
        self._aim: tuple[str, Preparation] | None = None
        """What is being read, and how it is to be prepared."""

    def recognise(self, source: str) -> None:
        """Looks at what was dropped or chosen, as `recognised`."""
        self._workers.spawn(lambda: as_generator(recognise, source), done=self._show_recognised)

    def scan(self, source: str, how: Preparation) -> None:
        """Reads images; a scan that is under way is given up for it. The dataset that is open stays until then."""
        self._aim = source, how
        self._scan.start(lambda: scan(source, how), self._show_scan, self._show_dataset, self._end_scan)
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
        self._scan.cancel()

    def draw_sheet(self, count: int, seed: int) -> None:
        """Another random sheet of the dataset, as `sheet_drawn`."""
        if self.dataset is not None:
            dataset = self.dataset
            make = partial(as_generator, draw_sheet, dataset, count, seed)
            self._workers.spawn(make, done=self.sheet_drawn.emit)

    def preview(self, settings: Settings, count: int, seed: int) -> None:
        """The same as the discriminator would be shown it by these settings, while no training runs."""
        if self.dataset is not None:
            dataset = self.dataset
            make = partial(as_generator, draw_seen, dataset, settings, count, seed)
            thread = self._workers.spawn(make, done=self.sheet_drawn.emit, end=lambda: self.previews.discard(thread))
            self.previews.add(thread)

    def list_checkpoints(self, runs: Path) -> None:
        """Reads the checkpoints of every run in a folder, as `checkpoints_listed`."""
        self._workers.spawn(lambda: read_checkpoints(runs), done=self.checkpoints_listed.emit)

    def list_stock(self, read: Callable[[], object]) -> None:
        """What a function of `studio.services.data.library` finds on the disk, as `stock_listed`."""
        self._queue_stock(read, self.stock_listed.emit)

    def change_stock(self, change: Callable[[], None], read: Callable[[], object]) -> None:
        """Changes what is on the disk, and lists then what there is, whether or not that was possible.

        One change follows the other, so that of two the later one counts.
        """
        self._queue_stock(change, lambda _: None)
        self.list_stock(read)

    def _queue_stock(self, call: Callable[[], Any], done: Callable[[Any], object]) -> None:
        self._stock.append((call, done))
        if len(self._stock) == 1:
            self._next_of_stock()

    def _next_of_stock(self) -> None:
        call, done = self._stock[0]
        self._workers.spawn(lambda: as_generator(call), done=done, end=self._end_of_stock)

    def _end_of_stock(self) -> None:
        self._stock.popleft()
        if self._stock:
            self._next_of_stock()

    def _show_recognised(self, found: Recognised) -> None:
        self.recognised.emit(found.source, found.kind)

    def _show_scan(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.scan_progressed.emit(event)
        elif isinstance(event, Glimpse):
            self.glimpsed.emit(event.images)

    def _show_dataset(self, opened: OpenedDataset) -> None:
        self.dataset, self.how = opened.dataset, opened.how
        self.dataset_opened.emit(opened)

    def _end_scan(self) -> None:
        self._aim = None
        self.scan_ended.emit()


COLOURS = {1: "grey", 3: "colour", 4: "colour with transparency"}
"""By the number of channels."""


def scan(source: str, how: Preparation) -> Generator[Progress | Glimpse, None, OpenedDataset]:
    """Prepares images, to look at them; yields what `core.data.prepare.prepare` yields."""
    from core.data.prepare import prepare

    dataset = yield from prepare(source, how)
    done = how if dataset.points else how.at(dataset.size)
    return OpenedDataset(dataset, done, _facts(dataset), dataset.sheet(SHEET))


def draw_sheet(dataset: Dataset, count: int, seed: int) -> DatasetSheet:
    """Another random sheet of a dataset."""
    return DatasetSheet(dataset.sheet(count, seed))


def draw_seen(dataset: Dataset, settings: Settings, count: int, seed: int) -> DatasetSheet:
    """A random sheet of a dataset as the discriminator would be shown it."""
    import_torch()
    from core.training.augmentation import discriminator_sheet

    return DatasetSheet(
        discriminator_sheet(dataset.sheet(count, seed), settings, seed), "As the discriminator will see them"
    )


def _facts(dataset: Dataset) -> DataFacts:
    from core.data.formats.video import ENDINGS

    counts = np.zeros(0, int) if dataset.labels is None else np.bincount(dataset.labels, minlength=len(dataset.classes))
    return DataFacts(
        dataset.title,
        dataset.source,
        len(dataset.images),
        "points" if dataset.points else COLOURS[dataset.images.shape[1]],
        dataset.size,
        dataset.records.sizes(),
        dict(zip(dataset.classes, counts.tolist(), strict=False)),
        bool(dataset.records.table["transparent"].any()),
        dataset.source.lower().endswith(ENDINGS),
        dataset.excluded,
        dataset.points,
    )
