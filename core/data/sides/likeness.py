"""Likeness of the two images of a pair: whether images that are paired by name belong together.

Outlines are compared, which day and night, photo and map, or drawing and photo have in common.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.sides.two_sides import Rows, TwoSides

MOST = 256
"""Pairs that are compared; more tell nothing new."""
FEWEST = 8
"""Pairs from which the likeness says something."""
CELLS = 16
"""Cells in each direction in which the strength of the outlines is compared."""
CERTAIN = 3.0
"""Standard deviations by which a likeness exceeds that of shuffled pairs when the images do belong together."""

Floats = NDArray[np.float32]


class Likeness(NamedTuple):
    """Likeness of pairs: the probability that an input resembles its own target more than that of another pair.

    0.5 for images that do not belong together, 1 at most. `places`: compared pairs, the least alike first. `ranks`:
    share of the other targets that each of these inputs resembles less than its own.
    """

    probability: float
    places: Rows
    ranks: NDArray[np.float64]

    @property
    def is_chance(self) -> bool:
        """True if the pairs are no more alike than shuffled ones would be."""
        return self.probability < 0.5 + CERTAIN / sqrt(12 * len(self.places))


def likeness(dataset: Dataset, pairs: TwoSides) -> Likeness | None:
    """Returns the likeness of at most `MOST` pairs, evenly chosen; None for fewer than `FEWEST`."""
    count = len(pairs.inputs)
    if count < FEWEST:
        return None
    places = np.unique(np.linspace(0, count - 1, min(count, MOST)).astype(np.int64))
    inputs, targets = (_outlines(dataset, rows[places]) for rows in (pairs.inputs, pairs.targets))
    alike = inputs @ targets.T
    own = np.diag(alike)[:, None]
    # Ties, as among equal images, count half: they tell nothing.
    less = (alike < own).sum(1) + 0.5 * ((alike == own).sum(1) - 1)
    ranks = less / (len(places) - 1)
    order = np.argsort(ranks, kind="stable")
    return Likeness(float(ranks.mean()), places[order], ranks[order])


def _outlines(dataset: Dataset, rows: Rows) -> Floats:
    """Returns the strength of the outlines in each cell of images, (n, cells), without what the images have in common,
    at unit length."""
    cells = np.stack([_strengths(np.asarray(dataset.images[int(row)], np.float32).mean(0)) for row in rows])
    cells -= cells.mean(1, keepdims=True)
    cells /= np.maximum(np.linalg.norm(cells, axis=1, keepdims=True), 1e-6)
    cells -= cells.mean(0)
    unit: Floats = cells / np.maximum(np.linalg.norm(cells, axis=1, keepdims=True), 1e-6)
    return unit


def _strengths(brightness: Floats) -> Floats:
    """Returns the mean absolute change of brightness (H, W) in each cell, (cells,)."""
    change = np.zeros_like(brightness)
    change[1:] += np.abs(np.diff(brightness, axis=0))
    change[:, 1:] += np.abs(np.diff(brightness, axis=1))
    rows, columns = (np.arange(min(CELLS, side)) * side // min(CELLS, side) for side in change.shape)
    sums = np.add.reduceat(np.add.reduceat(change, rows, 0), columns, 1)
    strengths: Floats = np.sqrt(sums).ravel()  # a few strong outlines would outweigh all others
    return strengths
