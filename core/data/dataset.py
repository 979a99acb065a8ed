"""What a prepared dataset is: a frozen value around a read-only memory map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.events import Event, Images


@dataclass(frozen=True)
class Skipped:
    """A file that is not in the dataset, and why, as a short sentence that a person understands."""

    name: str
    reason: str


# Compared by identity: comparing arrays gives arrays, so the generated == would raise. Use `fingerprint`.
@dataclass(frozen=True, eq=False)
class Dataset(Event):
    """Images of one size and, when there are classes, their labels.

    `images` is uint8, shape (N, C, H, W), H = W = `resolution`, C = 1 (grey) or 3 (RGB), N >= 2, a read-only memory
    map. `labels` is int64, shape (N,), in [0, len(classes)); None when there are no classes. `sizes` counts the
    originals by "width x height" as they are displayed. `fingerprint` is a hash of the pixels and labels: it does not
    depend on where the files lie or what they are called.
    """

    source: str
    title: str
    resolution: int
    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    sizes: Mapping[str, int]
    skipped: tuple[Skipped, ...]
    fingerprint: str

    def sheet(self, count: int, seed: int = 0) -> Images:
        """`count` images drawn at random without repeats, the same for the same seed; all of them if fewer. NHWC."""
        if count >= len(self.images):
            chosen = np.arange(len(self.images))
        else:
            chosen = np.random.default_rng(seed).choice(len(self.images), count, replace=False)
        return np.ascontiguousarray(self.images[chosen].transpose(0, 2, 3, 1))
