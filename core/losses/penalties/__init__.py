"""Gradient penalties on the discriminator, in units of the images: one module each, found by its name.

A module of this package that defines `TITLE` is named after the setting that holds its weight, and defines as well

* `RANK`: order in which penalties are added, the lowest first;
* `INPUTS`: images of a `DiscriminatorBatch` whose gradients it needs, "real" or "fake";
* `penalty(batch)`: computes the mean penalty of a `DiscriminatorBatch`.
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
    """Interface of a penalty's module."""

    def penalty(self, batch: DiscriminatorBatch) -> Tensor: ...


def inputs(settings: Settings) -> set[str]:
    """Returns the images, "real" and "fake", whose gradients the penalties in use need."""
    known = components("losses.penalties")
    return {name for penalty in settings.penalties for name in known[penalty].facts["INPUTS"]}


def weighted(settings: Settings, batch: DiscriminatorBatch) -> Tensor:
    """Computes the weighted sum of the penalties in use. The images that `inputs` names must require gradients."""
    total = torch.zeros((), device=batch.real.device)
    for name, weight in settings.penalties.items():
        total = total + weight * cast(Penalty, module("losses.penalties", name)).penalty(batch)
    return total
