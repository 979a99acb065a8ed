"""Residual networks, at width 256 SNGAN's for CIFAR (Gulrajani et al. 2017; Miyato et al. 2018, arXiv:1802.05957)."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

from torch import Tensor, nn

from core.distributed.layers import BatchNorm2d
from core.models import Discriminator as Base
from core.models import Generator as BaseGenerator
from core.models import Shape
from core.models.layers import channels_at, normalization

TITLE = "ResNet"
D_NORMS = ("none", "layer")
COST = (9.0, 128)


class Generator(BaseGenerator):
    """A linear layer makes the grid, residual blocks double it; tanh at the end.

    Convolutions have no biases: batch normalization would cancel every one of them, through the shortcuts too.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels = [channels_at(level, shape.width) for level in range(shape.doublings + 1)]
        self.first = nn.Linear(shape.latent_dim, channels[0] * shape.grid[0] * shape.grid[1])
        self.layers = nn.Sequential(
            nn.Unflatten(1, (channels[0], *shape.grid)),
            *(_Up(before, after) for before, after in pairwise(channels)),
            BatchNorm2d(channels[-1]),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels[-1], shape.channels, 3, 1, 1),
            nn.Tanh(),
        )
        _initialize(self)

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.layers(self.first(z))
        return images

    def first_weight(self) -> Tensor:
        return self.first.weight


class Discriminator(Base):
    """Residual blocks halve the image down to twice the grid (8 x 8), two more look at that; then a sum over places.

    It has half the generator's channels at each size. The sum is SNGAN's (WGAN-GP has a mean), so without spectral
    normalization logits begin at several units.
    """

    per_image = True

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels = [channels_at(level, shape.width) // 2 for level in range(shape.doublings, 1, -1)]
        blocks: list[nn.Module] = [_First(shape.d_channels, channels[0])]
        blocks += [_Block(a, b, shape.d_norm, down=True) for a, b in pairwise(channels)]
        blocks += [_Block(channels[-1], channels[-1], shape.d_norm, down=False) for _ in range(2)]
        self.features = nn.Sequential(*blocks, nn.ReLU(inplace=True), _Sum())
        self.head = nn.Linear(channels[-1], 1)
        _initialize(self)


class _Residual(nn.Module):
    """The sum of two paths: `residual`, which learns, and `shortcut`, which only changes the shape."""

    residual: nn.Module
    shortcut: nn.Module

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.residual(x) + self.shortcut(x)
        return changed


class _Up(_Residual):
    """Doubles height and width."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            BatchNorm2d(before),
            nn.ReLU(inplace=True),
            nn.Upsample(scale_factor=2.0),
            nn.Conv2d(before, after, 3, 1, 1, bias=False),
            BatchNorm2d(after),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
        )
        # A 1 x 1 convolution and resampling can change places; in this order it has a quarter of the work.
        self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, bias=False), nn.Upsample(scale_factor=2.0))


class _First(_Residual):
    """The block that sees the image: nothing is cut off before its first convolution. Halves height and width."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(before, after, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, 1, 1),
            nn.AvgPool2d(2),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, after, 1))


class _Block(_Residual):
    """Halves height and width if `down`."""

    def __init__(self, before: int, after: int, norm: str, down: bool) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            normalization(norm, before),
            nn.ReLU(),  # in place it would change what the shortcut is given
            nn.Conv2d(before, before, 3, 1, 1),
            normalization(norm, before),
            nn.ReLU(inplace=True),
            nn.Conv2d(before, after, 3, 1, 1),
            nn.AvgPool2d(2) if down else nn.Identity(),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, after, 1)) if down else nn.Identity()


class _Sum(nn.Module):
    """Feature maps NCHW to their sums over all places, (N, C)."""

    def forward(self, x: Tensor) -> Tensor:
        sums: Tensor = x.sum((2, 3))
        return sums


def _initialize(network: nn.Module) -> None:
    """Initializes weights as SNGAN: Glorot uniform, with gain sqrt(2) in residual paths after ReLU; biases 0."""
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight, sqrt(2) if ".residual." in name else 1.0)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
