"""Service that examines the open dataset, reads the images of findings, and leaves images out."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from core.concurrency import as_generator
from core.config.preparation import Preparation, Size
from core.data.health.findings import FindingKind, HealthFinding
from core.events import FirstImages, Progress
from core.language import _
from studio.background.newest_task import NewestTask
from studio.background.workers import Workers
from studio.model.data import BeforeAfter, Examined, Image, OpenedDataset, Page, Pair, Tile
from studio.services.data.opened_dataset import opened_dataset

if TYPE_CHECKING:
    from core.config.preparation import Preparation
    from core.data.dataset import Dataset
    from core.data.formats.image_files import File

TILES = 48
"""Number of images on a page of a finding."""
THUMBNAIL = 128
PAIRS = 6
BEFORE = 256
"""Longer side of a shown original in pixels."""
MATTERS_OF_TASTE: frozenset[FindingKind] = frozenset({"colours", "transparency"})
"""Findings about valid images, which only the person decides to leave out."""


class DatasetReview(QObject):
    """Answers only the newest request of each kind; failures are the workers' `problem`."""

    page_shown = Signal(object)
    """A `Page`."""
    compared = Signal(object)
    """A `BeforeAfter`."""
    reviewed = Signal(object)
    """The `Examined` of the open dataset without left-out images, under the current augmentation."""
    changed = Signal(object)
    """An `OpenedDataset` with other images left out."""
    settled = Signal(object)
    """Left-out rows, once the last change is stored or refused."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._pages, self._comparisons = NewestTask(workers), NewestTask(workers)
        self._opened: OpenedDataset | None = None
        self._examined: Examined | None = None
        self._augment = "none"
        self._wanted: frozenset[int] = frozenset()
        self.is_changing = False
        """Tells whether a change of the left-out rows is being stored."""

    def open(self, opened: OpenedDataset) -> None:
        """Reviews another dataset, or the same one with other images left out."""
        before, self._opened = self._opened, opened
        if before is None or before.whole is not opened.whole:
            self._examined = None
            self._pages.drop()
            self._wanted = opened.index.left_out
        elif self._examined is not None:
            self.set_examined(self._examined)

    def set_examined(self, examined: Examined) -> None:
        """Sets the findings about the dataset."""
        from core.data.health.examine import reconsidered

        if self._opened is not None:
            rows = np.array(sorted(self._opened.index.left_out), np.int64)
            report = reconsidered(examined.report, self._opened.whole, rows, self._augment)
            self._examined = replace(examined, report=report)
            self.reviewed.emit(self._examined)

    def set_augment(self, augment: str) -> None:
        """Sets the setting `augment`, which decides how many images are few."""
        if augment != self._augment:
            self._augment = augment
            if self._examined is not None:
                self.set_examined(self._examined)

    def show_page(self, finding: HealthFinding, number: int) -> None:
        """Reads a page of a finding's images, as `page_shown`."""
        if self._opened is not None:
            make = partial(as_generator, read_page, self._opened.whole, finding, number)
            self._pages.start(make, done=self.page_shown.emit)

    def compare(self, source: str, how: Preparation, seed: int) -> None:
        """Reads originals and prepares them, as `compared`."""
        self._comparisons.start(partial(compare, source, how, seed), done=self.compared.emit)

    def set_left_out(self, rows: frozenset[int]) -> None:
        """Leaves exactly these images out. While one change is being written, only the newest later one waits."""
        self._wanted = rows
        if not self.is_changing:
            self._change()

    def _change(self) -> None:
        if self._opened is None or self._wanted == self._opened.index.left_out:
            self.settled.emit(self._wanted)
            return
        self.is_changing = True
        make = partial(as_generator, leave_out, self._opened, self._wanted)
        self._workers.spawn(make, done=partial(self._show_change, self._opened, self._wanted), end=self._end_change)

    def _show_change(self, before: OpenedDataset, rows: frozenset[int], after: OpenedDataset) -> None:
        self.is_changing = False
        if self._opened is before:
            self.changed.emit(after)

    def _end_change(self) -> None:
        """Continues with the newest change; a failed one leaves the rows unchanged."""
        if self.is_changing and self._opened is not None:
            self.is_changing = False
            self._wanted = self._opened.index.left_out
        self._change()


