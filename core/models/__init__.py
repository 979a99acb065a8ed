"""Generator and discriminator pairs: one module each, found by its name.

A module of this package defines

* `TITLE`, for the form, and `D_NORMS`: the discriminator's possible normalizations, its own first;
* `COST`: the time that one image takes in training at 64 px, relative to `smooth` with 24 base channels, and the base
  channels that it was measured with (`core.monitoring.expectation`);
* `INPUT_BIAS = True` if its discriminator can do without a bias before the first activation (`Shape.d_bias`);
* if need be, `SPECTRAL_NORM = False` or `WEIGHT_CLIP = False` where its discriminator cannot bear these;
* `POINTS = True` if it makes points in the plane and no images: two channels of one pixel that nothing bounds;
* `Generator(shape)`: latents (N, shape.latent_dim) -> images (N, channels, height, width) in [-1, 1], with
  `first_weight()`: the weight that the latents meet first, as (outputs, latent_dim). One that maps its latents to
  styles has `style_layers` of them, is `synthesize(map(latents))`, and its first weight is what w meets;
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
    """What a pair of networks is built for.

    `grid`: (rows, columns) of the smallest feature map; images are `2 ** doublings` times as large. `channels`: 1
    (gray), 2 (x and y of a point), 3 (RGB) or 4 (RGBA); `d_channels` are what the discriminator looks at. `latent_dim`
    counts all numbers that the generator is given. `d_norm`: one of the network's `D_NORMS`. `d_bias`: whether there is
    a bias before the first activation of D.
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
        """The settings' shape, with room for conditions."""
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
    """What every network's generator offers beside `forward`."""

    style_layers: int = 0
    """That styles go to; 0 where there are no styles, and `map` and `synthesize` do not exist."""

    def first_weight(self) -> Tensor:
        raise NotImplementedError

    def map(self, latents: Tensor) -> Tensor:
        """Styles w (N, style_layers, numbers)."""
        raise NotImplementedError

    def synthesize(self, w: Tensor) -> Tensor:
        """Images of styles, which may differ from layer to layer."""
        raise NotImplementedError


class Discriminator(nn.Module):
    """What every network's discriminator offers: `features`, and a `head` that makes logits of them."""

    features: nn.Module
    head: nn.Linear
    per_image: bool = False
    """Whether a logit depends on its own image alone and nothing is drawn: then real and generated images may be judged
    in one pass. Spectral normalization iterates once a pass."""

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images)).flatten()
        return logits


def build_generator(network: str, shape: Shape) -> Generator:
    """A freshly initialized generator, on torch's current default device."""
    return cast(Generator, module("models", network).Generator(shape))


def build(network: str, shape: Shape) -> tuple[Generator, Discriminator]:
    """A freshly initialized pair, on torch's current default device."""
    return build_generator(network, shape), cast(Discriminator, module("models", network).Discriminator(shape))


def normalize_spectrally(network: nn.Module) -> None:
    """Divides every weight matrix by its largest singular value, in place (Miyato et al. 2018, arXiv:1802.05957)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            with torch.no_grad():
                spectral_norm(layer)
