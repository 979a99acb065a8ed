"""U-Net of residual blocks at half the resolution: small, fast, and the same in tiles.

The input is folded (each 2 x 2 pixels become channels), or is the small image where the output is enlarged; the output
is unfolded by sub-pixel convolution (Shi et al. 2016, arXiv:1609.05158). Residual blocks as in EDSR (Lim et al. 2017,
arXiv:1707.02921), each with pixelwise normalization (Karras et al. 2018, arXiv:1710.10196, section 4.2), which sees no
other pixel; U-Net by Ronneberger, Fischer, Brox 2015, arXiv:1505.04597.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pixel_unshuffle

from core.translation.fill import REACH, filled
from core.translation.networks import Translator as Base
from core.translation.networks import TranslatorShape
from core.translation.unchanged import unchanged

TITLE = "Light U-Net"
RANK = 0
COST = (1.0, 32)
SCALES = (1, 2, 4)
MULTIPLE = 8
BORDER = 64
"""A pixel reaches 90 others, though after 180 steps those beyond 64 change by less than 0.001 of 255 levels."""
LAYOUT = ""

LEVELS = 3
"""Sizes of feature maps, each half of the one before."""
BLOCKS = 2
"""Residual blocks on the way down and on the way up, for each size."""
FOLD = 2
SHRUNK = 0.2
"""Factor of each branch before it is added. Without it and the normalization, feature maps grow without bound."""
EPSILON = 1e-2
"""Mean square of features below which they count as noise and are not amplified."""


class Translator(Base):
    """Feature maps of `width`, 2 `width` and 4 `width` channels."""

    def __init__(self, shape: TranslatorShape) -> None:
        super().__init__()
        self.residual, self.scale = shape.residual, shape.scale
        self.masked = shape.scale == 1 and shape.inputs == shape.outputs + 1
        self.reach = REACH if self.masked else 0
        self.fold = FOLD if shape.scale == 1 else 1
        widths = [shape.width << level for level in range(LEVELS)]
        self.features = tuple(widths)
        self.head = nn.Conv2d(shape.inputs * self.fold**2, widths[0], 3, 1, 1)
        self.down = nn.ModuleList(_blocks(width) for width in widths)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, 2) for a, b in pairwise(widths))
        self.grow = nn.ModuleList(nn.Conv2d(b, 4 * a, 1) for a, b in pairwise(widths))
        self.up = nn.ModuleList(_blocks(width) for width in widths[:-1])
        self.tail = nn.Conv2d(widths[0], shape.outputs * (self.fold * self.scale) ** 2, 3, 1, 1)
        self.unfold = nn.PixelShuffle(self.fold * self.scale)
        self.spread = nn.PixelShuffle(2)
        for values in self.tail.parameters():
            nn.init.zeros_(values)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, inputs, h, w) to images (N, outputs, scale h, scale w), unbounded around [-1, 1]."""
        if self.masked:
            images = filled(images)
        *skipped, x = self.encode(images)
        for skip, grow, up in zip(reversed(skipped), reversed(self.grow), reversed(self.up), strict=True):
            x = up(skip + self.spread(grow(x)))
        made: Tensor = self.unfold(self.tail(x))
        if not self.residual:
            return made
        if self.masked:
            # Otherwise the visible pixels, which are right already, outweigh the hidden ones, and nothing is learned.
            made = made * (images[:, -1:] + 1) / 2
        return made + unchanged(images, made.shape[1], self.scale)

    def encode(self, images: Tensor) -> list[Tensor]:
        x, found = self.head(pixel_unshuffle(images, self.fold)), []
        for level, blocks in enumerate(self.down):
            x = blocks(self.shrink[level - 1](x) if level else x)
            found.append(x)
        return found


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        with torch.no_grad():
            self.second.weight.mul_(0.5)

    def forward(self, x: Tensor) -> Tensor:
        normalized = x * (x.square().mean(1, keepdim=True) + EPSILON).rsqrt()
        branch: Tensor = self.second(leaky_relu(self.first(normalized), 0.2))
        return x + SHRUNK * branch


def _blocks(width: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(width) for _ in range(BLOCKS)))
