"""Looking at a dataset and leaving images out of it: generators that do so away from the GUI thread."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.events import Event, Progress
from core.findings import Finding, HealthReport, Kind, Rows
from core.preparation import Preparation, Size

if TYPE_CHECKING:
    from core.data import Dataset
    from core.data.files import File

TILES = 48
"""Images of a finding that are shown at once."""
THUMBNAIL = 128
PAIRS = 6
BEFORE = 256
"""Longer side of an original as it is shown."""
MATTERS_OF_TASTE: frozenset[Kind] = frozenset({"colours", "transparency"})
"""Nothing is wrong with those images; whether to leave them out is for the person alone to say."""

Image = NDArray[np.uint8]
"""One image, (H, W, C)."""


@dataclass(frozen=True, eq=False)
class Examined(Event):
    """What was found in a dataset; `suggested` are the images that it would be better without."""

    report: HealthReport
    suggested: Rows


@dataclass(frozen=True, eq=False)
class Tile:
    """An image that a finding is about: its number, that of its group, and whether it is suggested to leave it out."""

    row: int
    group: int
    name: str
    picture: Image
    suggested: bool


@dataclass(frozen=True, eq=False)
class Page(Event):
    """Some images of a finding, of all its `pages` the one of that `number`."""

    finding: Finding
    number: int
    pages: int
    tiles: Sequence[Tile]


@dataclass(frozen=True, eq=False)
class Pair:
    """An original, scaled down and whole, and what a network is shown of it."""

    name: str
    before: Image
    after: Image


@dataclass(frozen=True, eq=False)
class Comparison(Event):
    """Originals beside what becomes of them; where there are none, `reason` says why."""

    pairs: Sequence[Pair]
    reason: str = ""


@dataclass(frozen=True)
class LeftOut(Event):
    """Images of these names are left out of the dataset from its next opening on."""

    source: str
    names: Sequence[str]


@dataclass(frozen=True)
class TakenBack(Event):
    """And these are included again."""

    source: str
    names: Sequence[str]


def examine_dataset(dataset: Dataset, how: Preparation, augment: str) -> Generator[Event, None, None]:
    """Yields `Progress`, then an `Examined`."""
    from core.data.health import examine

    for event in examine(dataset, how, augment):
        if isinstance(event, HealthReport):
            wanted = [one.excludable for one in event.findings if one.kind not in MATTERS_OF_TASTE]
            yield Examined(event, np.unique(np.concatenate([np.zeros(0, np.int64), *wanted])))
        else:
            yield event


def look_at(dataset: Dataset, finding: Finding, number: int) -> Generator[Event, None, None]:
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
    """Yields a `Comparison` of some images that are drawn at random; `how` has a size."""
    from core.data.exclusions import excluded
    from core.data.files import read
    from core.data.source import Picture, printable

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
    yield Comparison(pairs, "" if pairs else "The originals of these images are not at hand as files of their own.")


def leave_out(dataset: Dataset, suggested: Rows, toggled: frozenset[int] = frozenset()) -> Generator[Event, None, None]:
    """Leaves out what is suggested, but for the `toggled` rows, of which the opposite is done; yields `LeftOut`.

    Raises `Problem` when too few images would be left.
    """
    from core.data.exclusions import exclude

    yield Progress("Leaving images out", 0, 0)
    rows = np.setxor1d(suggested, np.array(sorted(toggled), np.int64))
    names = tuple(dataset.records.name(row) for row in rows.tolist())
    exclude(dataset, names)
    yield LeftOut(dataset.source, names)


def take_back(source: str, names: Sequence[str]) -> Generator[Event, None, None]:
    """Includes images again, and yields `TakenBack`."""
    from core.data.exclusions import include

    yield Progress("Including images again", 0, 0)
    include(source, names)
    yield TakenBack(source, names)


def _files(source: str) -> Generator[Event, None, Sequence[File]]:
    """The image files of a source; none where it is not made of files."""
    from core.data.catalogue import Downloaded
    from core.data.files import Files
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
