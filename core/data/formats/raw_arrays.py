"""Raw pixel arrays in files: the reader shared by `.npy`, `.npz`, `.mat`, IDX and CIFAR.

Files are read from front to back, a few megabytes at a time. They are never mapped into memory: a drive that vanishes
under a memory map takes the whole program along.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.concurrency import in_order
from core.config.preparation import Preparation
from core.data.decode import MOST_PIXELS
from core.data.formats.compression import readable, refuse_bomb
from core.data.formats.image_files import LARGEST_FILE
from core.data.items import Picture, Skipped
from core.data.names import quoted
from core.data.resize import fitted
from core.data.source import OneFile, resolution_for
from core.data.value_range import Limits, ValueRange, scaled, white_for
from core.errors import UserError
from core.events import Progress


class Stream(Protocol):
    """What is read from front to back. Where there is less than `count`, `read` gives what there is, or raises."""

    def read(self, count: int, /) -> bytes: ...


Opener = Callable[[], AbstractContextManager[Stream]]

_PIECE = 2**20
"""Bytes read at once, or one row if that is more: few enough for stopping promptly."""
_CHUNK = 16
"""Pictures prepared at once."""
_MOST_NAMES = 100
_MOST_PICTURES = 10_000_000
_FULL = {"uint8": 255, "uint16": 65535}
"""Whites of types, beyond which nothing need be looked at."""


@dataclass(frozen=True)
class RowStream:
    """Rows of one type, `count` of them in C order, in a file that `open` opens in front of the first.

    Of rows with named parts `part` is the one that is meant.
    """

    open: Opener
    row: np.dtype[Any]
    count: int
    part: str = ""

    @property
    def kind(self) -> np.dtype[Any]:
        """What one number of them is."""
        return (self.row[self.part] if self.part else self.row).base

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row."""
        return (self.row[self.part] if self.part else self.row).shape

    @property
    def bytes(self) -> int:
        return self.count * self.row.itemsize

    def read(self, most: int = _PIECE) -> Iterator[NDArray[Any]]:
        """All rows, at most so many at once. Raises `EOFError` when there are too few, and what a broken file does."""
        most = min(most, max(_PIECE // self.row.itemsize, 1))
        with self.open() as stream:
            for start in range(0, self.count, most):
                count = min(most, self.count - start)
                data = stream.read(count * self.row.itemsize)
                if len(data) < count * self.row.itemsize:
                    raise EOFError(f"row {start + len(data) // self.row.itemsize} of {self.count} is not complete")
                rows = np.frombuffer(data, self.row)
                yield rows[self.part] if self.part else rows

    def all(self) -> NDArray[Any]:
        """Every row, for few numbers."""
        return np.concatenate([np.zeros((0, *self.shape), self.kind), *self.read()])


@dataclass(frozen=True)
class Arrays(OneFile):
    """A `Source` of such pictures. Their numbers are looked at no earlier than they are read.

    `by_column`: they are stored column by column, not row by row.
    """

    parts: tuple[RowStream, ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    by_column: bool = False
    doing: str = "Reading images"

    @property
    def total(self) -> int:
        return sum(part.count for part in self.parts)

    def suggest(self) -> Generator[Progress, None, int]:
        """From the one size that all have."""
        yield from ()
        return resolution_for([min(_size(self.parts[0].shape))])

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Every picture. Raises `UserError` for numbers that stand for no brightness, and for damaged files."""
        with readable(self.root):
            limits = yield from self._limits()
            workers = min(8, os.cpu_count() or 1)
            for chunk in in_order(self._jobs(limits, how), workers, ahead=2 * workers):
                yield from chunk or (None,)

    def _jobs(self, limits: Limits, how: Preparation) -> Iterator[Callable[[], list[Picture]]]:
        start = 0
        for part in self.parts:
            for rows in part.read(_CHUNK):
                labels = self.labels[start : start + len(rows)]
                if self.by_column:
                    rows = rows.swapaxes(-1, -2)
                yield partial(_pictures, rows, labels, start, limits, how)
                start += len(rows)

    def _limits(self) -> Generator[None, None, Limits]:
        """From all numbers, but no further than they may still say something else."""
        kind = self.parts[0].kind
        if kind.kind == "b":
            return 0, 1
        found: ValueRange | None = None
        for part in self.parts:
            for rows in part.read():
                if kind.kind == "f" and not np.isfinite(rows).all():
                    raise UserError(
                        f"{quoted(self.root.name)} holds values that are no numbers (NaN or infinite).",
                        "Replace them, or leave those pictures out.",
                        self.name,
                    )
                here = ValueRange.of(rows, found is None or found.whole)
                found = here | (found or here)
                if white_for(found.high) == _FULL.get(kind.name):
                    return 0, _FULL[kind.name]
                yield
        assert found is not None  # there is at least one picture
        if found.known is None:
            raise UserError(
                f"The numbers in {quoted(self.root.name)} reach from {found.low:g} to {found.high:g}.",
                "Save them scaled to [0, 1], [-1, 1] or [0, 255].",
                self.name,
            )
        return found.known


def few_names(folder: Path) -> list[str]:
    """What lies in a folder that may be one of such files; nothing if it is more, or may not be looked into."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, _MOST_NAMES + 1)]
        return names if len(names) <= _MOST_NAMES else []
    return []


def pictures(root: Path, open: Opener, kind: np.dtype[Any], shape: tuple[int, ...]) -> RowStream:
    """Rows of an array (N, H, W), (N, H, W, C) or (N, C, H, W). Raises `UserError` for what cannot be pictures."""
    title = quoted(root.name)
    if kind.kind not in "buif" or not _are_pictures(shape):
        raise UserError(
            f"{title} holds no pictures but an array of {kind.name} and shape {shape}.",
            "Save them as uint8 of shape (N, H, W, C), C = 1, 3 or 4, or of shape (N, H, W) for grey.",
            str(root),
        )
    if _is_single(shape):
        raise UserError(
            f"{title} holds a single picture, of shape {shape}.",
            "Save all pictures as one array of shape (N, H, W, C), C = 1 for grey, or as image files in a folder.",
            str(root),
        )
    width, height = _size(shape[1:])
    if width * height > MOST_PIXELS or prod(shape[1:]) * kind.itemsize > LARGEST_FILE:
        raise UserError(
            f"The pictures in {title} are {width} x {height} px, too large to be read.", "Save them smaller.", str(root)
        )
    if shape[0] > _MOST_PICTURES:
        raise UserError(
            f"There are {shape[0]} pictures in {title}, more than {_MOST_PICTURES}.", "Save fewer of them.", str(root)
        )
    rows = RowStream(open, np.dtype((kind, shape[1:])), shape[0])
    refuse_bomb(root, rows.bytes)
    return rows


def _are_pictures(shape: tuple[int, ...]) -> bool:
    if min(shape, default=0) < 1:
        return False
    return len(shape) == 3 or (len(shape) == 4 and (shape[3] in (1, 3, 4) or shape[1] in (1, 3, 4)))


def _is_single(shape: tuple[int, ...]) -> bool:
    """Whether it is one picture, channels last or first: three grey ones are no dataset, nor are any 4 px wide."""
    return shape[0] in (1, 3, 4) or shape[2] <= 4 if len(shape) == 3 else shape[0] == 1


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height of a picture of that shape."""
    height, width = shape[:2] if len(shape) == 2 or shape[2] in (1, 3, 4) else shape[1:]
    return width, height


def _pictures(
    rows: NDArray[Any], labels: NDArray[np.int64], start: int, limits: Limits, how: Preparation
) -> list[Picture]:
    if rows.ndim == 4 and rows.shape[3] not in (1, 3, 4):
        rows = np.moveaxis(rows, 1, 3)
    if rows.shape[3:] == (1,):
        rows = rows[..., 0]
    if rows.dtype != np.uint8 or limits != (0, 255):
        rows = scaled(rows, limits)
    made: list[Picture] = []
    for index, (row, label) in enumerate(zip(rows, labels.tolist(), strict=True), start):
        image = Image.fromarray(np.ascontiguousarray(row))
        made.append(Picture(fitted(image, how), *image.size, label, image.mode, f"image {index}"))
    return made
