"""Arrays in .npy files of the cache, read row by row on demand."""

from __future__ import annotations

import math
import os
import weakref
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import IO, Any, SupportsIndex

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from core.data.names import opened_regular
from core.errors import UserError
from core.language import _


class StoredArray:
    """Array in a .npy file.

    Not a memory map: reading a page of a map holds the GIL, reads 128 KB around it, and crashes the process if the disk
    fails or the file was truncated. Plain reads let other threads run, read ten times less for random small images, and
    raise `OSError`.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file. Raises `OSError` if it cannot be read, and `ValueError` if it holds no array of rows."""
        self.path, self._reading = path.absolute(), Lock()
        with opened_regular(path, None, buffering=0) as file:
            self.shape, fortran_order, self.dtype = _header(file)
            self._offset = file.tell()
            self.nbytes = math.prod(self.shape) * self.dtype.itemsize
            if not self.shape or min(self.shape) < 0 or fortran_order or self.dtype.hasobject:
                raise ValueError(f"{path} holds no rows")
            self._check_size(file)
            # Kept open, so that its data stays on the disk if the file is deleted or replaced.
            self._held = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._held)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: SupportsIndex | slice | NDArray[np.int64]) -> NDArray[Any]:
        """Returns rows like numpy, for an integer, a slice, integers (N,), or a boolean mask.

        Raises `UserError` if they can no longer be read, and `IndexError` for rows out of range.
        """
        if isinstance(rows, int | np.integer):
            row = range(len(self))[rows]
            found: NDArray[Any] = self[row : row + 1][0]
            return found
        chosen = range(len(self))[rows] if isinstance(rows, slice) else self._numbers(np.asarray(rows))
        found = np.empty((len(chosen), *self.shape[1:]), self.dtype)
        try:
            self.read(chosen, found)
        except OSError as error:
            raise UserError(
                _("The prepared images in {folder} can no longer be read.").format(folder=self.path.parent),
                _("Check the disk of the cache, then open the images again."),
                str(error),
            ) from error
        return found

    def _numbers(self, rows: NDArray[Any]) -> NDArray[np.int64]:
        """Returns non-negative row numbers. Raises `IndexError`."""
        numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else np.where(rows < 0, rows + len(self), rows)
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(self):
            raise IndexError(f"rows from {numbers.min()} to {numbers.max()} of {len(self)}")
        return numbers.astype(np.int64)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(dtype or self.dtype, copy=False)

    def read(self, rows: range | NDArray[np.int64], into: NDArray[Any]) -> None:
        """Fills `into` (N, ...) with the rows (N,). Raises `OSError`."""
        try:
            file = FileIO(self.path)
        except FileNotFoundError:
            if not self.path.parents[1].exists():
                raise  # the whole disk is gone
            with self._reading, FileIO(self._held, closefd=False) as held:  # readers share the file position
                _fill(into, rows, held, self._offset)
        else:
            with file:
                self._check_size(file)
                _fill(into, rows, file, self._offset)

    def _check_size(self, file: IO[bytes] | FileIO) -> None:
        if os.fstat(file.fileno()).st_size != self._offset + self.nbytes:
            raise OSError(f"{self.path} was truncated")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Returns shape, whether the order is Fortran's, and type. Raises `ValueError`."""
    try:
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[npy.read_magic(file)]
        return read(file)
    except Exception as error:  # numpy parses it as Python and may raise anything
        raise ValueError(f"not the header of an array: {error}") from error


def _fill(into: NDArray[Any], rows: range | NDArray[np.int64], file: FileIO, offset: int) -> None:
    if not into.size:
        return
    length = into.nbytes // len(into)
    values = into.data.cast("B")
    if isinstance(rows, range) and rows.step == 1:
        _read(values, file, offset + rows.start * length)
        return
    for index, row in enumerate(rows if isinstance(rows, range) else rows.tolist()):
        _read(values[index * length : (index + 1) * length], file, offset + row * length)


def _read(values: memoryview, file: FileIO, start: int) -> None:
    file.seek(start)
    while values:
        count = file.readinto(values)
        if not count:
            raise OSError("the file ends too early")
        values = values[count:]
