"""Examines the open dataset, shows what was found in it, and leaves images out: each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from core.config.preparation import Preparation, Size
from core.data.health.findings import FindingKind, HealthFinding, HealthReport, RowNumbers
from core.events import Event, Progress
from studio.background.newest_task import NewestTask
from studio.background.threads import Events
from studio.background.workers import Workers
from studio.model.data import BeforeAfter, Examined, Image, LeftOut, Page, Pair, TakenBack, Tile

if TYPE_CHECKING:
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

    examination_began = Signal()
    examination_progressed = Signal(object)
    examined = Signal(object)
    """An `Examined`."""
    examination_ended = Signal()
    looked = Signal(object)
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
        self._examination, self._look, self._comparison = (NewestTask(workers) for _ in range(3))
        self._dataset: Dataset | None = None
        self._examined: Examined | None = None

    def examine(self, dataset: Dataset, how: Preparation, augment: str) -> None:
        """Looks at every image; the examination of another dataset is given up for it."""
        self._dataset, self._examined = dataset, None
        self._look.drop()
        self.examination_began.emit()
        make = partial(examine_dataset, dataset, how, augment)
        self._examination.start(make, self._show_examined, end=self.examination_ended.emit)

    def look(self, finding: HealthFinding, number: int) -> None:
        """A page of the images that a finding is about, as `looked`."""
        if self._dataset is not None:
            self._look.start(partial(look_at, self._dataset, finding, number), self.looked.emit)

    def compare(self, source: str, how: Preparation, seed: int) -> None:
        """Originals beside what becomes of them, as `compared`."""
        self._comparison.start(partial(compare, source, how, seed), self._show_compared)

    def leave_out(self, finding: HealthFinding, toggled: frozenset[int]) -> None:
        """What the finding suggests, but for the images of which the person decided otherwise."""
        if self._dataset is not None:
            self._change(partial(leave_out, self._dataset, finding.excludable, toggled))

    def leave_out_suggested(self) -> None:
        """Everything that the examination suggests."""
        if self._dataset is not None and self._examined is not None:
            self._change(partial(leave_out, self._dataset, self._examined.suggested))

    def take_back(self, source: str, names: Sequence[str]) -> None:
        """Includes images again."""
        self._change(partial(take_back, source, names))

    def _change(self, make: Callable[[], Events]) -> None:
        self._workers.spawn(make, self._show_changed)  # every one counts, not only the newest

    def _show_examined(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.examination_progressed.emit(event)
        elif isinstance(event, Examined):
            self._examined = event
            self.examined.emit(event)

    def _show_compared(self, event: Event) -> None:
        if isinstance(event, BeforeAfter):
            self.compared.emit(event)

    def _show_changed(self, event: Event) -> None:
        if isinstance(event, LeftOut):
            self.left_out.emit(event.source, event.names)
            self.changed.emit(event.source)
        elif isinstance(event, TakenBack):
            self.taken_back.emit(event.source, event.names)
            self.changed.emit(event.source)


def examine_dataset(dataset: Dataset, how: Preparation, augment: str) -> Generator[Event, None, None]:
    """Yields `Progress`, then an `Examined`."""
    from core.data.health.examine import examine

    for event in examine(dataset, how, augment):
        if isinstance(event, HealthReport):
            wanted = [one.excludable for one in event.findings if one.kind not in MATTERS_OF_TASTE]
            yield Examined(event, np.unique(np.concatenate([np.zeros(0, np.int64), *wanted])))
        else:
            yield event


def look_at(dataset: Dataset, finding: HealthFinding, number: int) -> Generator[Event, None, None]:
    """Yields one `Page` of the images that a finding is about."""
    rows = np.concatenate([np.zeros(0, np.int64), *finding.groups])
    groups = np.repeat(np.arange(len(finding.groups)), [len(group) for group in finding.groups])
    chosen = slice(number * TILES, (number + 1) * TILES)
    suggested = np.isin(rows[chosen], finding.excludable)
    tiles = [
        Tile(int(row), int(group), dataset.records.name(row), _thumbnail(dataset.images[row]), bool(out))
        for row, group, out in zip(rows[chosen], groups[chosen], suggested, strict=True)
    ]
    yield Page(finding, number, -(-len(rows) // TILES), tiles)


def compare(source: str, how: Preparation, seed: int) -> Generator[Event, None, None]:
    """Yields a `BeforeAfter` of some images that are drawn at random; `how` has a size."""
    from core.data.cache.exclusions import excluded
    from core.data.formats.image_files import read
    from core.data.items import Picture
    from core.data.names import printable

    files = yield from _files(source)
    out = frozenset(excluded(source))
    order = np.random.default_rng(seed).permutation(len(files))[: 4 * PAIRS]
    pairs: list[Pair] = []
    for index in order.tolist():
        file = files[index]
        if len(pairs) == PAIRS or printable(file.name) in out:
            continue
        after = read(file, how)
        if isinstance(after, Picture):
            small = Preparation(_within(after.width, after.height), "stretch", alpha=True)
            before = read(file, small)
            if isinstance(before, Picture):
                pairs.append(Pair(after.name, _upright(before.pixels), _upright(after.pixels)))
    yield BeforeAfter(pairs, "" if pairs else "The originals of these images are not at hand as files of their own.")


def leave_out(
    dataset: Dataset, suggested: RowNumbers, toggled: frozenset[int] = frozenset()
) -> Generator[Event, None, None]:
    """Leaves out what is suggested, but for the `toggled` rows, of which the opposite is done; yields `LeftOut`.

    Raises `UserError` when too few images would be left.
    """
    from core.data.cache.exclusions import exclude

    yield Progress("Leaving images out", 0, 0)
    rows = np.setxor1d(suggested, np.array(sorted(toggled), np.int64))
    names = tuple(dataset.records.name(row) for row in rows.tolist())
    exclude(dataset, names)
    yield LeftOut(dataset.source, names)


def take_back(source: str, names: Sequence[str]) -> Generator[Event, None, None]:
    """Includes images again, and yields `TakenBack`."""
    from core.data.cache.exclusions import include

    yield Progress("Including images again", 0, 0)
    include(source, names)
    yield TakenBack(source, names)


def _files(source: str) -> Generator[Event, None, Sequence[File]]:
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
