"""What every kind of dataset source offers; a further kind is one further module that is named in `prepare.KINDS`."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator, Set
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.data.dataset import Skipped
from core.events import Glimpse, Progress
from core.preparation import Preparation

SUGGESTED_LEAST, SUGGESTED_MOST = 16, 64
"""A first training should show something within minutes, on a CPU too; more pixels are one choice away."""

_MOST_CLASSES = 1000

Inside = tuple[str, ...]
"""A path inside a folder or an archive, part by part."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One image, ready to store: uint8, shape (C, H, W), C = 1 (grey), 3 (RGB) or 4 (RGBA, not opaque everywhere).

    `width`, `height` and `mode` (as Pillow names it) are the original's, as displayed, and so is `transparent`: whether
    anything of it is not opaque. `label` is an index into the source's classes. `name` is what it is called inside the
    source; `bytes` and `content` are the size of its file and a 64-bit hash of it, 0 where it has none of its own.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    label: int = 0
    mode: str = ""
    name: str = ""
    bytes: int = 0
    content: int = 0
    transparent: bool = False


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


class Kind(Protocol):
    """A module that makes sources."""

    def opens(self, source: str) -> bool:
        """Whether `source` is of this kind. Cheap: no file is read beyond its first bytes."""

    def scan(self, source: str) -> Generator[Progress | Glimpse, None, Source]:
        """List what is there; where that may take long, show first pictures on the way. Raises `Problem`."""


def inside(name: str) -> Inside:
    """From a path with slashes."""
    return tuple(part for part in name.split("/") if part not in ("", "."))


def absolute(path: str) -> Path:
    """The full path, with links as the person gave them: their names are what a person knows."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (resolve would follow links, absolute would keep "..")


def opened(path: str | Path, buffering: int = -1) -> IO[bytes]:
    """The file's bytes, without waiting for anybody where a pipe has taken its place. `buffering` as `open` has it."""
    return open(path, "rb", buffering, opener=_at_once)


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def version(path: Path) -> str:
    """Changes whenever the file may have changed. Raises `OSError`."""
    status = path.stat()
    return f"{path}\0{status.st_size}\0{status.st_mtime_ns}"


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
    r"""A file name as valid text: bytes that are no UTF-8 become \xff and the like, so that different files differ.

    Only a file whose name spells out such an escape could be taken for the one beside it that has the byte itself.
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def quoted(name: str) -> str:
    """A name inside a sentence: one line, in quotes."""
    return f"'{' '.join(printable(name).split())}'"


def natural(name: str) -> str:
    """Sorting key with numbers by value: img2 before img10. Each is preceded by its length, so none is too long."""
    key = re.sub(r"[0-9]+", lambda number: f"{len(number[0].lstrip('0')):05}{number[0].lstrip('0')}", name.casefold())
    return f"{key}\0{name}"


def classes_of(folders: Set[tuple[str, ...]]) -> tuple[str, ...]:
    """Names of the classes, where the files lie in these folders: 2 to 1000 of the first level, and nothing else."""
    if not 2 <= len(folders) <= _MOST_CLASSES or any(len(path) != 1 for path in folders):
        return ()
    return tuple(sorted((name for (name,) in folders), key=natural))


def class_numbers(labels: ArrayLike) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Whole numbers (N,) as indices into the classes' names, which are those numbers; no names unless 2 to 1000."""
    used, numbers = np.unique(np.asarray(labels, np.int64), return_inverse=True)
    if not 2 <= len(used) <= _MOST_CLASSES:
        return np.zeros(len(numbers), np.int64), ()
    return numbers.astype(np.int64), tuple(map(str, used.tolist()))


def resolution_for(sides: list[int]) -> int:
    """The power of two nearest below or equal to the median of the shorter sides, and in the suggested range."""
    if not sides:
        return 64
    median = sorted(sides)[len(sides) // 2]
    return max(SUGGESTED_LEAST, min(SUGGESTED_MOST, 1 << (median.bit_length() - 1)))
