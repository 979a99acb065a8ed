"""Random strengths of degradations."""

from __future__ import annotations

import torch
from torch import Tensor

from core.distributed.collectives import own_rows


def uniform(images: Tensor, most: float, random: torch.Generator) -> Tensor:
    """Draws a number for each image, (N, 1, 1, 1), uniformly between 0 and `most`, on the images' device."""
    drawn = own_rows(lambda rows: torch.rand((rows, 1, 1, 1), generator=random, device=images.device), len(images))
    return most * drawn
