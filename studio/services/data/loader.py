"""Reads what the person opens, away from the GUI thread: datasets, of which one is open at a time, and lists."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from core.events import Event, Glimpse, Progress
from core.imaging.channels import CHANNEL_NAMES
from studio.background.threads import Events, IteratorThread
from studio.background.torch_import import import_torch
from studio.background.workers import Workers
from studio.model.data import SHEET, DataFacts, DatasetSheet, OpenedDataset, Recognised
from studio.model.train import CheckpointRows
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

        thread = self._workers.spawn(lambda: scan(source, how), show, end=end)
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
            thread = self._workers.spawn(make, self._show_dataset, end=lambda: self.previews.discard(thread))
            self.previews.add(thread)

    def list_checkpoints(self, runs: Path) -> None:
        """Reads the checkpoints of every run in a folder, as `checkpoints_listed`."""
        self._workers.spawn(lambda: read_checkpoints(runs), self._show_checkpoints)

    def list_stock(self, make: Callable[[], Events]) -> None:
        """What a generator of `studio.services.data.library` finds on the disk, or has changed there, as
        `stock_listed`; one after the other, so that of two changes the later one counts."""
        self._stock.append(make)
        if len(self._stock) == 1:
            self._next_of_stock()

    def _next_of_stock(self) -> None:
        self._workers.spawn(self._stock[0], self.stock_listed.emit, end=self._end_of_stock)

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
        elif isinstance(event, DatasetSheet):
            self.sheet_drawn.emit(event)

    def _show_checkpoints(self, event: Event) -> None:
        if isinstance(event, CheckpointRows):
            self.checkpoints_listed.emit(event)


def scan(source: str, how: Preparation) -> Generator[Event, None, None]:
    """Prepares images, to look at them: `Progress`, perhaps a `Glimpse`, then an `OpenedDataset`."""
    from core.data.dataset import Dataset
    from core.data.prepare import prepare

    for event in prepare(source, how):
        if isinstance(event, Dataset):
            done = how if event.points else how.at(event.size)
            yield OpenedDataset(event, done, _facts(event), event.sheet(SHEET))
        else:
            yield event


def draw_sheet(dataset: Dataset, count: int, seed: int) -> Generator[Event, None, None]:
    """Another random sheet of a dataset."""
    yield DatasetSheet(dataset.sheet(count, seed))


def draw_seen(dataset: Dataset, settings: Settings, count: int, seed: int) -> Generator[Event, None, None]:
    """A random sheet of a dataset as the discriminator would be shown it."""
    import_torch()
    from core.training.augmentation import discriminator_sheet

    yield DatasetSheet(
        discriminator_sheet(dataset.sheet(count, seed), settings, seed), "As the discriminator will see them"
    )


def _facts(dataset: Dataset) -> DataFacts:
    from core.data.formats.video import ENDINGS

    counts = np.zeros(0, int) if dataset.labels is None else np.bincount(dataset.labels, minlength=len(dataset.classes))
    return DataFacts(
        dataset.title,
        dataset.source,
        len(dataset.images),
        CHANNEL_NAMES[dataset.images.shape[1]].long,
        dataset.size,
        dataset.records.sizes(),
        dict(zip(dataset.classes, counts.tolist(), strict=False)),
        bool(dataset.records.table["transparent"].any()),
        dataset.source.lower().endswith(ENDINGS),
        dataset.excluded,
        dataset.points,
    )
