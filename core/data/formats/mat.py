"""MATLAB's files of version 5, as SVHN comes: pictures (H, W, C, N) of uint8, and labels.

What it holds is read from front to back, and unpacked on the way, so that memory stays flat.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Generator, Iterator
from functools import partial
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.data.formats.compression import damaged, readable
from core.data.formats.raw_arrays import Arrays, pictures
from core.data.names import absolute, digest, opened, quoted, version
from core.data.source import class_numbers
from core.errors import UserError
from core.events import Progress

TITLE = "MATLAB"
RANK = 4

_MAGIC = b"MATLAB 5.0 MAT-file"
_FIRST, _TAG = 128, 8
_MATRIX, _COMPRESSED = 14, 15
_COMPLEX = 0x800
_NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8"}
_PIECE = 2**16
_LONGEST_PART = 4096  # bytes of a name or a shape


def opens(source: str) -> bool:
    path = Path(source)
    if not path.is_file():
        return False
    with opened(path) as file:
        return file.read(len(_MAGIC)) == _MAGIC


def scan(source: str) -> Generator[Progress, None, Arrays]:
    """Find the pictures and, if there is a list as long, their labels. Raises `UserError` if there are no pictures."""
    root = absolute(source)
    yield Progress("Looking for images", 0, 0)
    with _readable(root), opened(root) as file:
        found = list(_arrays(file, root.stat().st_size))
        shape, start = next(((shape, start) for shape, kind, start in found if _are_pictures(shape, kind)), ((), 0))
        if not shape:
            raise UserError(
                f"There are no images in {quoted(root.name)}.",
                "It needs an array of uint8 of shape (height, width, 1 or 3, count), saved as version 7 or older.",
                str(root),
            )
        # The first index runs fastest, as everywhere in MATLAB.
        rows = pictures(root, partial(_numbers, root, start), np.dtype(np.uint8), shape[::-1])
        lists = [each for each in found if prod(each[0]) == rows.count]
        labels = _labels(file, *lists[0]) if lists else np.zeros(rows.count, np.int64)
    numbers, classes = class_numbers(labels)
    return Arrays(root, digest(version(root)), (rows,), numbers, classes, by_column=True)


def _arrays(file: IO[bytes], size: int) -> Iterator[tuple[tuple[int, ...], np.dtype[Any], int]]:
    """Shape and type of each array of numbers, and where its element begins."""
    start = _FIRST
    while start < size:
        element = _Element(file, start)
        if array := element.array():
            yield *array, start
        start = element.end


def _are_pictures(shape: tuple[int, ...], kind: np.dtype[Any]) -> bool:
    return len(shape) == 4 and shape[2] in (1, 3) and min(shape) > 0 and kind == np.uint8


@contextlib.contextmanager
def _numbers(root: Path, start: int) -> Iterator[_Element]:
    """In front of the numbers of the array that begins there."""
    with _readable(root), opened(root) as file:
        element = _Element(file, start)
        element.array()
        yield element


def _labels(file: IO[bytes], shape: tuple[int, ...], kind: np.dtype[Any], start: int) -> NDArray[np.int64]:
    element = _Element(file, start)
    element.array()
    return np.frombuffer(element.read(prod(shape) * kind.itemsize), kind).astype(np.int64)


@contextlib.contextmanager
def _readable(root: Path) -> Iterator[None]:
    with readable(root):
        try:
            yield
        except (ValueError, struct.error) as error:
            raise damaged(root, "is damaged", error) from error


class _Element:
    """What stands at one place at the top of the file, unpacked if it is packed."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        file.seek(start)
        kind, size = struct.unpack("<II", file.read(_TAG))
        self.end = start + _TAG + size
        self._file, self._ready = file, b""
        self._unpacker = zlib.decompressobj() if kind == _COMPRESSED else None
        if kind != _COMPRESSED:
            file.seek(start)

    def read(self, count: int) -> bytes:
        """Raises `EOFError` when there is less."""
        pieces, missing = [self._ready], count - len(self._ready)
        while missing > 0:
            piece = self._file.read(_PIECE if self._unpacker else missing)
            if not piece:
                raise EOFError("the file ends too early")
            pieces.append(self._unpacker.decompress(piece) if self._unpacker else piece)
            missing -= len(pieces[-1])
        data = b"".join(pieces)
        self._ready = data[count:]
        return data[:count]

    def array(self) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
        """Shape and type of the numbers that `read` gives next; None for what is no array of real numbers."""
        if struct.unpack("<II", self.read(_TAG))[0] != _MATRIX:
            return None
        flags, shape, _ = (self._part() for _ in range(3))  # the last is the name
        kind, _, short = self._tag()
        if kind not in _NUMBERS or short or struct.unpack("<I", flags[:4])[0] & _COMPLEX:
            return None
        return struct.unpack(f"<{len(shape) // 4}i", shape), np.dtype(_NUMBERS[kind])

    def _part(self) -> bytes:
        _, size, short = self._tag()
        if size > _LONGEST_PART:
            raise ValueError(f"a name or a shape of {size} bytes")
        return short[:size] if short else self.read(size + -size % 8)[:size]

    def _tag(self) -> tuple[int, int, bytes]:
        """Type and size of what comes next, and it itself where it is so short that it stands in the tag."""
        start = self.read(_TAG)
        kind, size = struct.unpack("<II", start)
        return (kind & 0xFFFF, kind >> 16, start[4:]) if kind >> 16 else (kind, size, b"")
