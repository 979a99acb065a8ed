"""Styles modulate convolutions of a learned constant (StyleGAN2: Karras et al. 2020, arXiv:1912.04958).

The generator's images are not squashed: [-1, 1] is where real ones are, and whoever shows them cuts off the rest.
Resampling is bilinear interpolation and averaging of 2 x 2 pixels in place of the paper's filters. Style mixing and
path length regularization belong to its training, and are not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, repeat
from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu

from core.distributed.collectives import gathered, own, own_rows
from core.models import Discriminator as Base
from core.models import Generator as BaseGenerator
from core.models import Shape
from core.models.layers import FEWEST_CHANNELS, equalized, upsample

TITLE = "Style (StyleGAN2)"
D_NORMS = ("none",)
COST = (10.0, 32)
WEIGHT_CLIP = False  # weights are stored with variance 1, and scaled where they are used

MAPPING_LAYERS = 2
"""The paper has 8; its authors take 2 for small images (Karras et al. 2020, arXiv:2006.06676)."""
MAPPING_RATE = 0.01
"""The mapping network learns at this part of the learning rate."""
GROUP = 4
"""Images whose deviation from one another the discriminator is told."""


def _channels(shape: Shape) -> list[int]:
    """Channels at the grid, twice the grid ...: `width` at 64 px, twice as many with each halving of the size up to
    8 * width or 512, and half as many with each doubling down to 16.

    That way every size costs about the same. Widths 512 and 256 are the paper's configurations F and E; 32, which a
    laptop can train, has 256, 256, 128, 64 and 32 channels from 4 to 64 px.
    """
    most, fewest = min(8 * shape.width, 512), min(shape.width, FEWEST_CHANNELS)
    return [max(min(16 * shape.width >> level, most), fewest) for level in range(shape.doublings + 1)]


def modulated(x: Tensor, weight: Tensor, styles: Tensor) -> Tensor:
    """Computes the paper's demodulated convolution of x (N, I, H, W), weights (O, I, 3, 3) and styles (N, I).

    Scaling the inputs is scaling the weights, and demodulation, which divides each output's weights by their norm, is
    scaling the outputs: so one convolution serves all images, and no weights are made for each.
    """
    norms = styles.square() @ weight.square().sum((2, 3)).T
    outputs: Tensor = conv2d(x * styles[:, :, None, None], weight, padding=1)
    return outputs * (norms + 1e-8).rsqrt().to(outputs.dtype)[:, :, None, None]


class Generator(BaseGenerator):
    """z is mapped to w, whose styles modulate every convolution; images of all sizes are added up.

    Noise is drawn anew for each image in training mode; in evaluation mode it is always the same.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels = _channels(shape)
        widest = channels[0]
        mapping: list[nn.Module] = []
        for inputs in [shape.latent_dim, *[widest] * (MAPPING_LAYERS - 1)]:
            mapping += [equalized(nn.Linear(inputs, widest), MAPPING_RATE), _LeakyReLU()]
        self.mapping = nn.Sequential(*mapping)
        self.constant = nn.Parameter(torch.randn(1, widest, *shape.grid))
        self.stages = nn.ModuleList()
        for level, (before, after) in enumerate(zip([None, *channels[:-1]], channels, strict=True)):
            size = shape.grid[0] << level, shape.grid[1] << level
            self.stages.append(_Stage(before, after, shape.channels, widest, size))
        self.style_layers = sum(isinstance(module, _Modulated) for module in self.modules())

    def forward(self, z: Tensor) -> Tensor:
        return self._images(z.shape[0], repeat(self._w(z)))

    def map(self, latents: Tensor) -> Tensor:
        return self._w(latents)[:, None].expand(-1, self.style_layers, -1)

    def synthesize(self, w: Tensor) -> Tensor:
        return self._images(w.shape[0], iter(w.unbind(1)))

    def _w(self, z: Tensor) -> Tensor:
        w: Tensor = self.mapping(z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt())
        return w

    def _images(self, count: int, styles: Iterator[Tensor]) -> Tensor:
        x = self.constant.expand(count, -1, -1, -1)
        images: Tensor | None = None
        for stage in self.stages:
            x, images = stage(x, images, styles)
        assert images is not None
        return images

    def first_weight(self) -> Tensor:
        return torch.cat([module.style.weight for module in self.modules() if isinstance(module, _Modulated)])


