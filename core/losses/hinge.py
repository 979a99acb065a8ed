"""Hinge: the discriminator stops pushing beyond a margin of 1 (Lim and Ye 2017, arXiv:1705.02894; SNGAN, BigGAN)."""

from __future__ import annotations

from torch import Tensor

from core.losses import Targets

TITLE = "Hinge"
TARGETS = False
PAIRED = False
SIGNED = True
PROBABILITY = False
UNDECIDED = 2.0


def discriminator(real: Tensor, fake: Tensor, targets: Targets) -> Tensor:
    """Mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z))) of logits (N,)."""
    return (1.0 - real).relu().mean() + (1.0 + fake).relu().mean()


def generator(real: Tensor, fake: Tensor) -> Tensor:
    """The negative mean logit (N,) of generated images."""
    return -fake.mean()
