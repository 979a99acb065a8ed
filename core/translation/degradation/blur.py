"""Blur of lenses: a normal distribution around each pixel."""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from core.translation.degradation.draw import uniform

REACH = 3.0
"""Standard deviations that a kernel covers."""
SHARP = 0.05
"""Standard deviation in pixels below which an image is not blurred."""


def blurred(images: Tensor, most: float, random: torch.Generator) -> Tensor:
    """Blurs images (N, C, h, w); each with a standard deviation of its own, uniform between 0 and `most` pixels."""
    if not most:
        return images
    count, channels, height, width = images.shape
    reach = min(ceil(REACH * most), min(height, width) - 1)
    distances = torch.arange(-reach, reach + 1, device=images.device)
    deviation = uniform(images, most, random)[:, 0, 0].clamp_min(SHARP)
    kernels = torch.exp(-(distances**2) / (2 * deviation**2))
    kernels = (kernels / kernels.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    planes = pad(images.reshape(1, count * channels, height, width), (reach,) * 4, mode="reflect")
    planes = conv2d(planes, kernels[:, None, None], groups=count * channels)
    return conv2d(planes, kernels[:, None, :, None], groups=count * channels).view_as(images)
