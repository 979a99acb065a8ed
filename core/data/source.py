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
from core.data.names import natural, printable
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


def classes_of(folders: Set[tuple[str, ...]]) -> tuple[str, ...]:
    """Names of the classes, where the files lie in these folders: 2 to 1000 of the first level, and nothing else."""
    if not 2 <= len(folders) <= MOST_CLASSES or any(len(path) != 1 for path in folders):
        return ()
    return tuple(sorted((name for (name,) in folders), key=natural))


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
