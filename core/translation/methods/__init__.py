"""Methods that compare translations with targets: one module each, found by its name.

A module of this package defines

* `TITLE` and `RANK`, for the form;
* `PAIRED`: whether it needs the target of each input;
* `WEIGHTS`: names of the settings that weight its terms;
* `GENERATORS` and `DISCRIMINATORS`: names of further networks that learn beside G, and beside D;
* `build(name, settings, shape, G)`: builds one of these, for a translator `G` of that shape;
* `translate(networks, batch)`: the images that the discriminators judge and the terms compare;
* `judged(translated, batch)`: for each discriminator by name, a real and a generated image NCHW each;
* `terms(networks, translated, batch, settings)`: further losses of the generators, unweighted, each with its weight. If
  there is a `content_weight`, `networks["content"]` is the distance in features (`core.translation.content`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from core.config.settings import Settings
from core.registry import module
from core.translation.networks import Translator, TranslatorShape

Networks = Mapping[str, nn.Module]


@dataclass(frozen=True)
class Sides:
    """A batch: inputs (N, C, h, w) and targets (N, C', H, W) in [-1, 1], which belong together in paired tasks.

    `random`: generator of random numbers on their device.
    """

    inputs: Tensor
    targets: Tensor
    random: torch.Generator

    def parts(self, count: int) -> Iterator[Sides]:
        """Yields equal parts of the batch, whose size is a whole number of times `count`."""
        for inputs, targets in zip(self.inputs.chunk(count), self.targets.chunk(count), strict=True):
            yield Sides(inputs, targets, self.random)


class Judged(NamedTuple):
    """A real and a generated image NCHW, as a discriminator sees them.

    `channels`: numbers of channels of the images that lie beside each other in them; empty for single images.
    """

    real: Tensor
    fake: Tensor
    channels: tuple[int, ...] = ()


class Term(NamedTuple):
    """A loss of the generators, and its weight."""

    value: Tensor
    weight: float


class Method(Protocol):
    """Interface of a method's module."""

    PAIRED: bool
    GENERATORS: tuple[str, ...]
    DISCRIMINATORS: tuple[str, ...]

    def build(self, name: str, settings: Settings, shape: TranslatorShape, G: Translator) -> nn.Module: ...

    def translate(self, networks: Networks, sides: Sides) -> dict[str, Tensor]: ...

    def judged(self, made: Mapping[str, Tensor], sides: Sides) -> dict[str, Judged]: ...

    def terms(
        self, networks: Networks, made: Mapping[str, Tensor], sides: Sides, settings: Settings
    ) -> dict[str, Term]: ...


def method(name: str) -> Method:
    """Imports and returns a method's module."""
    return cast(Method, module("translation.methods", name))


def beside(inputs: Tensor, images: Tensor) -> Tensor:
    """Returns images with the inputs that they were made from as further channels; small inputs are repeated."""
    if inputs.shape[2:] != images.shape[2:]:
        inputs = interpolate(inputs, size=images.shape[2:])
    return torch.cat([inputs, images], 1)


def mean_difference(images: Tensor, targets: Tensor) -> Tensor:
    """Returns the mean absolute difference of pixels in [-1, 1] (L1)."""
    return (images.float() - targets).abs().mean()
