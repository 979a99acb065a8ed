"""Noise of cameras."""

from __future__ import annotations

import torch
from torch import Tensor

from core.distributed.collectives import own_rows
from core.translation.degradation.draw import uniform


def noisy(images: Tensor, most: float, random: torch.Generator) -> Tensor:
    """Adds normal noise to images in [-1, 1]; its standard deviation is uniform between 0 and `most` of the range 0 to
    1."""
    if not most:
        return images
    noise = own_rows(
        lambda rows: torch.randn((rows, *images.shape[1:]), generator=random, device=images.device), len(images)
    )
    return (images + 2 * uniform(images, most, random) * noise).clamp(-1, 1)
