"""Generator and discriminator pairs: one module each, found by its name.

A module of this package defines `Generator(shape)` and `Discriminator(shape)`, both `torch.nn.Module`s:

* `Generator.forward(z)`: (N, latent_dim) -> (N, channels, resolution, resolution) in [-1, 1];
  `Generator.first_weight()`: the weight that z meets first, as (outputs, latent_dim).
* `Discriminator.forward(x)`: images as above -> logits (N,).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol, cast

from torch import Tensor, nn

from core.config import Settings


@dataclass(frozen=True)
class Shape:
    """What a pair of networks is built for. `channels`: 1 (grey) or 3 (RGB)."""

    resolution: int
    channels: int
    latent_dim: int
    width: int

    @classmethod
    def of(cls, settings: Settings, channels: int) -> Shape:
        return cls(settings.resolution, channels, settings.latent_dim, settings.width)


class Generator(Protocol):
    """What the sampler needs of a generator beside `nn.Module`."""

    def first_weight(self) -> Tensor: ...


def build(network: str, shape: Shape) -> tuple[nn.Module, nn.Module]:
    """A freshly initialised generator and discriminator, on torch's current default device."""
    module = importlib.import_module(f"core.models.{network}")
    return module.Generator(shape), module.Discriminator(shape)


def first_weight(generator: nn.Module) -> Tensor:
    """The weight that z meets first, shape (outputs, latent_dim)."""
    return cast(Generator, generator).first_weight().detach()
