"""Strided convolutions with batch normalization (Radford, Metz, Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from torch import Tensor, nn

from core.distributed.layers import BatchNorm2d
from core.models import Discriminator as Base
from core.models import Generator as BaseGenerator
from core.models import Shape
from core.models.layers import initialize_dcgan, normalization

TITLE = "DCGAN"
D_NORMS = ("batch", "layer", "none")
COST = (1.1, 32)
INPUT_BIAS = True


def _channels(shape: Shape) -> list[int]:
    """Channels at half the resolution, a quarter ... down to the grid; at 64 px and width 64: 64, 128, 256, 512."""
    return [shape.width * min(2**level, 8) for level in range(shape.doublings)]


class Generator(BaseGenerator):
    """Transposed convolutions from z to images; tanh at the end."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        *rest, widest = _channels(shape)
        layers: list[nn.Module] = [nn.ConvTranspose2d(shape.latent_dim, widest, shape.grid, 1, 0, bias=False)]
        for before, after in zip([widest, *reversed(rest)], [*reversed(rest), None], strict=True):
            layers += [BatchNorm2d(before), nn.ReLU(inplace=True)]
            layers += [nn.ConvTranspose2d(before, after or shape.channels, 4, 2, 1, bias=False)]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        initialize_dcgan(self)

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.layers(z[:, :, None, None])
        return images

    def first_weight(self) -> Tensor:
        first = self.layers[0]
        assert isinstance(first, nn.ConvTranspose2d)
        return first.weight.flatten(1).T


class Discriminator(Base):
    """Strided convolutions down to the grid, and one weight for each number that is left.

    Convolutions without biases, leaky ReLU and normalization are blind to scale: f(a x) = f(x) for a > 0. Such a
    discriminator cannot tell gray images from images of full contrast, and a long training drifts to gray. A bias
    before the first activation, which no normalization follows, makes it see (`Shape.d_bias`).
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.per_image = shape.d_norm != "batch"
        channels = _channels(shape)
        layers: list[nn.Module] = [nn.Conv2d(shape.d_channels, channels[0], 4, 2, 1, bias=shape.d_bias)]
        layers += [nn.LeakyReLU(0.2, inplace=True)]
        for before, after in pairwise(channels):
            # Normalization brings its own shift; without it the convolution needs one.
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=shape.d_norm == "none")]
            layers += [normalization(shape.d_norm, after), nn.LeakyReLU(0.2, inplace=True)]
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(channels[-1] * prod(shape.grid), 1, bias=False)
        initialize_dcgan(self)
        nn.init.normal_(self.head.weight, 0.0, 0.02)
