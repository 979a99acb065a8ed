"""Small fully connected networks for points in the plane, as in GAN Lab (Kahng et al. 2018, arXiv:1809.01587).

They are so small that one look shows all that they have learned. An image is a point: two channels of one pixel.
"""

from __future__ import annotations

from math import prod

from torch import Tensor, nn

from core.distributed.layers import BatchNorm1d
from core.models import Discriminator as Base
from core.models import Generator as BaseGenerator
from core.models import Shape

TITLE = "Points (2-D)"
D_NORMS = ("none", "batch")
POINTS = True


class Generator(BaseGenerator):
    """latent-width-width-2 with ReLU; the output is linear, since nothing bounds the plane."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.image = (shape.channels, *shape.pixels)
        self.first = nn.Linear(shape.latent_dim, shape.width)
        self.layers = nn.Sequential(
            nn.ReLU(inplace=True),
            nn.Linear(shape.width, shape.width),
            nn.ReLU(inplace=True),
            nn.Linear(shape.width, prod(self.image)),
        )

    def forward(self, z: Tensor) -> Tensor:
        points: Tensor = self.layers(self.first(z)).unflatten(1, self.image)
        return points

    def first_weight(self) -> Tensor:
        return self.first.weight


class Discriminator(Base):
    """2-width-width-1 with LeakyReLU; batch normalization, if any, before the second one."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.per_image = shape.d_norm != "batch"
        norm = BatchNorm1d(shape.width) if shape.d_norm == "batch" else nn.Identity()
        self.features = nn.Sequential(
            nn.Flatten(),
            nn.Linear(shape.d_channels * prod(shape.pixels), shape.width),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(shape.width, shape.width),
            norm,
            nn.LeakyReLU(0.2, inplace=True),
        )
        self.head = nn.Linear(shape.width, 1)
