"""Outlines of images (Sobel's operator), as a drawing."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import conv2d, pad

from core.translation.degradation.colors import brightness

FAINT, CLEAR = 0.15, 0.5
"""Slopes of brightness, per pixel of the range -1 to 1, below which nothing is drawn and from which lines are black."""


def outlines(images: Tensor) -> Tensor:
    """Returns outlines (N, 1, h, w): -1 on edges, 1 where the image is even."""
    planes = pad(brightness(images), (1, 1, 1, 1), mode="replicate")
    smooth, slope = planes.new_tensor([1.0, 2.0, 1.0]) / 4, planes.new_tensor([-1.0, 0.0, 1.0]) / 2
    across = conv2d(conv2d(planes, slope[None, None, None]), smooth[None, None, :, None])
    down = conv2d(conv2d(planes, smooth[None, None, None]), slope[None, None, :, None])
    strength = ((across**2 + down**2).sqrt() - FAINT) / (CLEAR - FAINT)
    return 1 - 2 * strength.clamp(0, 1)
