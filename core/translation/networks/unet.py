"""U-Net of pix2pix (Isola et al. 2017, arXiv:1611.07004): strided convolutions down to one pixel, and back up.

Every feature map on the way down is also an input of the layer that makes its size on the way up. Dropout in the three
innermost layers on the way up is its only noise.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.distributed.layers import BatchNorm2d, Dropout
from core.models.layers import initialize_dcgan
from core.translation.networks import Translator as Base
from core.translation.networks import TranslatorShape

TITLE = "U-Net (pix2pix)"
RANK = 2
COST = (2.0, 64)
SCALES = (1,)
MULTIPLE = 256
BORDER = None
LAYOUT = ""

DEEPEST = 8
DROPPED = 3
"""Layers on the way up with dropout, innermost first."""


class Translator(Base):
    """At 256 px: 64, 128, 256, 512, 512, 512, 512, 512 channels; one layer less for each halving of the size."""

    def __init__(self, shape: TranslatorShape) -> None:
        super().__init__()
        depth = min(shape.side.bit_length() - 1, DEEPEST)
        widths = [shape.width * min(1 << level, 8) for level in range(depth)]
        self.features = tuple(widths)
        self.down = nn.ModuleList()
        before = shape.inputs
        for level, width in enumerate(widths):
            activation = [nn.LeakyReLU(0.2)] if level else []
            # Neither the first layer nor the innermost, which has one pixel, is normalized.
            norm = [BatchNorm2d(width)] if 0 < level < depth - 1 else []
            self.down.append(nn.Sequential(*activation, nn.Conv2d(before, width, 4, 2, 1, bias=False), *norm))
            before = width
        self.up = nn.ModuleList()
        for level in reversed(range(1, depth)):
            inner, outer = widths[level] * (1 if level == depth - 1 else 2), widths[level - 1]
            dropped = level >= depth - DROPPED and outer == widths[-1]
            self.up.append(
                nn.Sequential(
                    nn.ReLU(),
                    nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False),
                    BatchNorm2d(outer),
                    *([Dropout(0.5)] if dropped else []),
                )
            )
        self.last = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * widths[0], shape.outputs, 4, 2, 1), nn.Tanh())
        initialize_dcgan(self)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, inputs, h, w) to images (N, outputs, h, w) in [-1, 1]."""
        *skipped, x = self.encode(images)
        for skip, layer in zip(reversed(skipped), self.up, strict=True):
            x = torch.cat([skip, layer(x)], 1)
        made: Tensor = self.last(x)
        return made

    def encode(self, images: Tensor) -> list[Tensor]:
        found, x = [], images
        for layer in self.down:
            x = layer(x)
            found.append(x)
        return found
