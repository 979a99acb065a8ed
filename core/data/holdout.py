"""Held-out images: the split of a dataset that is never trained on, which shows overfitting of the discriminator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.config.settings import Settings
from core.data.dataset import Dataset, RowSubset

FEWEST = 200
"""Of a smaller dataset none are held out: it needs each of them more, and ten say little."""
MOST = 500
"""More are not needed, whatever the percentage."""

Numbers = NDArray[np.int64]


def held_out(count: int, percent: float, seed: int) -> Numbers:
    """Which of `count` images are held out, sorted rows; the same for the same seed. At most `MOST`.

    A larger percentage holds the same ones out and others with them. None of fewer than `FEWEST` images.
    """
    wanted = min(round(count * percent / 100), MOST) if count >= FEWEST else 0
    return np.sort(np.random.default_rng(seed).permutation(count)[:wanted]).astype(np.int64)


def train_rows(count: int, held: Numbers) -> Numbers:
    """The rows of the other images, sorted."""
    return np.setdiff1d(np.arange(count, dtype=np.int64), held, assume_unique=True)


def held_rows(settings: Settings, dataset: Dataset) -> Numbers:
    """What a training with these settings holds out of a dataset. Of points, of which there are always more, none."""
    return held_out(0 if dataset.points else len(dataset.images), settings.holdout, settings.seed)


def training_set(dataset: Dataset, held: Numbers) -> Dataset:
    """The dataset without the rows that are held out, as `Batches` draws from it: its records are not brought along."""
    if not len(held):
        return dataset
    rows = train_rows(len(dataset.images), held)
    labels = dataset.labels if dataset.labels is None else dataset.labels[rows]
    return replace(dataset, images=RowSubset(dataset.images, rows), labels=labels)
