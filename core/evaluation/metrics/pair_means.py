"""Means over pairs of images, in pieces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from core.evaluation.metrics import ImageSet, Work
from core.events import Images
from core.imaging.tensors import from_pixels

_PIXELS = 2**18
"""Pixels of the images that are compared between two yields."""


def mean_of_pairs(quality: Callable[[Tensor, Tensor], Tensor], fake: ImageSet, real: ImageSet) -> Work[float]:
    """Returns the mean of a quality of pairs. `quality`: from images and targets NCHW in [-1, 1] to numbers (N,)."""
    assert fake.images is not None
    assert real.images is not None
    found = []
    size = max(_PIXELS // (fake.images.shape[1] * fake.images.shape[2]), 1)
    for start in range(0, len(fake.images), size):
        sides = (_tensor(side[start : start + size]) for side in (fake.images, real.images))
        found.append(quality(*sides).double().numpy())
        yield
    return float(np.concatenate(found).mean())


def _tensor(images: Images) -> Tensor:
    return from_pixels(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))))
