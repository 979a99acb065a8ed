"""Layers that several networks share."""

from __future__ import annotations

from typing import TypeVar

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate
from torch.nn.utils.parametrize import register_parametrization

Weighted = TypeVar("Weighted", nn.Linear, nn.Conv2d)

FEWEST_CHANNELS = 16
"""Below this a convolution of a large image takes hardly less time, and has too little to make colors of."""


def initialize_dcgan(module: nn.Module) -> None:
    """DCGAN's initialization: convolutions N(0, 0.02), batch normalization scale N(1, 0.02) and shift 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)


def normalization(name: str, channels: int) -> nn.Module:
    """Of feature maps: `batch`, `layer` (one mean and variance for each image), or `none`."""
    if name == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(1, channels) if name == "layer" else nn.Identity()


def channels_at(level: int, width: int) -> int:
    """Channels of feature maps that are 2^level grids large: `width` up to 32 px (3 doublings of 4), and half as many
    with each doubling beyond, where width has more than 16 to halve."""
    return max(width >> max(level - 3, 0), min(width, FEWEST_CHANNELS))


def upsample(x: Tensor) -> Tensor:
    """Feature maps or images NCHW at twice the height and width, by bilinear interpolation."""
    # CUDA adds up the gradient of `interpolate` in another order each time: no training could be repeated exactly.
    return means_of_neighbors(x) if x.is_cuda else interpolate(x, scale_factor=2.0, mode="bilinear")


class Upsample(nn.Module):
    """`upsample`, as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return upsample(x)


def means_of_neighbors(x: Tensor) -> Tensor:
    """Bilinear interpolation to twice the size once more: doubled pixels, then twice the mean of 2 x 2 of them."""
    doubled = interpolate(x, scale_factor=2.0)
    return avg_pool2d(avg_pool2d(doubled, 2, 1, padding=1, count_include_pad=False), 2, 1)


def equalized(layer: Weighted, rate: float = 1.0, bias: float = 0.0) -> Weighted:
    """The layer with an equalized learning rate (Karras et al. 2018, arXiv:1710.10196), or `rate` of that.

    Its weights have the variance 1 / inputs, and are stored with variance 1: so Adam's steps change all layers at the
    same pace. That is a parametrisation, on top of which a spectral norm can stand. Biases begin as `bias`.
    """
    deviation = float(layer.weight[0].numel() ** -0.5)
    nn.init.normal_(layer.weight, 0.0, deviation)
    register_parametrization(layer, "weight", _Scaled(deviation * rate))
    if layer.bias is not None:
        nn.init.constant_(layer.bias, bias)
        if rate != 1.0:
            register_parametrization(layer, "bias", _Scaled(rate))
    return layer


class _Scaled(nn.Module):
    """What is stored and learned is the parameter divided by `factor`."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, stored: Tensor) -> Tensor:
        return stored * self.factor

    def right_inverse(self, parameter: Tensor) -> Tensor:
        return parameter / self.factor
