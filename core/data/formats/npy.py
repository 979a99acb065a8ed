"""`.npy` and `.npz` files of numpy. Pickled data in them is never read, because unpickling may run any code."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format
from numpy.typing import NDArray

from core.data.array_labels import LabelArray, is_called_labels, labels_among, likeness
from core.data.formats.compression import BOUNDED, damaged, first_bytes, readable
from core.data.formats.raw_arrays import Arrays, RowStream, pictures
from core.data.items import Skipped
from core.data.names import absolute, digest, is_hidden, opened, printable, quoted, version
from core.errors import UserError
from core.events import Progress
from core.language import _

TITLE = "NumPy"
RANK = 3

_HEADERS = {(1, 0): format.read_array_header_1_0, (2, 0): format.read_array_header_2_0}
_LONGEST_HEADER = 2**16
_MOST_ARRAYS = 1000
"""Maximum number of arrays that are examined in a .npz or folder."""


@dataclass(frozen=True)
class _Array:
    """Header of an array; its numbers follow after `start` bytes of the file that `open` opens."""

    name: str
    open: Callable[[], IO[bytes]]
    start: int
    kind: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool

    @property
    def weight(self) -> tuple[bool, int]:
        """Sort key; the array with the largest one in a file holds the images."""
        return len(self.shape) in (3, 4) and self.kind.kind in "buif", prod(self.shape)

    @property
    def as_labels(self) -> LabelArray:
        return LabelArray(self.name, self.kind, self.shape, self._all)

    def numbers(self) -> IO[bytes]:
        stream = self.open()
        stream.read(self.start)
        return stream

    def _all(self) -> NDArray[Any]:
        values = RowStream(self.numbers, self.kind, prod(self.shape)).all()
        return values.reshape(self.shape, order="F" if self.fortran else "C")


def opens(source: str) -> bool:
    path = Path(source)
    return path.is_file() and (path.suffix.lower() in (".npy", ".npz") or first_bytes(path, 6) == format.MAGIC_PREFIX)


def scan(source: str) -> Generator[Progress, None, Arrays]:
    """Finds the images, and labels in the same file or in a `.npy` beside it.

    Raises `UserError` for damaged files and for arrays that are not images.
    """
    root = absolute(source)
    yield Progress(_("Looking for images"), 0, 0)
    with readable(root):
        packed = zipfile.is_zipfile(root)
        arrays = list(_members(root) if packed else _alone(root))
        plain = [array for array in arrays if not array.kind.hasobject]
        found = max(plain, key=lambda array: array.weight, default=None)
        if found is None or (len(plain) < len(arrays) and not found.weight[0]):
            raise _nothing(root, bool(arrays))
        if found.fortran:
            raise UserError(
                _("The array in {name} is in Fortran order, which is not supported.").format(name=quoted(root.name)),
                _("Save it again with numpy.save(name, numpy.ascontiguousarray(images))."),
            )
        rows = pictures(root, found.numbers, found.kind, found.shape)
        beside, broken = (None, ()) if packed else _beside(root, rows.count)
        if beside is not None:
            arrays.append(beside)
        others = [array.as_labels for array in arrays if array is not found and not array.kind.hasobject]
        labels, classes, unused = labels_among(others, rows.count, found.name)
        key = digest(version(root), *([version(root.with_name(beside.name))] if beside is not None else []))
    pickled = (
        Skipped(printable(array.name), _("it holds pickled objects, which could run code when read"), kind="arrays")
        for array in arrays
        if array.kind.hasobject
    )
    return Arrays(root, key, (rows,), labels, classes, (*pickled, *broken, *unused))


def _alone(root: Path) -> Iterator[_Array]:
    yield _array(root, root.name, partial(opened, root), root.stat().st_size)


def _beside(images: Path, count: int) -> tuple[_Array | None, tuple[Skipped, ...]]:
    """Returns the most likely labels of `count` images in the same folder, and damaged label files."""
    found: list[_Array] = []
    broken: list[Skipped] = []
    for name in _names_of_labels(images):
        with contextlib.suppress(OSError):
            try:
                found += [each for each in _alone(images.with_name(name)) if len(each.shape) <= 2]
            except UserError as error:
                broken.append(Skipped(printable(name), error.what, kind="labels"))
    likeliest = max(
        found, key=lambda each: (each.as_labels.fits(count), likeness(each.name, images.name)), default=None
    )
    return likeliest, tuple(broken)


def _names_of_labels(images: Path) -> list[str]:
    with contextlib.suppress(OSError), os.scandir(images.parent) as entries:
        files = (entry.name for entry in entries if entry.name.lower().endswith(".npy") and entry.is_file())
        named = (name for name in files if is_called_labels(name) and not is_hidden(name) and name != images.name)
        return sorted(islice(named, _MOST_ARRAYS))
    return []


def _members(root: Path) -> Iterator[_Array]:
    archive = zipfile.ZipFile(root)
    for info in islice((each for each in archive.infolist() if each.filename.endswith(".npy")), _MOST_ARRAYS):
        if info.compress_type not in BOUNDED:
            raise damaged(root, _("{name} uses an unsupported compression method."), info.filename)
        yield _array(root, info.filename.removesuffix(".npy"), partial(archive.open, info), info.file_size)


def _array(root: Path, name: str, open: Callable[[], IO[bytes]], size: int) -> _Array:
    try:
        with open() as stream:
            # Only its start, because numpy trusts the length that a header claims.
            head = io.BytesIO(stream.read(_LONGEST_HEADER))
        shape, fortran, kind = _HEADERS[format.read_magic(head)](head)
    except OSError:
        raise
    except Exception as error:  # numpy, tokenize and zipfile raise any exception for an invalid header
        raise damaged(root, _("{name} is not a numpy array, or it is damaged."), error) from error
    if min(shape, default=1) < 0 or (not kind.hasobject and head.tell() + prod(shape) * kind.itemsize > size):
        raise damaged(root, _("{name} is shorter than its header says."), f"{name}: {shape} of {kind} in {size} bytes")
    return _Array(name, open, head.tell(), kind, shape, fortran)


def _nothing(root: Path, pickled: bool) -> UserError:
    if pickled:
        return UserError(
            _("{name} holds pickled objects, which could run code when read.").format(name=quoted(root.name)),
            _("Save the images as one array of uint8, shape (N, H, W, C)."),
            str(root),
        )
    what = _("There are no arrays in {name}.").format(name=quoted(root.name))
    return UserError(what, _("Open another file."), str(root))
