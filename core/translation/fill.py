"""Hidden pixels filled from their surroundings: where a network that repairs images begins.

A pyramid of weighted means, as in "The Lumigraph" (Gortler et al. 1996, section 3.4, "push-pull"), which ends at a
fixed level so that tiles whose places are multiples of its cells are filled like the whole image.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

LEVELS = 3
SPREADS = 2
"""Cells of the coarsest level into which visible ones spread."""
REACH = (2 + SPREADS) << LEVELS
"""Distance in pixels beyond which a visible pixel fills no hidden one."""
EPSILON = 1e-6


def filled(images: Tensor) -> Tensor:
    """Returns images (N, C + 1, h, w) with means of visible pixels in hidden ones; 0 where none is within `REACH`.

    The last channel, 1 where they are hidden and -1 elsewhere, stays. h and w are multiples of `1 << LEVELS`.
    """
    colors, mask = images[:, :-1], images[:, -1:]
    return torch.cat([_filled(colors, (1 - mask) / 2, LEVELS), mask], 1)


def _filled(colors: Tensor, visible: Tensor, levels: int) -> Tensor:
    if levels == 0:
        return _spread(colors, visible)
    share = avg_pool2d(visible, 2)
    means = avg_pool2d(colors * visible, 2) / share.clamp_min(EPSILON)
    coarse = _filled(means, (share > 0).to(visible), levels - 1)
    around = interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)
    return colors * visible + around * (1 - visible)


def _spread(colors: Tensor, visible: Tensor) -> Tensor:
    for _ in range(SPREADS):
        share = avg_pool2d(visible, 3, 1, 1)
        means = avg_pool2d(colors * visible, 3, 1, 1) / share.clamp_min(EPSILON)
        colors, visible = torch.where(visible > 0, colors, means), (share > 0).to(visible)
    return colors
