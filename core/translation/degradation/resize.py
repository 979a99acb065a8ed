"""Smaller images, as cameras and programs make them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from core.translation.degradation.draw import uniform

CUBIC = -0.5
"""Parameter of the cubic kernel, as Pillow has it (Keys 1981, doi:10.1109/TASSP.1981.1163711)."""


def reduced(images: Tensor, factor: int, random: torch.Generator) -> Tensor:
    """Returns images whose width and height are smaller by `factor`; each a random mixture of the mean of the pixels
    (a camera) and of the cubic filter (a program). Width and height must be multiples of `factor`."""
    share = uniform(images, 1.0, random)
    return torch.lerp(avg_pool2d(images, factor), cubic(images, factor), share).clamp(-1, 1)


def cubic(images: Tensor, factor: int) -> Tensor:
    """Returns images (N, C, h, w) reduced by `factor` with the cubic filter."""
    count, channels, height, width = images.shape
    reach = 2 * factor
    places = (torch.arange(2 * reach, device=images.device) + 0.5 - reach).abs() / factor
    near = ((CUBIC + 2) * places - (CUBIC + 3)) * places**2 + 1
    far = ((CUBIC * places - 5 * CUBIC) * places + 8 * CUBIC) * places - 4 * CUBIC
    kernel = torch.where(places < 1, near, torch.where(places < 2, far, 0.0))
    kernel = kernel / kernel.sum()
    margin = reach - factor // 2
    planes = images.reshape(count * channels, 1, height, width)
    planes = pad(planes, (margin,) * 4, mode="replicate")
    planes = conv2d(planes, kernel[None, None, None], stride=(1, factor))
    return conv2d(planes, kernel[None, None, :, None], stride=(factor, 1)).view(count, channels, height // factor, -1)
