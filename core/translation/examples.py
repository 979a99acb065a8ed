"""Examples of a translation: inputs and targets of fixed images, with which it is shown and measured."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.sides.pairing import sides_for
from core.imaging.tensors import from_pixels
from core.translation.methods import Sides
from core.translation.tasks import degradation


def examples(dataset: Dataset, rows: NDArray[np.int64], settings: Settings, random: torch.Generator) -> Sides:
    """Returns inputs and targets of rows of a dataset, on the device of `random`: the same for the same seed.

    If the dataset holds both, these are the pairs among the rows, or as many inputs as targets.
    """

    def images(rows: NDArray[np.int64]) -> torch.Tensor:
        return from_pixels(torch.from_numpy(np.array(dataset.images[rows])).to(random.device))

    chosen = degradation(settings)
    if chosen is None:
        sides = sides_for(settings, dataset).within(rows).first(len(rows))
        return Sides(images(sides.inputs), images(sides.targets), random)
    targets = images(rows)
    return Sides(chosen.degrade(targets, settings, random), targets, random)
