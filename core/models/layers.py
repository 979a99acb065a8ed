"""Layers that several networks share."""

from __future__ import annotations

from typing import TypeVar

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate
from torch.nn.utils.parametrize import register_parametrization

from core.distributed.layers import BatchNorm2d

Weighted = TypeVar("Weighted", nn.Linear, nn.Conv2d)

FEWEST_CHANNELS = 16
"""Fewest channels of a large feature map: fewer save hardly any time, and are too few for colors."""


def initialize_dcgan(module: nn.Module) -> None:
    """DCGAN's initialization: convolutions N(0, 0.02), batch normalization scale N(1, 0.02) and shift 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)


def normalization(name: str, channels: int) -> nn.Module:
    """Returns a normalization of feature maps: `batch`, `layer` (one mean and variance per image), or `none`."""
    if name == "batch":
        return BatchNorm2d(channels)
    return nn.GroupNorm(1, channels) if name == "layer" else nn.Identity()


def channels_at(level: int, width: int) -> int:
    """Channels of feature maps that are 2^level grids large: `width` up to 32 px (3 doublings of 4), and half as many
    with each doubling beyond, where width has more than 16 to halve."""
    return max(width >> max(level - 3, 0), min(width, FEWEST_CHANNELS))


def upsample(x: Tensor) -> Tensor:
    """Doubles height and width of feature maps or images NCHW by bilinear interpolation."""
    # On CUDA the gradient of `interpolate` is not deterministic.
    return means_of_neighbors(x) if x.is_cuda else interpolate(x, scale_factor=2.0, mode="bilinear")


class Upsample(nn.Module):
    """`upsample`, as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return upsample(x)


def means_of_neighbors(x: Tensor) -> Tensor:
    """Doubles the size by bilinear interpolation, as repeated pixels and two means of 2 x 2."""
    doubled = interpolate(x, scale_factor=2.0)
    return avg_pool2d(avg_pool2d(doubled, 2, 1, padding=1, count_include_pad=False), 2, 1)


def equalized(layer: Weighted, rate: float = 1.0, bias: float = 0.0) -> Weighted:
    """Gives a layer an equalized learning rate (Karras et al. 2018, arXiv:1710.10196), scaled by `rate`.

    Weights of variance 1 / inputs are stored with variance 1, so that Adam changes all layers at the same pace. This is
    a parametrization, which spectral normalization can build on. Biases start as `bias`.
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
    """Parametrization that stores and learns the parameter divided by `factor`."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, stored: Tensor) -> Tensor:
        return stored * self.factor

    def right_inverse(self, parameter: Tensor) -> Tensor:
        return parameter / self.factor