class Discriminator(Base):
    """Residual blocks down to the grid; there it is told how much the images of a group differ."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels = _channels(shape)[::-1]
        last = channels[-1]
        layers: list[nn.Module] = [equalized(nn.Conv2d(shape.d_channels, channels[0], 1)), _LeakyReLU()]
        layers += [_Down(before, after) for before, after in pairwise(channels)]
        layers += [_Deviation(), equalized(nn.Conv2d(last + 1, last, 3, 1, 1)), _LeakyReLU()]
        layers += [nn.Flatten(), equalized(nn.Linear(last * prod(shape.grid), last)), _LeakyReLU()]
        self.features = nn.Sequential(*layers)
        self.head = equalized(nn.Linear(last, 1))


class _Stage(nn.Module):
    """One size: its convolutions, and what they add to the image of the size before."""

    def __init__(self, before: int | None, after: int, channels: int, styles: int, size: tuple[int, int]) -> None:
        super().__init__()
        up = [] if before is None else [_Modulated(before, after, styles, size, up=True)]
        self.layers = nn.ModuleList([*up, _Modulated(after, after, styles, size)])
        self.to_image = _ToImage(after, channels, styles)

    def forward(self, x: Tensor, images: Tensor | None, styles: Iterator[Tensor]) -> tuple[Tensor, Tensor]:
        """Takes as many styles as it has layers; the colors have that of the last one."""
        for layer in self.layers:
            w = next(styles)
            x = layer(x, w)
        added = self.to_image(x, w)
        return x, added if images is None else upsample(images) + added


class _Modulated(nn.Module):
    """A modulated convolution, doubling if `up`, noise, and a leaky ReLU.

    Doubling behind the convolution is a quarter of the work, as little as the paper's transposed convolution.
    """

    noise: Tensor

    def __init__(self, before: int, after: int, styles: int, size: tuple[int, int], up: bool = False) -> None:
        super().__init__()
        self.up = up
        self.style = equalized(nn.Linear(styles, before), bias=1.0)
        self.conv = equalized(nn.Conv2d(before, after, 3, bias=False))
        self.bias = nn.Parameter(torch.zeros(after, 1, 1))
        self.strength = nn.Parameter(torch.zeros(1))
        self.register_buffer("noise", torch.randn(1, 1, *size))
        self.activation = _LeakyReLU()

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = modulated(x, self.conv.weight, self.style(w))
        x = upsample(x) if self.up else x
        noise = _drawn_noise(x) if self.training else self.noise
        # Autocast leaves sums alone: parameters in float32 would make all that follows float32.
        x = x + (noise * self.strength).to(x.dtype) + self.bias.to(x.dtype)
        activated: Tensor = self.activation(x)
        return activated


class _ToImage(nn.Module):
    """Feature maps to colors, modulated but not demodulated; in float32, since many are added up."""

    def __init__(self, before: int, channels: int, styles: int) -> None:
        super().__init__()
        self.style = equalized(nn.Linear(styles, before), bias=1.0)
        self.conv = equalized(nn.Conv2d(before, channels, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        images: Tensor = self.conv(x * self.style(w)[:, :, None, None])
        return images.float()


class _Down(nn.Module):
    """A residual block that halves height and width; as much variance leaves it as came in."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            equalized(nn.Conv2d(before, before, 3, 1, 1)),
            _LeakyReLU(),
            nn.AvgPool2d(2),
            equalized(nn.Conv2d(before, after, 3, 1, 1)),
            _LeakyReLU(),
        )
        self.skip = nn.Sequential(nn.AvgPool2d(2), equalized(nn.Conv2d(before, after, 1, bias=False)))

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.residual(x) + self.skip(x)
        return changed * sqrt(0.5)


class _Deviation(nn.Module):
    """Adds a channel: the mean standard deviation within a group of images (Karras et al. 2018, arXiv:1710.10196).

    A group is of 4 images, or of the next smaller number that divides the batch.
    """

    def forward(self, x: Tensor) -> Tensor:
        batch = gathered(x.float())
        size = max(size for size in range(1, GROUP + 1) if len(batch) % size == 0)
        groups = batch.reshape(size, -1, *x.shape[1:])
        deviations = own((groups.var(0, correction=0) + 1e-8).sqrt().mean((1, 2, 3)).repeat(size))
        plane = deviations.to(x.dtype)[:, None, None, None].expand(-1, 1, *x.shape[2:])
        return torch.cat([x, plane], 1)


def _drawn_noise(x: Tensor) -> Tensor:
    """Draws noise for feature maps NCHW, (N, 1, H, W)."""
    return own_rows(lambda rows: torch.randn(rows, 1, *x.shape[2:], dtype=x.dtype, device=x.device), len(x))


class _LeakyReLU(nn.Module):
    """With the gain that keeps the variance of what goes through."""

    def forward(self, x: Tensor) -> Tensor:
        return leaky_relu(x, 0.2).mul(sqrt(2))
