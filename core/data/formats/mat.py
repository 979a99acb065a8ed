"""MATLAB files of version 5, such as SVHN: images (H, W, C, N) of uint8, and labels.

Files are read and decompressed sequentially, in bounded memory.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.data.array_labels import LabelArray, labels_among
from core.data.formats.compression import readable
from core.data.formats.raw_arrays import Arrays, pictures
from core.data.names import absolute, digest, opened, printable, quoted, version
from core.errors import UserError
from core.events import Progress
from core.language import _

TITLE = "MATLAB"
RANK = 4

_MAGIC, _MAGIC_7_3, _HDF5 = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file", b"\x89HDF\r\n\x1a\n"
_FIRST, _TAG = 128, 8
_MATRIX, _COMPRESSED = 14, 15
_COMPLEX = 0x800
_NUMERIC = range(6, 16)
"""Array classes of numbers: double, single, integer and logical."""
_NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
_PIECE = 2**16
_LONGEST_PART = 4096  # bytes of a name or a shape


def opens(source: str) -> bool:
    path = Path(source)
    if not path.is_file():
        return False
    with opened(path) as file:
        start = file.read(len(_MAGIC))
    return start in (_MAGIC, _MAGIC_7_3) or (path.suffix.lower() == ".mat" and start.startswith(_HDF5))


def scan(source: str) -> Generator[Progress, None, Arrays]:
    """Finds the images and their labels. Raises `UserError` if there are no images, and for version 7.3."""
    root = absolute(source)
    yield Progress(_("Looking for images"), 0, 0)
    with readable(root), opened(root) as file:
        _refuse_hdf5(root, file)
        found = list(_arrays(file, root.stat().st_size))
        images = next((each for each in found if each.are_pictures), None)
        if images is None:
            raise UserError(
                _("There are no images in {name}.").format(name=quoted(root.name)),
                _("Save an array of uint8 of shape (height, width, 1 or 3, count) as version 7 or older."),
                str(root),
            )
        # MATLAB stores arrays in column-major order.
        rows = pictures(root, partial(_numbers, root, images.start), images.kind, images.shape[::-1])
        others = [each.as_labels(root, rows.count) for each in found if each is not images]
        labels, classes, unused = labels_among(others, rows.count, images.name)
    return Arrays(root, digest(version(root)), (rows,), labels, classes, unused, by_column=True)


@dataclass(frozen=True)
class _Array:
    """Header of an array. `kind`: object if it holds no real numbers; `start`: position of its element in the file."""

    name: str
    kind: np.dtype[Any]
    shape: tuple[int, ...]
    start: int

    @property
    def are_pictures(self) -> bool:
        return len(self.shape) == 4 and self.shape[2] in (1, 3) and min(self.shape) > 0 and self.kind == np.uint8

    def as_labels(self, root: Path, count: int) -> LabelArray:
        """Returns the array with a row for each image, transposed if it has a column for each."""
        turned = self.shape[:1] != (count,) and self.shape[1:] == (count,)
        shape = self.shape[::-1] if turned else self.shape

        def read() -> NDArray[Any]:
            with _numbers(root, self.start) as element:
                values = np.frombuffer(element.read(prod(shape) * self.kind.itemsize), self.kind)
            return values.reshape(shape, order="C" if turned else "F")

        return LabelArray(printable(self.name), self.kind, shape, read)


def _refuse_hdf5(root: Path, file: IO[bytes]) -> None:
    file.seek(0)
    if file.read(len(_MAGIC)) != _MAGIC:
        raise UserError(
            _("{name} is a MATLAB file of version 7.3, which is not supported.").format(name=quoted(root.name)),
            _("Save it as version 7: save(name, '-v7') in MATLAB, scipy.io.savemat in Python."),
            str(root),
        )


def _arrays(file: IO[bytes], size: int) -> Iterator[_Array]:
    """Yields the named arrays at the top level of the file."""
    start = _FIRST
    while start < size:
        element = _Element(file, start)
        header = element.array()
        if header is not None and header[0]:
            yield _Array(*header, start)
        start = element.end


@contextlib.contextmanager
def _numbers(root: Path, start: int) -> Iterator[_Element]:
    """Yields the element that starts there, positioned before its numbers."""
    with readable(root), opened(root) as file:
        element = _Element(file, start)
        element.array()
        yield element


class _Element:
    """Element at the top level of the file, decompressed if needed."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        file.seek(start)
        kind, size = struct.unpack("<II", file.read(_TAG))
        self.end = start + _TAG + size
        self._file, self._ready = file, b""
        self._unpacker = zlib.decompressobj() if kind == _COMPRESSED else None
        if kind != _COMPRESSED:
            file.seek(start)

    def read(self, count: int) -> bytes:
        """Returns the next `count` bytes. Raises `EOFError` if there are fewer."""
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

    def array(self) -> tuple[str, np.dtype[Any], tuple[int, ...]] | None:
        """Returns name, type and shape of the numbers that `read` returns next; None if it is not an array.

        The type is object for text, cells and other arrays without real numbers.
        """
        if struct.unpack("<II", self.read(_TAG))[0] != _MATRIX:
            return None
        flags, shape, name = (self._part() for _ in range(3))
        (flag,) = struct.unpack("<I", flags[:4])
        plain = flag & 0xFF in _NUMERIC and not flag & _COMPLEX
        kind, _size, short = self._tag() if plain else (0, 0, b"")
        self._ready = short + self._ready
        sides = struct.unpack(f"<{len(shape) // 4}i", shape[: len(shape) // 4 * 4])
        if min(sides, default=0) < 0:
            raise ValueError(f"an array of shape {sides}")
        return name.decode("utf-8", "replace"), np.dtype(_NUMBERS.get(kind, "O")), sides

    def _part(self) -> bytes:
        _kind, size, short = self._tag()
        if size > _LONGEST_PART:
            raise ValueError(f"a name or a shape of {size} bytes")
        return short[:size] if short else self.read(size + -size % 8)[:size]

    def _tag(self) -> tuple[int, int, bytes]:
        """Returns type and size of the next part, and its data if it is stored in the tag."""
        start = self.read(_TAG)
        kind, size = struct.unpack("<II", start)
        return (kind & 0xFFFF, kind >> 16, start[4:]) if kind >> 16 else (kind, size, b"")
