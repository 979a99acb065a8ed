"""The fully connected pair of textbooks, after Goodfellow et al. 2014 (arXiv:1406.2661)."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from torch import Tensor, nn

from core.distributed.layers import BatchNorm1d, Dropout
from core.models import Discriminator as Base
from core.models import Generator as BaseGenerator
from core.models import Shape

TITLE = "Fully connected"
D_NORMS = ("none",)
COST = (0.55, 64)


class Generator(BaseGenerator):
    """At width 64: latent-256-512-1024-pixels with LeakyReLU and batch normalization; tanh at the end."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.image = (shape.channels, *shape.pixels)
        sizes = [shape.latent_dim, 4 * shape.width, 8 * shape.width, 16 * shape.width]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), BatchNorm1d(after), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], prod(self.image)), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.layers(z).unflatten(1, self.image)
        return images

    def first_weight(self) -> Tensor:
        first = self.layers[0]
        assert isinstance(first, nn.Linear)
        return first.weight


class Discriminator(Base):
    """At width 64: pixels-512-256-1 with LeakyReLU and dropout 0.3."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        sizes = [shape.d_channels * prod(shape.pixels), 8 * shape.width, 4 * shape.width]
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2, inplace=True), Dropout(0.3)]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(sizes[-1], 1)
