"""Gradient penalties on the discriminator, in units of the images: one module each, found by its name.

A module of this package that defines `TITLE` is named after the setting that holds its weight, and defines as well

* `RANK`: the penalties are added in this order, the lowest first;
* `INPUTS`: of which images in a `DiscriminatorBatch` it needs the gradients, "real" or "fake";
* `penalty(batch)`: from a `DiscriminatorBatch` to a mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, cast

import torch
from torch import Tensor

from core.config.settings import Settings
from core.registry import components, module

Critic = Callable[[Tensor], Tensor]
"""Images NCHW -> logits (N,)."""


class DiscriminatorBatch(NamedTuple):
    """A batch with the logits of the discriminator: images NCHW, their logits (N,), and the discriminator itself."""

    critic: Critic
    real: Tensor
    fake: Tensor
    real_logits: Tensor
    fake_logits: Tensor


class Penalty(Protocol):
    """What every module of this package offers."""

    def penalty(self, batch: DiscriminatorBatch) -> Tensor: ...


def inputs(settings: Settings) -> set[str]:
    """The images, "real" and "fake", whose gradients the penalties in use need."""
    known = components("losses.penalties")
    return {name for penalty in settings.penalties for name in known[penalty].facts["INPUTS"]}


def weighted(settings: Settings, batch: DiscriminatorBatch) -> Tensor:
    """The sum of the penalties in use, each with its weight. The images that `inputs` names require gradients."""
    total = torch.zeros((), device=batch.real.device)
    for name, weight in settings.penalties.items():
        total = total + weight * cast(Penalty, module("losses.penalties", name)).penalty(batch)
    return total
