"""Held-out images: the split of a dataset that is never trained on, which shows overfitting of the discriminator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.config.settings import Settings
from core.data.dataset import Dataset, RowSubset
from core.data.sides.pairing import sides_for
from core.data.sides.two_sides import TwoSides

FEWEST = 200
"""Minimum size of a dataset with held-out images. A smaller one needs all images, and ten would say little."""
MOST = 500
"""Maximum number of held-out images; more are not needed."""

Numbers = NDArray[np.int64]


def held_out(count: int, percent: float, seed: int) -> Numbers:
    """Returns the sorted rows of the held-out images among `count` images, the same for the same seed.

    There are at most `MOST`, and none if the dataset has fewer than `FEWEST` images. A larger percentage holds out the
    same images and more.
    """
    wanted = min(round(count * percent / 100), MOST) if count >= FEWEST else 0
    return np.sort(np.random.default_rng(seed).permutation(count)[:wanted]).astype(np.int64)


def train_rows(count: int, held: Numbers) -> Numbers:
    """Returns the sorted rows of the images that are not held out."""
    return np.setdiff1d(np.arange(count, dtype=np.int64), held, assume_unique=True)


def held_rows(settings: Settings, dataset: Dataset) -> Numbers:
    """Returns the rows that a training with these settings holds out; none for points, which can always be sampled.

    Both images of a pair are held out, or neither. Raises `UserError` if the settings need two sides and the dataset
    has one.
    """
    if settings.two_sided:
        return _held_sides(settings, sides_for(settings, dataset)).rows()
    return held_out(0 if dataset.points else len(dataset.images), settings.holdout, settings.seed)


def _held_sides(settings: Settings, sides: TwoSides) -> TwoSides:
    """Returns the held-out rows of both sides."""
    return sides.of(*(held_out(len(rows), settings.holdout, settings.seed) for rows in (sides.inputs, sides.targets)))


def train_sides(settings: Settings, dataset: Dataset, held: Numbers) -> TwoSides:
    """Returns the rows of both sides that are trained on. Raises `UserError` as `held_rows` does."""
    return sides_for(settings, dataset).within(train_rows(len(dataset.images), held))


def epoch_images(settings: Settings, dataset: Dataset) -> int:
    """Returns the number of images of a dataset that are trained on; of two sides, that of the smaller one."""
    held = held_rows(settings, dataset)
    if settings.two_sided:
        sides = train_sides(settings, dataset, held)
        return min(len(sides.inputs), len(sides.targets))
    return len(dataset.images) - len(held)


def training_set(dataset: Dataset, held: Numbers) -> Dataset:
    """Returns the dataset without held-out rows, for `Batches`; its records are not reduced."""
    if not len(held):
        return dataset
    rows = train_rows(len(dataset.images), held)
    labels = dataset.labels if dataset.labels is None else dataset.labels[rows]
    return replace(dataset, images=RowSubset(dataset.images, rows), labels=labels)
