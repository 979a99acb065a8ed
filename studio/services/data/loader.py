"""Service that opens and prepares datasets in a thread; one dataset is open at a time."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from core.concurrency import as_generator
from core.config.preparation import Preparation
from core.errors import UserError
from core.events import Event, FirstImages, Progress
from core.imaging.channels import CHANNEL_NAMES
from studio.background.newest_task import NewestTask
from studio.background.threads import IteratorThread
from studio.background.torch_import import import_torch
from studio.background.workers import Workers
from studio.model.data import SHEET, DataFacts, DataRequest, DatasetSheet, Examined, OpenedDataset
from studio.services.data.review import examine_dataset

if TYPE_CHECKING:
    from core.config.settings import Settings
    from core.data.dataset import Dataset


class DatasetLoader(QObject):
    """Opens datasets and prepares them anew. What cannot be read is the workers' `problem`."""

    scan_began = Signal(bool)
    """Whether it is the open dataset that is prepared anew."""
    scan_progressed = Signal(object)
    first_images_read = Signal(object)
    """The first images of a dataset, while it is read."""
    dataset_opened = Signal(object)
    """An `OpenedDataset`."""
    scan_ended = Signal()
    """The dataset is open, or reading it was cancelled or failed."""
    examination_began = Signal()
    examination_progressed = Signal(object)
    examined = Signal(object)
    """The `Examined` of the open dataset."""
    examination_ended = Signal()
    sheet_drawn = Signal(object)
    """A `DatasetSheet`."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dataset: Dataset | None = None
        self.how: Preparation | None = None
        """How the open dataset was prepared."""
        self.previews: set[IteratorThread] = set()
        """Threads that draw what the discriminator would see, for which they borrow torch's random numbers."""
        self._workers = workers
        self._task = NewestTask(workers)
        self._pending: DataRequest | None = None
        """What is being read, until it is open."""
        self._request: DataRequest | None = None
        """What is open."""

    def scan(self, request: DataRequest) -> None:
        """Reads images; a scan that is under way is given up for it. The dataset that is open stays until then."""
        self._begin(request)
        self._task.start(lambda: open_dataset(request), self._show, self.examined.emit, self._end)

    def adopt(self, thread: IteratorThread, request: DataRequest) -> None:
        """The same where a thread runs `open_dataset` already."""
        self._begin(request)
        self._task.adopt(thread, self._show, self.examined.emit, self._end)

    @property
    def is_preparing(self) -> bool:
        """Whether the dataset that is open is being prepared anew, and no other one is being opened."""
        return self._pending is not None and self.dataset is not None and self._pending.source == self.dataset.source

    @property
    def opening(self) -> str:
        """The source of another dataset that is being read; empty if there is none."""
        return self._pending.source if self._pending is not None and not self.is_preparing else ""

    def prepare(self, how: Preparation, augment: str) -> None:
        """The open dataset in another way. It costs nothing if it is so, or soon will be; points are as they are."""
        if self.dataset is None or self.dataset.points or (self._pending and not self.is_preparing):
            return
        if how == (self._pending.how if self._pending else self.how):
            return
        if how == self.how:
            self.cancel_scan()
        else:
            self.scan(DataRequest(self.dataset.source, how, augment))

    def reopen(self, source: str) -> None:
        """The same images again, if they are still open, because others of them are left out."""
        if self.dataset is not None and self.dataset.source == source and (not self._pending or self.is_preparing):
            assert self._request is not None
            self.scan(self._pending or self._request)

    def cancel_scan(self) -> None:
        if self._pending is not None:
            self._task.cancel()

    def draw_sheet(self, count: int, seed: int) -> None:
        """Another random sheet of the dataset, as `sheet_drawn`."""
        if self.dataset is not None:
            make = partial(as_generator, draw_sheet, self.dataset, count, seed)
            self._workers.spawn(make, done=self.sheet_drawn.emit)

    def preview(self, settings: Settings, count: int, seed: int) -> None:
        """The same as the discriminator would be shown it by these settings, while no training runs."""
        if self.dataset is not None:
            make = partial(as_generator, draw_discriminator_sheet, self.dataset, settings, count, seed)
            thread = self._workers.spawn(make, done=self.sheet_drawn.emit, end=lambda: self.previews.discard(thread))
            self.previews.add(thread)

    def _begin(self, request: DataRequest) -> None:
        self._pending = request
        self.scan_began.emit(self.is_preparing)

    def _show(self, event: Event) -> None:
        match event:
            case Progress() if self._pending is None:
                self.examination_progressed.emit(event)
            case Progress():
                self.scan_progressed.emit(event)
            case FirstImages():
                self.first_images_read.emit(event.images)
            case OpenedDataset():
                self._open(event)

    def _open(self, opened: OpenedDataset) -> None:
        assert self._pending is not None
        self.dataset, self.how = opened.dataset, opened.how
        self._request, self._pending = replace(self._pending, how=opened.how), None
        self.dataset_opened.emit(opened)
        self.scan_ended.emit()
        self.examination_began.emit()

    def _end(self) -> None:
        if self._pending is None:
            self.examination_ended.emit()
        else:
            self._pending = None
            self.scan_ended.emit()


def open_dataset(request: DataRequest) -> Generator[Event, None, Examined]:
    """Prepares images: yields `Progress`, perhaps `FirstImages`, an `OpenedDataset`, then `Progress` of its
    examination, and returns what was found."""
    from core.data.prepare import prepare

    if isinstance(request.how, UserError):
        raise request.how
    dataset = yield from prepare(request.source, request.how)
    how = request.how if dataset.points else request.how.at(dataset.size)
    yield OpenedDataset(dataset, how, _facts(dataset), dataset.sheet(SHEET))
    return (yield from examine_dataset(dataset, how, request.augment))


def draw_sheet(dataset: Dataset, count: int, seed: int) -> DatasetSheet:
    """Draws another random sheet of a dataset."""
    return DatasetSheet(dataset.sheet(count, seed))


def draw_discriminator_sheet(dataset: Dataset, settings: Settings, count: int, seed: int) -> DatasetSheet:
    """Draws a random sheet of a dataset as the discriminator would be shown it."""
    import_torch()
    from core.training.augmentation import discriminator_sheet

    images = discriminator_sheet(dataset.sheet(count, seed), settings, seed)
    return DatasetSheet(images, "As the discriminator will see them")


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
