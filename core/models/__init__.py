"""Generator and discriminator pairs: one module each, found by its name.

A module of this package defines

* `TITLE`, for the form, and `D_NORMS`: the discriminator's possible normalizations, its own first;
* `COST`: the time that one image takes in training at 64 px, relative to `smooth` with 24 base channels, and the base
  channels that it was measured with (`core.monitoring.expectation`);
* `INPUT_BIAS = True` if its discriminator can do without a bias before the first activation (`Shape.d_bias`);
* optionally `SPECTRAL_NORM = False` or `WEIGHT_CLIP = False` if its discriminator does not support them;
* `POINTS = True` if it makes 2-D points instead of images: two channels of one pixel, unbounded;
* `Generator(shape)`: latents (N, shape.latent_dim) -> images (N, channels, height, width) in [-1, 1], with
  `first_weight()`: the first weight that is applied to the latents, as (outputs, latent_dim). A style-based generator
  has `style_layers` styles, equals `synthesize(map(latents))`, and its first weight is applied to w;
* `Discriminator(shape)`: images (N, shape.d_channels, height, width) -> logits (N,), as `head(features(images))`, with
  `head` a `torch.nn.Linear` from the features (N, head.in_features) to one number.

Neither knows of labels: conditions are a part of the latents and of the discriminator's channels
(`core.models.conditioning`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from core.config.settings import Settings
from core.registry import components, module

GRID = 4
"""Rows or columns of the first feature map, unless the settings say otherwise."""


@dataclass(frozen=True)
class Shape:
    """Shape of a pair of networks.

    `grid`: (rows, columns) of the smallest feature map; images are `2 ** doublings` times as large. `channels`: 1
    (gray), 2 (x and y of a point), 3 (RGB) or 4 (RGBA). `d_channels`: input channels of D. `latent_dim`: length of the
    generator's whole input. `d_norm`: one of the network's `D_NORMS`. `d_bias`: whether D has a bias before its first
    activation.
    """

    grid: tuple[int, int]
    doublings: int
    channels: int
    latent_dim: int
    width: int
    d_norm: str
    d_channels: int
    d_bias: bool = True

    @classmethod
    def of(cls, settings: Settings, channels: int, extra_latents: int = 0, extra_channels: int = 0) -> Shape:
        """Returns the shape of the settings, with extra inputs for conditions."""
        columns, rows = (1, 1) if settings.points else settings.grid_size
        own = components("models")[settings.network].facts["D_NORMS"][0]
        return cls(
            (rows, columns),
            0 if settings.points else (settings.resolution // GRID).bit_length() - 1,
            channels,
            settings.latent_dim + extra_latents,
            settings.width,
            own if settings.d_norm == "auto" else settings.d_norm,
            channels + extra_channels,
            settings.d_bias,
        )

    @property
    def pixels(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.grid[0] << self.doublings, self.grid[1] << self.doublings


class Generator(nn.Module):
    """Base of every network's generator."""

    style_layers: int = 0
    """Number of layers with styles; 0 for networks without styles, `map` and `synthesize`."""

    def first_weight(self) -> Tensor:
        """Returns the first weight that is applied to z, or to w, (outputs, numbers)."""
        raise NotImplementedError

    def map(self, latents: Tensor) -> Tensor:
        """Maps latents to styles w (N, style_layers, numbers)."""
        raise NotImplementedError

    def synthesize(self, w: Tensor) -> Tensor:
        """Generates images from styles, which may differ between layers."""
        raise NotImplementedError


class Discriminator(nn.Module):
    """Base of every network's discriminator: `features`, and a linear `head` that maps them to logits."""

    features: nn.Module
    head: nn.Linear
    per_image: bool = False
    """True if a logit depends on its own image alone and D draws no random numbers: real and generated images may then
    share one pass."""

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images)).flatten()
        return logits


def build_generator(network: str, shape: Shape) -> Generator:
    """Builds an initialized generator on torch's current default device."""
    return cast(Generator, module("models", network).Generator(shape))


def build(network: str, shape: Shape) -> tuple[Generator, Discriminator]:
    """Builds an initialized pair on torch's current default device."""
    return build_generator(network, shape), cast(Discriminator, module("models", network).Discriminator(shape))


def normalize_spectrally(network: nn.Module) -> None:
    """Divides every weight matrix by its largest singular value, in place (Miyato et al. 2018, arXiv:1802.05957)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            with torch.no_grad():
                spectral_norm(layer)
