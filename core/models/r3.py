"""Residual blocks of grouped convolutions without normalization (Huang et al. 2024, arXiv:2501.05441).

The generator's images are not squashed: [-1, 1] is where real ones are, and whoever shows them cuts off the rest.
Resampling is bilinear; at half the size that is the mean of 2 x 2 pixels, where the paper's filter reaches one further.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import torch
from torch import Tensor, nn

from core.models import Discriminator as Base
from core.models import Generator as BaseGenerator
from core.models import Shape
from core.models.layers import Upsample, Weighted, channels_at

TITLE = "R3GAN"
D_NORMS = ("none",)
COST = (30.0, 128)
SPECTRAL_NORM = False  # each block begins at 0, and has no largest singular value to divide by

BLOCKS = 2
"""Residual blocks at each size."""
EXPANSION = 2
"""Channels inside a block for each of its own."""
GROUP = 16
"""Channels that a grouped convolution mixes."""
SLOPE = 0.2
GAIN = sqrt(2 / (1 + SLOPE**2))
"""Gain that makes up for the variance lost in a leaky ReLU."""


def _channels(shape: Shape) -> list[int]:
    """Channels at the grid, twice the grid ...; the paper has 768 up to 32 px."""
    return [channels_at(level, shape.width) for level in range(shape.doublings + 1)]


class Generator(BaseGenerator):
    """A learned basis of the grid, each channel scaled by a linear map of z; then blocks and upsampling."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels = _channels(shape)
        blocks = BLOCKS * len(channels)
        self.scales = _initialized(nn.Linear(shape.latent_dim, channels[0], bias=False))
        self.basis = nn.Parameter(torch.randn(1, channels[0], *shape.grid))
        layers: list[nn.Module] = [_Block(channels[0], blocks) for _ in range(BLOCKS)]
        for before, after in pairwise(channels):
            layers += [_changed(before, after), Upsample(), *(_Block(after, blocks) for _ in range(BLOCKS))]
        self.layers = nn.Sequential(*layers, _initialized(nn.Conv2d(channels[-1], shape.channels, 1, bias=False)))

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.layers(self.basis * self.scales(z)[:, :, None, None])
        return images

    def first_weight(self) -> Tensor:
        return self.scales.weight


class Discriminator(Base):
    """The generator's blocks in reverse, with downsampling; at the end one weight for each number of the grid."""

    per_image = True

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels = _channels(shape)[::-1]
        blocks = BLOCKS * len(channels)
        layers: list[nn.Module] = [_initialized(nn.Conv2d(shape.d_channels, channels[0], 1, bias=False))]
        for before, after in pairwise(channels):
            layers += [*(_Block(before, blocks) for _ in range(BLOCKS)), nn.AvgPool2d(2), _changed(before, after)]
        layers += [_Block(channels[-1], blocks) for _ in range(BLOCKS)]
        layers += [_initialized(nn.Conv2d(channels[-1], channels[-1], shape.grid, groups=channels[-1], bias=False))]
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.head = _initialized(nn.Linear(channels[-1], 1, bias=False))


class _Block(nn.Module):
    """x + 1 x 1 convolution of a leaky ReLU of a grouped 3 x 3 convolution of a leaky ReLU of a 1 x 1 convolution.

    As in Fixup (Zhang et al. 2019, arXiv:1901.09321) it begins as x itself, and the deeper the network, the smaller its
    first steps: of its m = 3 layers the last starts at 0, the others at blocks^(-1 / (2m - 2)) of what keeps variance.
    """

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        inside = EXPANSION * channels
        # Groups must divide the channels; narrow networks have one.
        groups = max(count for count in range(1, max(inside // GROUP, 1) + 1) if inside % count == 0)
        gain = GAIN * blocks**-0.25
        self.layers = nn.Sequential(
            _initialized(nn.Conv2d(channels, inside, 1), gain),
            nn.LeakyReLU(SLOPE, inplace=True),
            _initialized(nn.Conv2d(inside, inside, 3, 1, 1, groups=groups), gain),
            nn.LeakyReLU(SLOPE, inplace=True),
            _initialized(nn.Conv2d(inside, channels, 1, bias=False), 0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.layers(x)
        return x + change


def _changed(before: int, after: int) -> nn.Module:
    """Returns a 1 x 1 convolution if the number of channels changes, else the identity."""
    return nn.Identity() if before == after else _initialized(nn.Conv2d(before, after, 1, bias=False))


def _initialized(layer: Weighted, gain: float = 1.0) -> Weighted:
    """Weights that multiply the variance of their inputs by gain^2 (He et al. 2015, arXiv:1502.01852); biases 0."""
    nn.init.normal_(layer.weight, 0.0, float(gain * layer.weight[0].numel() ** -0.5))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
