"""Interfaces of data formats and of the sources that they open, and functions that sources share."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.config.preparation import Preparation
from core.data.items import Picture, Skipped
from core.data.names import Inside, natural, printable
from core.events import FirstImages, Progress

SUGGESTED_LEAST, SUGGESTED_MOST = 16, 64
"""A first training should show something within minutes, on a CPU too; more pixels are one choice away."""

MOST_CLASSES = 1000
LONGEST_CLASS = 2**12
"""Characters of a class's name."""


class Source(Protocol):
    """A source whose contents are listed but not read."""

    @property
    def name(self) -> str:
        """What `Dataset.source` says: an absolute path, or "sample:digits"."""

    @property
    def title(self) -> str:
        """What a person calls it."""

    @property
    def key(self) -> str:
        """Changes whenever the contents may have changed; known without opening a file."""

    @property
    def total(self) -> int:
        """How many pictures there are to read."""

    @property
    def doing(self) -> str:
        """What `read` does, for the progress bar."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty when the pictures have no labels."""

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What the listing alone could rule out."""

    def suggest(self) -> Generator[Progress, None, int]:
        """Find the side of squares that suits the pictures, a power of two in [16, 64]."""

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Pictures in a fixed order, prepared so.

        None: nothing new yet, but here is a moment to show progress or to stop.
        """


@dataclass(frozen=True)
class OneFile:
    """What sources share that are a single file, or a folder of one dataset's known files. `key` is `Source`'s."""

    root: Path
    key: str

    @property
    def name(self) -> str:
        return str(self.root)

    @property
    def title(self) -> str:
        return printable(self.root.name)


class DataFormat(Protocol):
    """What a module of `core.data.formats` that defines `TITLE` offers, and the built-in samples do."""

    def opens(self, source: str) -> bool:
        """Whether `source` is of this kind. Cheap: no file is read beyond its first bytes."""

    def scan(self, source: str) -> Generator[Progress | FirstImages, None, Source]:
        """List what is there; where that may take long, show first pictures on the way. Raises `UserError`."""


_PARTS = "train training trn val valid validation dev test testing eval evaluation"
_BESIDE = "image images img imgs mask masks label labels annotation annotations segmentation segmentations gt"
PARTS = frozenset((*_PARTS.split(), *_BESIDE.split()))
"""Names in small letters of folders that divide a dataset: into parts for training and for testing, or into images and
what belongs to them. They are no classes."""


TRAINING = frozenset(("train", "training", "trn"))
"""Names of folders for training, among them."""


def training_level(folders: Set[Inside]) -> int:
    """Returns on how many levels below the top folders divide the dataset, where files lie in these folders, one of
    them for training; 0 if none is."""
    level, parts = class_level(folders)
    return level if not TRAINING.isdisjoint(name.lower() for name in parts) else 0


def is_for_training(path: Inside, level: int) -> bool:
    """Whether a file of this path lies in a folder for training, on one of so many levels below the top."""
    return not TRAINING.isdisjoint(name.lower() for name in path[: min(level, len(path) - 1)])


def class_level(folders: Set[Inside]) -> tuple[int, tuple[str, ...]]:
    """Returns at which level below the top the folders of classes lie, where files lie in these folders: below those
    around everything and those that divide the dataset (`PARTS`). And the names of the latter."""
    level = 0
    parts: set[str] = set()
    while folders and all(len(path) > level for path in folders):
        names = {path[level] for path in folders}
        if len(names) > 1:
            if not {name.lower() for name in names} <= PARTS:
                break
            parts |= names
        level += 1
    return level, tuple(sorted(parts, key=natural))


def classes_of(folders: Set[Inside]) -> tuple[int, tuple[str, ...]]:
    """Returns the level of the folders that are classes, and their names, where files lie in these folders; no names
    unless there are 2 to 1000 on that level and nothing lies elsewhere."""
    level, _ = class_level(folders)
    names = {path[level] for path in folders if len(path) == level + 1}
    if not 2 <= len(names) <= MOST_CLASSES or any(len(path) != level + 1 for path in folders):
        return level, ()
    return level, tuple(sorted(names, key=natural))


def class_numbers(labels: ArrayLike) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Whole numbers (N,) as indices into the classes' names, which are those numbers; no names unless 2 to 1000."""
    used, numbers = np.unique(np.asarray(labels, np.int64), return_inverse=True)
    if not 2 <= len(used) <= MOST_CLASSES:
        return np.zeros(len(numbers), np.int64), ()
    return numbers.astype(np.int64), tuple(map(str, used.tolist()))


def resolution_for(sides: list[int]) -> int:
    """The power of two nearest below or equal to the median of the shorter sides, and in the suggested range."""
    if not sides:
        return 64
    median = sorted(sides)[len(sides) // 2]
    return max(SUGGESTED_LEAST, min(SUGGESTED_MOST, 1 << (median.bit_length() - 1)))
