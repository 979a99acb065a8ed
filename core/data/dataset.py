"""Prepared dataset: a frozen value with images on the disk, or points in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.data.items import Skipped
from core.data.records import Records
from core.events import Images
from core.imaging.points import scatter


class Pixels(Protocol):
    """Array of images that reads only the rows it is indexed with."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def nbytes(self) -> int: ...
    def __len__(self) -> int: ...
    def __getitem__(self, rows: Any, /) -> NDArray[Any]: ...
    def __array__(self) -> NDArray[Any]: ...


# Compared by identity, because the generated == would compare arrays and raise. Compare `fingerprint` instead.
@dataclass(frozen=True, eq=False)
class Dataset:
    """Images of one size, or 2-D points, with labels if there are classes.

    `images`: uint8, shape (N, C, H, W), (W, H) = `size`, C = 1 (gray), 3 (RGB) or 4 (RGBA, not premultiplied, white
    where alpha is 0), N >= 2, read-only, on the disk. Points are images of one pixel with the channels x and y: float32
    in [-1, 1], shape (N, 2, 1, 1), in memory. `labels`: int64, shape (N,), in [0, len(classes)); None without classes.
    `fingerprint`: hash of pixels and labels, independent of file names and paths. `records`: original size, name etc.
    of each image; empty for points. `excluded`: names of images that the user left out; they are not in `images`, but
    change the fingerprint.
    """

    source: str
    title: str
    size: tuple[int, int]
    images: Pixels
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    fingerprint: str
    records: Records
    excluded: tuple[str, ...] = ()

    @property
    def points(self) -> bool:
        """True if the dataset holds 2-D points instead of images."""
        return bool(self.images.dtype == np.float32)

    def sheet(self, count: int, seed: int = 0) -> Images:
        """Returns `count` random images, NHWC, or all if there are fewer; the same images for the same seed.

        For points, returns one scatter plot of all of them.
        """
        if self.points:
            return scatter(np.array(self.images)[:, :, 0, 0].astype(np.float32), side=512)[None]
        if count >= len(self.images):
            chosen = np.arange(len(self.images))
        else:
            chosen = np.random.default_rng(seed).choice(len(self.images), count, replace=False)
        return np.ascontiguousarray(self.images[chosen].transpose(0, 2, 3, 1))


class RowSubset:
    """Some rows of an array, read on demand."""

    def __init__(self, whole: Pixels, rows: NDArray[np.int64]) -> None:
        self.whole, self.rows = whole, rows
        self.shape = (len(rows), *whole.shape[1:])
        self.dtype = whole.dtype
        self.nbytes = whole.nbytes // max(len(whole), 1) * len(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int | slice | NDArray[np.int64]) -> NDArray[Any]:
        return self.whole[self.rows[index]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.whole[self.rows].astype(dtype or self.dtype, copy=False)
