"""Reader of rows of prepared images into existing memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.cache.stored_array import StoredArray
from core.data.dataset import Pixels, RowSubset


@dataclass(frozen=True, eq=False)
class RowReader:
    """Reader of a stored array, or of some rows of it."""

    array: StoredArray
    rows: NDArray[np.int64] | None

    @classmethod
    def of(cls, images: Pixels) -> RowReader | None:
        """Returns the reader of the images; None if they are not stored in a file."""
        rows: NDArray[np.int64] | None = None
        while isinstance(images, RowSubset):
            rows = images.rows if rows is None else images.rows[rows]
            images = images.whole
        return cls(images, rows) if isinstance(images, StoredArray) else None

    def read(self, rows: NDArray[np.int64], into: NDArray[np.uint8]) -> None:
        """Fills `into` (N, C, H, W) with the rows (N,). Raises `OSError`."""
        self.array.read(rows if self.rows is None else self.rows[rows], into)


def entry_folder(images: Pixels) -> Path | None:
    """Returns the cache folder of the images, which also keeps data computed from them; None if they are in memory."""
    stored = RowReader.of(images)
    return stored.array.path.parent if stored else None
