"""Brightness of colors, and flat colors."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in brightness (ITU-R BT.601)."""
AREA = 4
"""Side in pixels of the areas whose mean colors are taken."""


def brightness(images: Tensor) -> Tensor:
    """Returns the brightness (N, 1, h, w) of images (N, 1 or 3, h, w)."""
    if images.shape[1] == 1:
        return images
    red, green, blue = images.split(1, 1)
    gray: Tensor = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return gray


def flattened(images: Tensor, levels: int) -> Tensor:
    """Returns images in [-1, 1] as areas of `levels` levels of each channel."""
    areas = avg_pool2d(images, AREA, ceil_mode=True)
    smooth = interpolate(areas, size=images.shape[2:], mode="bilinear")
    return ((smooth + 1) / 2 * (levels - 1)).round() / (levels - 1) * 2 - 1
