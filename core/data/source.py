"""Interfaces of data formats and sources, and functions that sources share."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.config.preparation import Preparation
from core.data.items import Picture, Skipped
from core.data.names import Inside, natural, printable
from core.data.sides.side_names import by_folder
from core.events import FirstImages, Progress

SUGGESTED_LEAST, SUGGESTED_MOST = 16, 64
"""Range of suggested resolutions. Low, so that a first training shows results within minutes, even on a CPU."""

MOST_CLASSES = 1000
LONGEST_CLASS = 2**12
"""Maximum length of a class name in characters."""


class Source(Protocol):
    """Source of images whose contents are listed but not read yet."""

    @property
    def name(self) -> str:
        """Value of `Dataset.source`: an absolute path, or "sample:digits"."""

    @property
    def title(self) -> str:
        """Name that is shown to the user."""

    @property
    def key(self) -> str:
        """Key that changes whenever the contents may have changed; known without opening a file."""

    @property
    def total(self) -> int:
        """Number of images to read."""

    @property
    def doing(self) -> str:
        """Text of the progress bar during `read`."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty if the images have no labels."""

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Files that the listing ruled out."""

    def suggest(self) -> Generator[Progress, None, int]:
        """Yields `Progress`; returns the suggested resolution, a power of two in [16, 64]."""

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Yields images, prepared as `how` says, in a fixed order, and skipped files.

        None: nothing new; an opportunity to show progress or to stop.
        """


@dataclass(frozen=True)
class OneFile:
    """Base of sources that are a single file, or a folder with the known files of one dataset. `key`: see `Source`."""

    root: Path
    key: str

    @property
    def name(self) -> str:
        return str(self.root)

    @property
    def title(self) -> str:
        return printable(self.root.name)


class DataFormat(Protocol):
    """Interface of the format modules in `core.data.formats`, and of the built-in samples."""

    def opens(self, source: str) -> bool:
        """Returns whether `source` has this format. Fast: reads only the first bytes of files."""

    def scan(self, source: str) -> Generator[Progress | FirstImages, None, Source]:
        """Yields `Progress`, and first images if it takes long; returns the listed source. Raises `UserError`."""


_PARTS = "train training trn val valid validation dev test testing eval evaluation"
_BESIDE = "image images img imgs mask masks label labels annotation annotations segmentation segmentations gt"
PARTS = frozenset((*_PARTS.split(), *_BESIDE.split()))
"""Lower-case names of folders that split a dataset into training and test sets, or into images, masks and labels. They
are not classes."""


TRAINING = frozenset(("train", "training", "trn"))
"""Names of training folders among `PARTS`."""


def training_level(folders: Set[Inside]) -> int:
    """Returns the number of levels at which folders split the dataset, given the folders of its files.

    Returns 0 if none of them is a training folder.
    """
    level, parts = split_level(folders)
    return level if is_for_training((*parts, ""), len(parts)) else 0


def is_for_training(path: Inside, level: int) -> bool:
    """Returns whether a file is in a training folder at one of the first `level` levels."""
    return not TRAINING.isdisjoint(_part(name) or "" for name in path[: min(level, len(path) - 1)])


def class_level(folders: Set[Inside]) -> tuple[int, tuple[str, ...]]:
    """Returns the level of the class folders, given the folders of all files, and the names of the folders above that
    split the dataset (`PARTS`)."""
    return _level_below(folders, lambda names: {name.lower() for name in names} <= PARTS)


def split_level(folders: Set[Inside]) -> tuple[int, tuple[str, ...]]:
    """Returns the number of levels at which folders split the dataset or tell the sides of pairs, given the folders of
    all files, and the names of those that split it, such as train and test, or trainA and testA."""
    level, names = _level_below(folders, lambda names: all(_part(name) is not None for name in names))
    parts = tuple(name for name in names if _part(name))
    return level, parts if len({_part(name) for name in parts}) > 1 else ()


def _part(folder: str) -> str | None:
    """Returns the part of a dataset that a folder holds, "train" for trainA; empty for one that only tells the side,
    and None for others."""
    if folder.lower() in PARTS:
        return folder.lower()
    side = by_folder(folder)
    return None if side is None else side.name


def _level_below(folders: Set[Inside], are_above: Callable[[Set[str]], bool]) -> tuple[int, tuple[str, ...]]:
    """Returns the first level whose folders are several and not `are_above`, and the names of several above it."""
    level = 0
    above: set[str] = set()
    while folders and all(len(path) > level for path in folders):
        names = {path[level] for path in folders}
        if len(names) > 1:
            if not are_above(names):
                break
            above |= names
        level += 1
    return level, tuple(sorted(above, key=natural))


def classes_of(folders: Set[Inside]) -> tuple[int, tuple[str, ...]]:
    """Returns the level of the class folders and their names, given the folders of all files.

    There are no names unless that level has 2 to 1000 folders and holds all files.
    """
    level, _ = class_level(folders)
    names = {path[level] for path in folders if len(path) == level + 1}
    if not 2 <= len(names) <= MOST_CLASSES or any(len(path) != level + 1 for path in folders):
        return level, ()
    return level, tuple(sorted(names, key=natural))


def class_numbers(labels: ArrayLike) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Returns class numbers (N,) of integer labels, and the labels as class names; no names unless 2 to 1000."""
    used, numbers = np.unique(np.asarray(labels, np.int64), return_inverse=True)
    if not 2 <= len(used) <= MOST_CLASSES:
        return np.zeros(len(numbers), np.int64), ()
    return numbers.astype(np.int64), tuple(map(str, used.tolist()))


def resolution_for(sides: list[int]) -> int:
    """Returns the largest power of two not above the median of the shorter sides, within the suggested range."""
    if not sides:
        return 64
    median = sorted(sides)[len(sides) // 2]
    return max(SUGGESTED_LEAST, min(SUGGESTED_MOST, 1 << (median.bit_length() - 1)))
