"""Losses, as pure functions of logits: one module each, found by its name.

A module of this package defines

* `TITLE`, for the form;
* `TARGETS`: whether it compares D(x) with target values, which label smoothing moves;
* `PAIRED`: whether the generator's loss compares with the logits of real images;
* `SIGNED`: whether a logit above 0 means that the discriminator takes the image for real;
* `PROBABILITY`: whether the sigmoid of a logit is the probability that an image is real;
* `UNDECIDED`: the discriminator's least loss while it answers the same for every image;
* `discriminator(real, fake, targets)` and `generator(real, fake)`, from logits (N,) to a mean. Unless the loss is
  `PAIRED` the generator's `real` is not computed and holds zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from torch import Tensor

from core.registry import module


@dataclass(frozen=True)
class Targets:
    """Targets of the discriminator: 1 for real and 0 for generated images unless smoothed."""

    real: float = 1.0
    fake: float = 0.0


class Loss(Protocol):
    """Interface of a loss's module."""

    PAIRED: bool
    SIGNED: bool
    PROBABILITY: bool

    def discriminator(self, real: Tensor, fake: Tensor, targets: Targets) -> Tensor: ...

    def generator(self, real: Tensor, fake: Tensor) -> Tensor: ...


def loss(name: str) -> Loss:
    """Imports and returns a loss's module."""
    return cast(Loss, module("losses", name))
