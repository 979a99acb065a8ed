"""Least squares: D(x) is pulled to 1 and D(G(z)) to 0, the generator to D(G(z)) = 1.

Mao et al. 2017, arXiv:1611.04076: the paper's equation 9, with a = 0 and b = c = 1; logits are compared as they are.
"""

from __future__ import annotations

from torch import Tensor

from core.losses import Targets

TITLE = "Least squares"
TARGETS = True
PAIRED = False
SIGNED = False
PROBABILITY = False
UNDECIDED = 0.25


def discriminator(real: Tensor, fake: Tensor, targets: Targets) -> Tensor:
    """Half the mean squared distance of logits (N,) from their targets."""
    return 0.5 * (real - targets.real).square().mean() + 0.5 * (fake - targets.fake).square().mean()


def generator(real: Tensor, fake: Tensor) -> Tensor:
    """Half the mean squared distance of the logits (N,) of generated images from 1."""
    return 0.5 * (fake - 1.0).square().mean()
