"""DCGAN for any power-of-two resolution from 16 to 256 (Radford, Metz, Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

from torch import Tensor, nn

from core.models import Shape
from core.models.layers import initialise_dcgan


def _channels(shape: Shape) -> list[int]:
    """Channels at resolution / 2, / 4 ... down to 4 x 4; at 64 px and width 64: 64, 128, 256, 512."""
    halvings = shape.resolution.bit_length() - 3
    return [shape.width * min(2**level, 8) for level in range(halvings)]


class Generator(nn.Module):
    """(N, latent_dim) -> (N, channels, resolution, resolution) in [-1, 1] by transposed convolutions."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        *rest, widest = _channels(shape)
        layers: list[nn.Module] = [nn.ConvTranspose2d(shape.latent_dim, widest, 4, 1, 0, bias=False)]
        for before, after in zip([widest, *reversed(rest)], [*reversed(rest), None], strict=True):
            layers += [nn.BatchNorm2d(before), nn.ReLU(inplace=True)]
            layers += [nn.ConvTranspose2d(before, after or shape.channels, 4, 2, 1, bias=False)]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        initialise_dcgan(self)

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.layers(z[:, :, None, None])
        return images

    def first_weight(self) -> Tensor:
        first = self.layers[0]
        assert isinstance(first, nn.ConvTranspose2d)
        return first.weight.flatten(1).T


class Discriminator(nn.Module):
    """(N, channels, resolution, resolution) -> logits (N,) by strided convolutions."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        first, *rest = _channels(shape)
        layers: list[nn.Module] = [
            nn.Conv2d(shape.channels, first, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        for before, after in zip([first, *rest], rest, strict=False):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after)]
            layers += [nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Conv2d([first, *rest][-1], 1, 4, 1, 0, bias=False), nn.Flatten(0))
        initialise_dcgan(self)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.layers(x)
        return logits
