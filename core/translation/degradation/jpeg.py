"""JPEG artifacts: the rounding of 8 x 8 cosine transforms, without the file.

ITU-T T.81 (1992), with the quality scale of the Independent JPEG Group. Color is at half the resolution, as usual.
"""

from __future__ import annotations

from functools import cache
from math import cos, pi, sqrt

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from core.translation.degradation.colors import brightness
from core.translation.degradation.draw import uniform

BLOCK = 8
LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61), (12, 12, 14, 19, 26, 58, 60, 55), (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62), (18, 22, 37, 56, 68, 109, 103, 77), (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101), (72, 92, 95, 98, 112, 100, 103, 99),
)  # fmt: skip
"""Steps of brightness at quality 50 (T.81, table K.1)."""
CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99), (18, 21, 26, 66, 99, 99, 99, 99), (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99), *((99,) * 8,) * 4,
)  # fmt: skip
"""Steps of color at quality 50 (T.81, table K.2)."""
BLUE, RED = 1.772, 1.402
"""Ranges of blue and red minus brightness."""


def compressed(images: Tensor, strength: int, random: torch.Generator) -> Tensor:
    """Returns images (N, 1 or 3, h, w) in [-1, 1] as JPEG of qualities between 100 - `strength` and 100 shows them."""
    if not strength:
        return images
    quality = 100 - uniform(images, strength, random)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    y = brightness(images)
    if images.shape[1] == 1:
        return _rounded(y, LUMINANCE, scale).clamp(-1, 1)
    blue, red = (images[:, 2:] - y) / BLUE, (images[:, :1] - y) / RED
    y, blue, red = _rounded(y, LUMINANCE, scale), _at_half(blue, scale), _at_half(red, scale)
    r, b = y + RED * red, y + BLUE * blue
    g = (y - 0.299 * r - 0.114 * b) / 0.587
    return torch.cat([r, g, b], 1).clamp(-1, 1)


def _at_half(planes: Tensor, scale: Tensor) -> Tensor:
    height, width = planes.shape[2:]
    even = pad(planes, (0, width % 2, 0, height % 2), mode="replicate")
    small = _rounded(avg_pool2d(even, 2), CHROMINANCE, scale)
    return interpolate(small, scale_factor=2.0, mode="bilinear")[:, :, :height, :width]


def _rounded(planes: Tensor, table: tuple[tuple[int, ...], ...], scale: Tensor) -> Tensor:
    """Rounds the cosine transforms of planes (N, 1, h, w). `scale`: (N, 1, 1, 1), factor of the table's steps."""
    count, _channels, height, width = planes.shape
    padded = pad(planes, (0, -width % BLOCK, 0, -height % BLOCK), mode="replicate")
    rows, columns = padded.shape[2] // BLOCK, padded.shape[3] // BLOCK
    blocks = padded.view(count, rows, BLOCK, columns, BLOCK).transpose(2, 3)
    transform = planes.new_tensor(_cosines())
    # Values are in [-1, 1], those of the standard in [-128, 127].
    steps = (planes.new_tensor(table) * scale).round().clamp(1, 255).view(count, 1, 1, BLOCK, BLOCK) / 127.5
    coefficients = transform @ blocks @ transform.T
    blocks = transform.T @ ((coefficients / steps).round() * steps) @ transform
    return blocks.transpose(2, 3).reshape(count, 1, *padded.shape[2:])[:, :, :height, :width]


@cache
def _cosines() -> list[list[float]]:
    """Matrix of the orthonormal cosine transform of eight numbers."""
    return [
        [
            sqrt((1 if row == 0 else 2) / BLOCK) * cos(pi * (2 * column + 1) * row / (2 * BLOCK))
            for column in range(BLOCK)
        ]
        for row in range(BLOCK)
    ]
