"""Service that opens and prepares datasets in a thread; one dataset is open at a time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.concurrency import as_generator
from core.config.preparation import Preparation
from core.errors import UserError
from core.events import Event, FirstImages, Progress
from core.language import _
from studio.background.newest_task import NewestTask
from studio.background.threads import IteratorThread
from studio.background.torch_import import import_torch
from studio.background.workers import Workers
from studio.model.data import DataFacts, DataRequest, DatasetSheet, Examined, OpenedDataset
from studio.services.data.opened_dataset import opened_dataset
from studio.services.data.review import examine_dataset

if TYPE_CHECKING:
    from core.config.settings import Settings
    from core.data.dataset import Dataset


class DatasetLoader(QObject):
    """Opens datasets and prepares them again. Read errors are the workers' `problem`."""

    scan_began = Signal(bool)
    """Tells whether the open dataset is being prepared again."""
    scan_progressed = Signal(object)
    first_images_read = Signal(object)
    """First images of a dataset being read."""
    dataset_opened = Signal(object)
    """An `OpenedDataset`."""
    scan_ended = Signal()
    """Reading has ended: the dataset is open, or reading was canceled or failed."""
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
        """Preparation of the open dataset."""
        self.facts: DataFacts | None = None
        self.previews: set[IteratorThread] = set()
        """Threads that draw previews, which use torch's random numbers meanwhile."""
        self._workers = workers
        self._task = NewestTask(workers)
        self._pending: DataRequest | None = None
        """Request being read, until it is open."""
        self._whole: Dataset | None = None
        """The open dataset including left-out images."""

    def scan(self, request: DataRequest) -> None:
        """Reads images, replacing a scan in progress. The open dataset stays until then."""
        self._begin(request)
        self._task.start(lambda: open_dataset(request), self._show, self.examined.emit, self._end)

    def adopt(self, thread: IteratorThread, request: DataRequest) -> None:
        """Takes over a thread that runs `open_dataset` already."""
        self._begin(request)
        self._task.adopt(thread, self._show, self.examined.emit, self._end)

    @property
    def is_preparing(self) -> bool:
        """Returns whether the open dataset is being prepared again and no other one is being opened."""
        return self._pending is not None and self.dataset is not None and self._pending.source == self.dataset.source

    @property
    def opening(self) -> str:
        """Returns the source of another dataset being read; empty if there is none."""
        return self._pending.source if self._pending is not None and not self.is_preparing else ""

    def prepare(self, how: Preparation, augment: str) -> None:
        """Prepares the open dataset differently. Does nothing if it is prepared so, or soon will be, or holds
        points."""
        if self.dataset is None or self.dataset.points or (self._pending and not self.is_preparing):
            return
        if how == (self._pending.how if self._pending else self.how):
            return
        if how == self.how:
            self.cancel_scan()
        else:
            self.scan(DataRequest(self.dataset.source, how, augment))

    def replace(self, opened: OpenedDataset) -> None:
        """Replaces the dataset by the same images with others left out, if they are still open."""
        if opened.whole is self._whole:
            self.dataset, self.facts = opened.dataset, opened.facts
            self.dataset_opened.emit(opened)

    def cancel_scan(self) -> None:
        if self._pending is not None:
            self._task.cancel()

    def preview(self, settings: Settings, count: int, seed: int) -> None:
        """Draws a random sheet as the discriminator would see it with these settings, as `sheet_drawn`. No training
        runs."""
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
        self.dataset, self.how, self._whole = opened.dataset, opened.how, opened.whole
        self.facts = opened.facts
        self._pending = None
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
    examination, and returns the findings."""
    from core.data.cache.exclusions import without_excluded
    from core.data.prepare import prepare_whole

    if isinstance(request.how, UserError):
        raise request.how
    whole = yield from prepare_whole(request.source, request.how)
    how = request.how if whole.points else request.how.at(whole.size)
    opened = opened_dataset(whole, whole if whole.points else without_excluded(whole), how)
    yield opened
    return (yield from examine_dataset(whole, opened.index.left_out, how, request.augment))


def draw_discriminator_sheet(dataset: Dataset, settings: Settings, count: int, seed: int) -> DatasetSheet:
    """Draws a random sheet of a dataset as the discriminator would see it."""
    import_torch()
    from core.data.sides.pairing import sides_for
    from core.data.sides.two_sides import only
    from core.training.augmentation import discriminator_sheet

    if settings.two_sided:
        with suppress(UserError):  # the start tells that there are no sides
            dataset = only(dataset, sides_for(settings, dataset).targets)
    images = discriminator_sheet(dataset.sheet(count, seed), settings, seed)
    return DatasetSheet(images, _("As the discriminator will see them"))
