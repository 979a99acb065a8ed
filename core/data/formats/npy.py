"""numpy's `.npy` and `.npz`. What is pickled in them is never read: unpickling runs whatever code a file names."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format
from numpy.typing import NDArray

from core.data.formats.compression import damaged, first_bytes, opened_zip, readable
from core.data.formats.raw_arrays import Arrays, RowStream, pictures
from core.data.items import Skipped
from core.data.names import absolute, digest, opened, printable, quoted, version
from core.data.source import MOST_CLASSES, class_numbers
from core.errors import UserError
from core.events import Progress

TITLE = "NumPy"
RANK = 3

_HEADERS = {(1, 0): format.read_array_header_1_0, (2, 0): format.read_array_header_2_0}
_LONGEST_HEADER = 2**16
_MOST_ARRAYS = 1000
"""That are looked at in one .npz."""
_LABELS = ("label", "class", "target", "y_")
"""What the names of labels hold, for files with more than one list of whole numbers."""


@dataclass(frozen=True)
class _Array:
    """An array of which only the header was read: `start` bytes of what `open` opens."""

    name: str
    open: Callable[[], IO[bytes]]
    start: int
    kind: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool

    @property
    def weight(self) -> tuple[bool, int]:
        """Of the arrays in a file, the one that has the most of this holds the pictures."""
        return len(self.shape) in (3, 4) and self.kind.kind in "buif", prod(self.shape)

    def numbers(self) -> IO[bytes]:
        stream = self.open()
        stream.read(self.start)
        return stream


def opens(source: str) -> bool:
    path = Path(source)
    return path.is_file() and (path.suffix.lower() in (".npy", ".npz") or first_bytes(path, 6) == format.MAGIC_PREFIX)


def scan(source: str) -> Generator[Progress, None, Arrays]:
    """Find the images, and labels for them. Raises `UserError` for damaged files and for what are no pictures."""
    root = absolute(source)
    yield Progress("Looking for images", 0, 0)
    with readable(root):
        arrays = list(_members(root) if zipfile.is_zipfile(root) else _alone(root))
        plain = [array for array in arrays if not array.kind.hasobject]
        found = max(plain, key=lambda array: array.weight, default=None)
        if found is None or (len(plain) < len(arrays) and not found.weight[0]):
            raise _nothing(root, bool(arrays))
        if found.fortran:
            raise UserError(
                f"The numbers in {quoted(root.name)} are in Fortran's order.",
                "Save them again with numpy.save(name, numpy.ascontiguousarray(images)).",
            )
        rows = pictures(root, found.numbers, found.kind, found.shape)
        labels, classes, unread = _labels([array for array in plain if array is not found], rows.count)
        key = digest(version(root))
    return Arrays(
        root=root,
        key=key,
        parts=(rows,),
        labels=labels,
        classes=classes,
        skipped=(
            *(
                Skipped(printable(array.name), "pickled objects, which could run code when they are read")
                for array in arrays
                if array.kind.hasobject
            ),
            *unread,
        ),
    )


def _alone(root: Path) -> Iterator[_Array]:
    yield _array(root, root.name, partial(opened, root), root.stat().st_size)


def _members(root: Path) -> Iterator[_Array]:
    archive = opened_zip(root)
    for info in islice((each for each in archive.infolist() if each.filename.endswith(".npy")), _MOST_ARRAYS):
        yield _array(root, info.filename.removesuffix(".npy"), partial(archive.open, info), info.file_size)


def _array(root: Path, name: str, open: Callable[[], IO[bytes]], size: int) -> _Array:
    try:
        with open() as stream:
            # Only so much of it: numpy would believe a header that says it is as long as the memory.
            head = io.BytesIO(stream.read(_LONGEST_HEADER))
        shape, fortran, kind = _HEADERS[format.read_magic(head)](head)
    except OSError:
        raise
    except Exception as error:  # numpy, tokenize and zipfile raise whatever a header full of rubbish leads to
        raise damaged(root, "is no array of numpy's, or it is damaged", error) from error
    if min(shape, default=1) < 0 or (not kind.hasobject and head.tell() + prod(shape) * kind.itemsize > size):
        raise damaged(root, "is shorter than it says", f"{name}: {shape} of {kind} in {size} bytes")
    return _Array(name, open, head.tell(), kind, shape, fortran)


Labels = tuple[NDArray[np.int64], tuple[str, ...], tuple[Skipped, ...]]
"""A class for each picture, the classes' names, and lists that are called labels and are none."""


def _labels(arrays: Sequence[_Array], count: int) -> Labels:
    """Returns what the list of labels says that is as long as there are pictures; rather one that is called so."""
    called = [each for each in arrays if any(word in each.name.lower() for word in _LABELS)]
    fitting = [each for each in called if each.shape[:1] == (count,) and len(each.shape) <= 2]
    fitting += [each for each in arrays if each.kind.kind in "iu" and each.shape in ((count,), (count, 1))]
    if fitting:
        chosen = fitting[0]
        row = np.dtype((chosen.kind, chosen.shape[1:]))
        return _read_labels(chosen.name, RowStream(chosen.numbers, row, count).all())
    other = (
        Skipped(printable(each.name), f"{each.shape[0] if each.shape else 1} labels for {count} images")
        for each in called
    )
    return np.zeros(count, np.int64), (), tuple(other)


def _read_labels(name: str, values: NDArray[Any]) -> Labels:
    """Whole numbers, truths and words are labels, and so are rows of which one number alone is not 0."""
    none = np.zeros(len(values), np.int64), ()
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2:
        if values.dtype.kind not in "biuf" or not ((values != 0).sum(1) == 1).all():
            return *none, (Skipped(printable(name), "rows that do not name one class each"),)
        values = (values != 0).argmax(1)
    if values.dtype.kind in "US":
        words, numbers = np.unique(values, return_inverse=True)
        names = tuple(
            printable(word.decode("utf-8", "replace") if isinstance(word, bytes) else word) for word in words.tolist()
        )
        if not 2 <= len(names) <= MOST_CLASSES:
            return *none, _unusual(name, len(names))
        return numbers.astype(np.int64), names, ()
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.rint(values)).all()):
        return *none, (Skipped(printable(name), "numbers that are not whole, and name no classes"),)
    numbers, names = class_numbers(values.astype(np.int64))
    return numbers, names, () if names else _unusual(name, len(np.unique(values)))


def _unusual(name: str, classes: int) -> tuple[Skipped, ...]:
    many = f"{classes:,} different labels, more than {MOST_CLASSES:,}"
    return (Skipped(printable(name), "the same label for every image" if classes == 1 else many),)


def _nothing(root: Path, pickled: bool) -> UserError:
    if pickled:
        return UserError(
            f"{quoted(root.name)} holds pickled objects, which could run code when they are read.",
            "Save the images as one plain array of uint8, shape (N, H, W, C).",
            str(root),
        )
    return UserError(f"There are no arrays in {quoted(root.name)}.", "Open another file.", str(root))