def examine_dataset(
    whole: Dataset, left_out: frozenset[int], how: Preparation, augment: str
) -> Generator[Progress, None, Examined]:
    """Examines a whole dataset, and suggests images to leave out."""
    from core.data.health.examine import examine

    report = yield from examine(whole, how, augment)
    wanted = [one.excludable for one in report.findings if one.kind not in MATTERS_OF_TASTE]
    return Examined(report, np.unique(np.concatenate([np.zeros(0, np.int64), *wanted])))


def read_page(dataset: Dataset, finding: HealthFinding, number: int) -> Page:
    """Reads one page of a finding's images."""
    rows = np.concatenate([np.zeros(0, np.int64), *finding.groups])
    groups = np.repeat(np.arange(len(finding.groups)), [len(group) for group in finding.groups])
    chosen = slice(number * TILES, (number + 1) * TILES)
    tiles = [
        Tile(int(row), int(group), dataset.records.name(row), _thumbnail(dataset.images[row]))
        for row, group in zip(rows[chosen], groups[chosen], strict=True)
    ]
    return Page(finding, number, -(-len(rows) // TILES), tiles)


def compare(source: str, how: Preparation, seed: int) -> Generator[Progress | FirstImages, None, BeforeAfter]:
    """Prepares random images to compare with their originals; `how` has a size."""
    from core.data.cache.exclusions import excluded
    from core.data.formats.image_files import evenly_chosen, read, whites_of
    from core.data.items import Picture
    from core.data.names import printable

    files = yield from _files(source, how)
    whites = whites_of(evenly_chosen(files))
    out = frozenset(excluded(source))
    order = np.random.default_rng(seed).permutation(len(files))[: 4 * PAIRS]
    pairs: list[Pair] = []
    for index in order.tolist():
        file = files[index]
        if len(pairs) == PAIRS or printable(file.name) in out:
            continue
        after = read(file, how, whites)
        if isinstance(after, Picture):
            small = Preparation(_within(after.width, after.height), "stretch", alpha=True)
            before = read(file, small, whites)
            if isinstance(before, Picture):
                pairs.append(Pair(after.name, _upright(before.pixels), _upright(after.pixels)))
    return BeforeAfter(pairs, "" if pairs else _("The originals of these images are not available as separate files."))


def leave_out(opened: OpenedDataset, rows: frozenset[int]) -> OpenedDataset:
    """Leaves exactly these rows of the whole dataset out, and stores their names.

    Raises `UserError` when too few images would remain, or when storing fails.
    """
    from core.data.cache.exclusions import change

    name, before = opened.whole.records.name, opened.index.left_out
    dataset = change(opened.whole, map(name, rows - before), map(name, before - rows))
    return opened_dataset(opened.whole, dataset, opened.how, opened.facts.parts)


def _files(source: str, how: Preparation) -> Generator[Progress | FirstImages, None, Sequence[File]]:
    """Returns the image files of a source; none if it does not consist of files."""
    from core.data.download.catalog import Downloaded
    from core.data.formats.image_files import Files
    from core.data.prepare import scan

    listed = yield from scan(source, how)
    found = listed.found if isinstance(listed, Downloaded) else listed
    return found.files if isinstance(found, Files) else ()


def _within(width: int, height: int) -> Size:
    """Returns the size of the uncropped image, at most `BEFORE` px long, as close to its proportions as can be
    prepared."""
    scale = min(BEFORE / max(width, height), 1)
    return max(round(width * scale), 8), max(round(height * scale), 8)


def _upright(planes: NDArray[np.uint8]) -> Image:
    return np.ascontiguousarray(planes.transpose(1, 2, 0))


def _thumbnail(planes: NDArray[np.uint8]) -> Image:
    """Returns every n-th pixel, so that the longer side is at most `THUMBNAIL` px: enough to recognize an image."""
    step = -(-max(planes.shape[1:]) // THUMBNAIL)
    return _upright(planes[:, ::step, ::step])
