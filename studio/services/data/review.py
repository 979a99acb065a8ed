"""Service that examines the open dataset, reads the images of findings, and excludes images."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, SignalInstance

from core.concurrency import as_generator
from core.config.preparation import Preparation, Size
from core.data.health.findings import FindingKind, HealthFinding, RowNumbers
from core.events import FirstImages, Progress
from studio.background.newest_task import NewestTask
from studio.background.workers import Workers
from studio.model.data import BeforeAfter, Examined, Image, OpenedDataset, Page, Pair, Tile

if TYPE_CHECKING:
    from core.config.preparation import Preparation
    from core.data.dataset import Dataset
    from core.data.formats.image_files import File

TILES = 48
"""Images of a finding that are shown at once."""
THUMBNAIL = 128
PAIRS = 6
BEFORE = 256
"""Longer side of an original as it is shown."""
MATTERS_OF_TASTE: frozenset[FindingKind] = frozenset({"colours", "transparency"})
"""Nothing is wrong with those images; whether to leave them out is for the person alone to say."""


class DatasetReview(QObject):
    """Of each kind of question only the newest is answered; what cannot be done is the workers' `problem`."""

    page_shown = Signal(object)
    """A `Page`."""
    compared = Signal(object)
    """A `BeforeAfter`."""
    left_out = Signal(str, object)
    """A source, and the names of the images that were left out of it."""
    taken_back = Signal(str, object)
    changed = Signal(str)
    """Other images than before belong to this source."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._pages, self._comparisons = NewestTask(workers), NewestTask(workers)
        self._dataset: Dataset | None = None
        self._examined: Examined | None = None

    def open(self, opened: OpenedDataset) -> None:
        """Reviews another dataset."""
        self._dataset, self._examined = opened.dataset, None
        self._pages.drop()

    def set_examined(self, examined: Examined) -> None:
        """Takes what was found in the dataset."""
        self._examined = examined

    def show_page(self, finding: HealthFinding, number: int) -> None:
        """Reads a page of the images that a finding is about, as `page_shown`."""
        if self._dataset is not None:
            make = partial(as_generator, read_page, self._dataset, finding, number)
            self._pages.start(make, done=self.page_shown.emit)

    def compare(self, source: str, how: Preparation, seed: int) -> None:
        """Reads originals and prepares them, as `compared`."""
        self._comparisons.start(partial(compare, source, how, seed), done=self.compared.emit)

    def leave_out(self, finding: HealthFinding, toggled: frozenset[int]) -> None:
        """Leaves out what the finding suggests, but for the images of which the person decided otherwise."""
        if self._dataset is not None:
            self._leave_out(self._dataset, finding.excludable, toggled)

    def leave_out_suggested(self) -> None:
        """Leaves out everything that the examination suggests."""
        if self._dataset is not None and self._examined is not None:
            self._leave_out(self._dataset, self._examined.suggested, frozenset())

    def include_again(self, source: str, names: Sequence[str]) -> None:
        """Includes images again."""

        def take() -> Sequence[str]:
            include_again(source, names)
            return names

        self._change(self.taken_back, source, take)

    def _leave_out(self, dataset: Dataset, suggested: RowNumbers, toggled: frozenset[int]) -> None:
        self._change(self.left_out, dataset.source, partial(leave_out, dataset, suggested, toggled))

    def _change(self, told: SignalInstance, source: str, change: Callable[[], Sequence[str]]) -> None:
        def done(names: Sequence[str]) -> None:
            told.emit(source, names)
            self.changed.emit(source)

        self._workers.spawn(lambda: as_generator(change), done=done)  # every one counts, not only the newest


def examine_dataset(dataset: Dataset, how: Preparation, augment: str) -> Generator[Progress, None, Examined]:
    """Examines a dataset, and suggests what to leave out of it."""
    from core.data.health.examine import examine

    report = yield from examine(dataset, how, augment)
    wanted = [one.excludable for one in report.findings if one.kind not in MATTERS_OF_TASTE]
    return Examined(report, np.unique(np.concatenate([np.zeros(0, np.int64), *wanted])))


def read_page(dataset: Dataset, finding: HealthFinding, number: int) -> Page:
    """One page of the images that a finding is about."""
    rows = np.concatenate([np.zeros(0, np.int64), *finding.groups])
    groups = np.repeat(np.arange(len(finding.groups)), [len(group) for group in finding.groups])
    chosen = slice(number * TILES, (number + 1) * TILES)
    suggested = np.isin(rows[chosen], finding.excludable)
    tiles = [
        Tile(int(row), int(group), dataset.records.name(row), _thumbnail(dataset.images[row]), bool(out))
        for row, group, out in zip(rows[chosen], groups[chosen], suggested, strict=True)
    ]
    return Page(finding, number, -(-len(rows) // TILES), tiles)


def compare(source: str, how: Preparation, seed: int) -> Generator[Progress | FirstImages, None, BeforeAfter]:
    """Prepares some images that are drawn at random, to be seen beside their originals; `how` has a size."""
    from core.data.cache.exclusions import excluded
    from core.data.formats.image_files import evenly_chosen, read, whites_of
    from core.data.items import Picture
    from core.data.names import printable

    files = yield from _files(source)
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
    return BeforeAfter(pairs, "" if pairs else "The originals of these images are not at hand as files of their own.")


def leave_out(dataset: Dataset, suggested: RowNumbers, toggled: frozenset[int]) -> tuple[str, ...]:
    """Leaves out what is suggested, but for the `toggled` rows, of which the opposite is done; returns the names.

    Raises `UserError` when too few images would be left.
    """
    from core.data.cache.exclusions import exclude

    rows = np.setxor1d(suggested, np.array(sorted(toggled), np.int64))
    names = tuple(dataset.records.name(row) for row in rows.tolist())
    exclude(dataset, names)
    return names


def include_again(source: str, names: Sequence[str]) -> None:
    """Includes images again."""
    from core.data.cache.exclusions import include

    include(source, names)


def _files(source: str) -> Generator[Progress | FirstImages, None, Sequence[File]]:
    """The image files of a source; none where it is not made of files."""
    from core.data.download.catalogue import Downloaded
    from core.data.formats.image_files import Files
    from core.data.prepare import scan

    listed = yield from scan(source)
    found = listed.found if isinstance(listed, Downloaded) else listed
    return found.files if isinstance(found, Files) else ()


def _within(width: int, height: int) -> Size:
    """The size of the whole picture at most `BEFORE` px long, as near to its proportions as can be prepared."""
    scale = min(BEFORE / max(width, height), 1)
    return max(round(width * scale), 8), max(round(height * scale), 8)


def _upright(planes: NDArray[np.uint8]) -> Image:
    return np.ascontiguousarray(planes.transpose(1, 2, 0))


def _thumbnail(planes: NDArray[np.uint8]) -> Image:
    """Every so many pixels, so that the longer side is `THUMBNAIL` px at most: enough to recognise an image."""
    step = -(-max(planes.shape[1:]) // THUMBNAIL)
    return _upright(planes[:, ::step, ::step])
