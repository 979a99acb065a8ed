"""Reader of rows of prepared images from their file, bypassing the memory map."""

from __future__ import annotations

import os
from dataclasses import dataclass
from io import FileIO
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Pixels, RowSubset


@dataclass(frozen=True, eq=False)
class RowReader:
    """An array that is the whole rest of a file, or some rows of it.

    A page of a memory map that is not in memory yet is read while Python's lock is held, with 128 KB around it, and
    kills the process when the disk fails. Plain reads let other threads run, read ten times less of small images that
    lie anywhere, and fail with an `OSError`.
    """

    map: np.memmap[Any, np.dtype[np.uint8]]
    rows: NDArray[np.int64] | None

    @classmethod
    def of(cls, images: Pixels) -> RowReader | None:
        """None where the images do not lie in a file."""
        rows: NDArray[np.int64] | None = None
        while isinstance(images, RowSubset):
            rows = images.rows if rows is None else images.rows[rows]
            images = images.whole
        # A part of a map does not know where in the file it begins.
        if isinstance(images, np.memmap) and isinstance(images.base, mmap) and images.dtype == np.uint8:
            return cls(images, rows)
        return None

    def read(self, rows: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
        """Fills `into` (N, C, H, W) with the rows (N,). Raises `OSError`."""
        if self.rows is not None:
            rows = self.rows[rows]
        path = Path(str(self.map.filename))
        try:
            file = FileIO(path)
        except FileNotFoundError:
            if not path.parents[1].exists():
                raise  # the whole disk is gone
            # Deleted while it was open. What is mapped stays on the disk until nobody maps it any more.
            np.take(self.map, rows, 0, into, "clip")
            return
        with file:
            size, length = self.map.offset + self.map.nbytes, self.map.nbytes // len(self.map)
            if os.fstat(file.fileno()).st_size != size:
                raise OSError(f"{path} is not as long as it was")
            pixels = into.data.cast("B")
            for index, row in enumerate(rows.tolist()):
                file.seek(self.map.offset + row * length)
                _fill(pixels[index * length : (index + 1) * length], file)


def entry_folder(images: Pixels) -> Path | None:
    """The folder of the prepared dataset that these images are of, for what is worked out from them and goes with
    them; None where they do not lie in a file."""
    stored = RowReader.of(images)
    return Path(str(stored.map.filename)).parent if stored else None


def _fill(pixels: memoryview, file: FileIO) -> None:
    while pixels:
        count = file.readinto(pixels)
        if not count:
            raise OSError("the file ends too early")
        pixels = pixels[count:]
