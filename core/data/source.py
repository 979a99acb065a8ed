"""What every kind of dataset source offers; a further kind is one further module that is named in `prepare.KINDS`."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Skipped
from core.events import Progress

Size = tuple[int, int]
"""Width and height in pixels."""

SMALLEST, LARGEST = 8, 1024
"""Of a prepared picture's sides."""
SUGGESTED_LEAST, SUGGESTED_MOST = 16, 64
"""A first training should show something within minutes, on a CPU too; more pixels are one choice away."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One image, ready to store: uint8, shape (C, H, W), C = 1 (grey), 3 (RGB) or 4 (RGBA, not opaque everywhere).

    `width` and `height` are the original's, as displayed; `label` is an index into the source's classes.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    label: int = 0


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

    def read(self, size: Size, alpha: bool) -> Iterator[Picture | Skipped | None]:
        """Pictures of that size in a fixed order, on white unless `alpha` keeps their transparency.

        None: nothing new yet, but here is a moment to show progress or to stop.
        """


class Kind(Protocol):
    """A module that makes sources."""

    def opens(self, source: str) -> bool:
        """Whether `source` is of this kind. Cheap: no file is read beyond its first bytes."""

    def scan(self, source: str) -> Generator[Progress, None, Source]:
        """List what is there. Raises `Problem`."""


def absolute(path: str) -> Path:
    """The full path, with links as the person gave them: their names are what a person knows."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (resolve would follow links, absolute would keep "..")


def digest(*parts: str | bytes) -> str:
    """A 128-bit hex hash; parts cannot run into each other because each is preceded by its length."""
    state = blake2b(digest_size=16)
    for part in parts:
        # Names may hold bytes that are no text (lone surrogates), which only the file system's own coding can say.
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def printable(name: str) -> str:
    """A file name as valid text: bytes that are no UTF-8 become a replacement character."""
    return os.fsencode(name).decode("utf-8", "replace")


def quoted(name: str) -> str:
    """A name inside a sentence: one line, in quotes."""
    return f"'{' '.join(printable(name).split())}'"


def natural(name: str) -> tuple[tuple[str | tuple[int, str], ...], str]:
    """Sorting key with numbers by value: img2 before img10. Digits are compared as text, so no length is too long."""
    parts = re.split(r"([0-9]+)", name.casefold())
    pieces = (piece.lstrip("0") if index % 2 else piece for index, piece in enumerate(parts))
    return tuple((len(piece), piece) if index % 2 else piece for index, piece in enumerate(pieces)), name


def classes_of(paths: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The class folders of relative paths; empty unless every file lies in exactly one of 2 to 1000 folders."""
    names: set[str] = set()
    for path in paths:
        if len(path) != 2:
            return ()
        names.add(path[0])
    return tuple(sorted(names, key=natural)) if 2 <= len(names) <= 1000 else ()


def resolution_for(sides: list[int]) -> int:
    """The power of two nearest below or equal to the median of the shorter sides, and in the suggested range."""
    if not sides:
        return 64
    median = sorted(sides)[len(sides) // 2]
    return max(SUGGESTED_LEAST, min(SUGGESTED_MOST, 1 << (median.bit_length() - 1)))
