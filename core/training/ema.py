"""Exponential moving average (EMA) of the generator (Karras et al. 2018, arXiv:1710.10196; the ramp-up is
StyleGAN2-ADA's, arXiv:2006.06676)."""

from __future__ import annotations

import torch
from torch import nn


def decay(batch: int, half_life: float, ramp: float, images: int) -> float:
    """Weight of the old average in one step of `batch` images; 0 copies.

    `half_life` in images; it never exceeds the part `ramp` of the images seen, so that early samples are not those of
    the start.
    """
    reach = min(half_life, ramp * images)
    return 0.0 if reach <= 0 else float(0.5 ** (batch / reach))


@torch.no_grad()
def average(averaged: nn.Module, newest: nn.Module, decay: float) -> None:
    """Moves the averaged parameters and statistics towards the newest, in place: old * decay + new * (1 - decay)."""
    pairs = zip(averaged.state_dict().values(), newest.state_dict().values(), strict=True)
    old_floats, new_floats = [], []
    for old, new in pairs:
        if old.is_floating_point():
            old_floats.append(old)
            new_floats.append(new)
        else:
            old.copy_(new)  # counters, such as batch normalisation's number of batches
    torch._foreach_lerp_(old_floats, new_floats, 1.0 - decay)
