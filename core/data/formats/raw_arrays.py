"""Raw pixel arrays in files: the reader shared by `.npy`, `.npz`, `.mat`, IDX and CIFAR.

Files are read sequentially, a few megabytes at a time. They are never memory-mapped: the program would crash if a
drive disappears under a memory map.
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
from core.language import _, number


class Stream(Protocol):
    """Interface of a sequential stream. `read` returns fewer than `count` bytes at the end, or raises."""

    def read(self, count: int, /) -> bytes: ...


Opener = Callable[[], AbstractContextManager[Stream]]

_PIECE = 2**20
"""Bytes read at once, or one row if that is more; few enough for stopping promptly."""
_CHUNK = 16
"""Images prepared at once."""
_MOST_NAMES = 100
_MOST_PICTURES = 10_000_000
_FULL = {"uint8": 255, "uint16": 65535}
"""Largest white level of each type; once it is reached, further values need not be examined."""


@dataclass(frozen=True)
class RowStream:
    """Stream of `count` rows of one type in C order, in a file that `open` opens before the first row.

    `part`: name of the wanted field, for rows of a structured type.
    """

    open: Opener
    row: np.dtype[Any]
    count: int
    part: str = ""

    @property
    def kind(self) -> np.dtype[Any]:
        """Type of one number."""
        return (self.row[self.part] if self.part else self.row).base

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return (self.row[self.part] if self.part else self.row).shape

    @property
    def bytes(self) -> int:
        return self.count * self.row.itemsize

    def read(self, most: int = _PIECE) -> Iterator[NDArray[Any]]:
        """Yields all rows, at most `most` bytes at once. Raises `EOFError` if there are too few, and other exceptions
        for a damaged file."""
        most = min(most, max(_PIECE // self.row.itemsize, 1))
        with self.open() as stream:
            for start in range(0, self.count, most):
                count = min(most, self.count - start)
                data = stream.read(count * self.row.itemsize)
                if len(data) < count * self.row.itemsize:
                    raise EOFError(f"row {start + len(data) // self.row.itemsize} of {self.count} is incomplete")
                rows = np.frombuffer(data, self.row)
                yield rows[self.part] if self.part else rows

    def all(self) -> NDArray[Any]:
        """Returns all rows, for small arrays."""
        return np.concatenate([np.zeros((0, *self.shape), self.kind), *self.read()])


@dataclass(frozen=True)
class Arrays(OneFile):
    """`Source` of images in arrays. Values are examined only during reading.

    `by_column`: images are stored in column-major order.
    """

    parts: tuple[RowStream, ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    by_column: bool = False
    doing: str = _("Reading images")

    @property
    def total(self) -> int:
        return sum(part.count for part in self.parts)

    def suggest(self) -> Generator[Progress, None, int]:
        """Suggests a resolution from the common size of the images."""
        yield from ()
        return resolution_for([min(_size(self.parts[0].shape))])

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Yields every image. Raises `UserError` for values that are not brightness, and for damaged files."""
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
        """Returns the levels of black and white, from as many values as needed."""
        kind = self.parts[0].kind
        if kind.kind == "b":
            return 0, 1
        found: ValueRange | None = None
        for part in self.parts:
            for rows in part.read():
                if kind.kind == "f" and not np.isfinite(rows).all():
                    raise UserError(
                        _("{name} has invalid pixel values (NaN or infinite).").format(name=quoted(self.root.name)),
                        _("Replace these values, or remove the images."),
                        self.name,
                    )
                here = ValueRange.of(rows, found is None or found.whole)
                found = here | (found or here)
                if white_for(found.high) == _FULL.get(kind.name):
                    return 0, _FULL[kind.name]
                yield
        assert found is not None  # there is at least one image
        if found.known is None:
            raise UserError(
                _("The pixel values in {name} range from {low} to {high}.").format(
                    name=quoted(self.root.name), low=f"{found.low:g}", high=f"{found.high:g}"
                ),
                _("Scale them to [0, 1], [-1, 1] or [0, 255], and save the file again."),
                self.name,
            )
        return found.known


def few_names(folder: Path) -> list[str]:
    """Returns the names in a folder that may hold array files; empty if there are too many, or it is unreadable."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, _MOST_NAMES + 1)]
        return names if len(names) <= _MOST_NAMES else []
    return []


def pictures(root: Path, open: Opener, kind: np.dtype[Any], shape: tuple[int, ...]) -> RowStream:
    """Returns the images of an array (N, H, W), (N, H, W, C) or (N, C, H, W) as rows.

    Raises `UserError` for an array that cannot hold images.
    """
    title = quoted(root.name)
    if kind.kind not in "buif" or not _are_pictures(shape):
        raise UserError(
            _("{name} does not hold images, but an array of type {type} and shape {shape}.").format(
                name=title, type=kind.name, shape=shape
            ),
            _("Save images as uint8 of shape (N, H, W, C), C = 1, 3 or 4, or of shape (N, H, W) for grayscale."),
            str(root),
        )
    if _is_single(shape):
        raise UserError(
            _("{name} holds a single image, of shape {shape}.").format(name=title, shape=shape),
            _("Save all images as one array of shape (N, H, W, C), C = 1 for grayscale, or as files in a folder."),
            str(root),
        )
    width, height = _size(shape[1:])
    if width * height > MOST_PIXELS or prod(shape[1:]) * kind.itemsize > LARGEST_FILE:
        raise UserError(
            _("The images in {name} are too large ({width} x {height} px).").format(
                name=title, width=width, height=height
            ),
            _("Save smaller images."),
            str(root),
        )
    if shape[0] > _MOST_PICTURES:
        raise UserError(
            _("{name} holds {count} images; the limit is {limit}.").format(
                name=title, count=number(shape[0]), limit=number(_MOST_PICTURES)
            ),
            _("Save fewer images."),
            str(root),
        )
    rows = RowStream(open, np.dtype((kind, shape[1:])), shape[0])
    refuse_bomb(root, rows.bytes)
    return rows


def _are_pictures(shape: tuple[int, ...]) -> bool:
    if min(shape, default=0) < 1:
        return False
    return len(shape) == 3 or (len(shape) == 4 and (shape[3] in (1, 3, 4) or shape[1] in (1, 3, 4)))


def _is_single(shape: tuple[int, ...]) -> bool:
    """Returns whether the shape is that of a single image, channels last or first, rather than of 3 or 4 tiny ones."""
    return shape[0] in (1, 3, 4) or shape[2] <= 4 if len(shape) == 3 else shape[0] == 1


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Returns width and height of an image of that shape."""
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
