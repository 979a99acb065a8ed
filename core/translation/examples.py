"""Examples of a translation: inputs and targets of fixed images, with which it is shown and measured."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.sides.two_sides import TwoSides
from core.imaging.tensors import from_pixels
from core.translation.methods import Sides
from core.translation.tasks import degradation

Rows = NDArray[np.int64]


def examples(dataset: Dataset, sides: TwoSides, settings: Settings, random: torch.Generator) -> Sides:
    """Returns inputs and targets of rows of a dataset, on the device of `random`: the same for the same seed."""
    inputs = inputs_of(dataset, sides.inputs, settings, random)
    return Sides(inputs, _images(dataset, sides.targets, random.device), random)


def inputs_of(dataset: Dataset, rows: Rows, settings: Settings, random: torch.Generator) -> Tensor:
    """Returns the inputs (N, C, h, w) of rows of a dataset: its images, or what the task makes of them."""
    images, chosen = _images(dataset, rows, random.device), degradation(settings)
    return images if chosen is None else chosen.degrade(images, settings, random)


def _images(dataset: Dataset, rows: Rows, device: torch.device) -> Tensor:
    return from_pixels(torch.from_numpy(np.array(dataset.images[rows])).to(device))
