"""The fully connected pair of textbooks, after Goodfellow et al. 2014 (arXiv:1406.2661)."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from torch import Tensor, nn

from core.models import Shape


class Generator(nn.Module):
    """(N, latent_dim) -> (N, channels, resolution, resolution) in [-1, 1].

    At width 64: latent-256-512-1024-pixels with LeakyReLU and batch normalisation.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.image = (shape.channels, shape.resolution, shape.resolution)
        sizes = [shape.latent_dim, 4 * shape.width, 8 * shape.width, 16 * shape.width]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.BatchNorm1d(after), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], prod(self.image)), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.layers(z).unflatten(1, self.image)
        return images

    def first_weight(self) -> Tensor:
        first = self.layers[0]
        assert isinstance(first, nn.Linear)
        return first.weight


class Discriminator(nn.Module):
    """(N, channels, resolution, resolution) -> logits (N,). At width 64: pixels-512-256-1 with dropout 0.3."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        sizes = [shape.channels * shape.resolution**2, 8 * shape.width, 4 * shape.width]
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2, inplace=True), nn.Dropout(0.3)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], 1), nn.Flatten(0))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)
        return logits
