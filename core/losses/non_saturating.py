"""The non-saturating loss: the generator maximizes log D(G(z)) (Goodfellow et al. 2014, arXiv:1406.2661, section 3).

The discriminator minimizes -log D(x) - log(1 - D(G(z))). The generator minimizes -log D(G(z)) instead of
log(1 - D(G(z))), whose gradient vanishes while the discriminator wins.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from core.losses.cross_entropy import discriminator

__all__ = ["discriminator", "generator"]

TITLE = "Non-saturating"
TARGETS = True
PAIRED = False
SIGNED = True
PROBABILITY = True
UNDECIDED = 1.386


def generator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean loss of logits (N,) for generated images; log 2 where the discriminator cannot tell."""
    return softplus(-fake).mean()
