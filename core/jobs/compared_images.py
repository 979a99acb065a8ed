"""Generated images and the rows of a dataset that they are compared with, for each kind of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.checkpoint import Meta
from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.holdout import held_rows, train_rows
from core.data.sides.pairing import sides_for
from core.evaluation.evaluate import LEAST, ImageSource
from core.jobs.translations import Translations
from core.latent.sampler import Sampler
from core.stats.metric_key import Split

MOST_REAL = 5000
"""Maximum number of training images for a comparison."""


@dataclass(frozen=True, eq=False)
class ComparedImages:
    """`count` images of a generator, and rows of the dataset: the targets of these images in paired tasks."""

    source: ImageSource
    count: int
    rows: NDArray[np.int64]
    split: Split = "all"

    @classmethod
    def beside_training(
        cls, meta: Meta, weights: Mapping[str, Tensor], dataset: Dataset, device: str
    ) -> ComparedImages:
        """Returns the images that a training is measured with, as many as its settings say.

        Images from noise, and translations without pairs, are compared with training images. The inputs of translations
        are held-out images, or all if too few are held out. `weights`: of the EMA generator.
        """
        settings, held = meta.settings, held_rows(meta.settings, dataset)
        trained, count = train_rows(len(dataset.images), held), settings.evaluation_images
        split: Split = "train" if len(held) else "all"
        if not settings.translates:
            return cls(Sampler(meta, weights, device), count, _some(trained, MOST_REAL), split)
        every = sides_for(settings, dataset)
        apart = every.within(held)
        has_enough = len(apart.inputs) >= LEAST
        shown = apart if has_enough else every
        chosen = _drawn(np.arange(len(shown.inputs), dtype=np.int64), count)
        source = Translations(meta, weights, dataset, shown.inputs[chosen], device)
        if settings.has_pairs:
            return cls(source, len(chosen), shown.targets[chosen], "held-out" if has_enough else "all")
        return cls(source, len(chosen), _some(every.within(trained).targets, MOST_REAL), split)

    @staticmethod
    def most(settings: Settings, dataset: Dataset) -> int:
        """Returns the largest number of images that `beside_training` can compare with as many of the dataset."""
        trained = train_rows(len(dataset.images), held_rows(settings, dataset))
        if not settings.translates:
            return len(trained)
        every = sides_for(settings, dataset)
        return len(every.inputs) if settings.has_pairs else min(len(every.inputs), len(every.within(trained).targets))

    @classmethod
    def of_any_dataset(
        cls, meta: Meta, weights: Mapping[str, Tensor], dataset: Dataset, device: str, count: int, real: int
    ) -> ComparedImages:
        """Returns at most `count` generated images and `real` images of the whole dataset."""
        settings, real = meta.settings, max(real, 0)
        if not settings.translates:
            rows = np.arange(len(dataset.images), dtype=np.int64)
            return cls(Sampler(meta, weights, device), count, _some(rows, real))
        sides = sides_for(settings, dataset)
        places = np.arange(len(sides.inputs), dtype=np.int64)
        chosen = _drawn(places, min(count, real) if settings.has_pairs else count)
        rows = sides.targets[chosen] if settings.has_pairs else _some(sides.targets, real)
        return cls(Translations(meta, weights, dataset, sides.inputs[chosen], device), len(chosen), rows)


def _drawn(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Returns at most `most` of the rows, the same each time, in random order: metrics of pixels take the first."""
    return np.random.RandomState(0).permutation(rows)[:most]


def _some(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Returns the rows that `_drawn` returns, in the order of the dataset."""
    return np.sort(_drawn(rows, most))
