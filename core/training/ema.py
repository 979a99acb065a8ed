"""Exponential moving average (EMA) of the generator (Karras et al. 2018, arXiv:1710.10196; the ramp-up is
StyleGAN2-ADA's, arXiv:2006.06676)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def decay(batch: int, half_life: float, ramp: float, images: int) -> float:
    """Returns the weight of the old average in one step of `batch` images; 0 copies the network.

    `half_life`: in images, limited to the share `ramp` of the images seen, so that early samples do not lag behind.
    """
    reach = min(half_life, ramp * images)
    return 0.0 if reach <= 0 else float(0.5 ** (batch / reach))


class MovingAverage:
    """The average of a network's parameters and statistics, in a second network; both keep their tensors."""

    def __init__(self, averaged: nn.Module, newest: nn.Module) -> None:
        pairs = list(zip(averaged.state_dict().values(), newest.state_dict().values(), strict=True))
        self._old, self._new = _columns(pair for pair in pairs if pair[0].is_floating_point())
        # Such as batch normalization's number of batches.
        self._old_counters, self._new_counters = _columns(pair for pair in pairs if not pair[0].is_floating_point())

    @torch.no_grad()
    def move(self, decay: float) -> None:
        """Moves the average toward the newest, in place: old * decay + new * (1 - decay). Counters are copied."""
        torch._foreach_lerp_(self._old, self._new, 1.0 - decay)
        if self._old_counters:
            torch._foreach_copy_(self._old_counters, self._new_counters)


def _columns(pairs: Iterable[tuple[Tensor, Tensor]]) -> tuple[list[Tensor], list[Tensor]]:
    olds, news = [], []
    for old, new in pairs:
        olds.append(old)
        news.append(new)
    return olds, news
