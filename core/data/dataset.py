"""Prepared dataset: a frozen value around images on the disk, or around points in memory."""

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
    """An array of images of which only the rows that are asked for are read."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def nbytes(self) -> int: ...
    def __len__(self) -> int: ...
    def __getitem__(self, rows: Any, /) -> NDArray[Any]: ...
    def __array__(self) -> NDArray[Any]: ...


# Compared by identity: comparing arrays gives arrays, so the generated == would raise. Use `fingerprint`.
@dataclass(frozen=True, eq=False)
class Dataset:
    """Images of one size, or points, and, when there are classes, their labels.

    `images` is uint8, shape (N, C, H, W), (W, H) = `size`, C = 1 (grey), 3 (RGB) or 4 (RGBA, not premultiplied, white
    where alpha is 0), N >= 2, read-only, on the disk. Points in the plane are images of two channels, x and y, and one
    pixel: float32 in [-1, 1], shape (N, 2, 1, 1), in memory; `points` tells them. `labels` is int64, shape (N,), in
    [0, len(classes)); None when there are no classes. `fingerprint` is a hash of the pixels and labels: it does not
    depend on where the files lie or what they are called. `records` says more of each image; of points there are none.
    `excluded` names the images that a person left out; of them nothing else is here, though where they were changes the
    fingerprint.
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
        """Whether these are points in the plane, and no images."""
        return bool(self.images.dtype == np.float32)

    def sheet(self, count: int, seed: int = 0) -> Images:
        """`count` images drawn at random without repeats, the same for the same seed; all of them if fewer. NHWC.

        Of points it is one picture of them all.
        """
        if self.points:
            return scatter(np.array(self.images)[:, :, 0, 0].astype(np.float32), side=512)[None]
        if count >= len(self.images):
            chosen = np.arange(len(self.images))
        else:
            chosen = np.random.default_rng(seed).choice(len(self.images), count, replace=False)
        return np.ascontiguousarray(self.images[chosen].transpose(0, 2, 3, 1))


class RowSubset:
    """Some rows of an array, read only when they are asked for."""

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
