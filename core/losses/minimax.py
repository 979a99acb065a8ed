"""The original game: the generator minimizes log(1 - D(G(z))) (Goodfellow et al. 2014, arXiv:1406.2661, equation 1).

While the discriminator wins, D(G(z)) is near 0 and the generator's gradient vanishes, which this loss demonstrates.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from core.losses.cross_entropy import discriminator

__all__ = ["discriminator", "generator"]

TITLE = "Minimax (saturating)"
TARGETS = True
PAIRED = False
SIGNED = True
PROBABILITY = True
UNDECIDED = 1.386


def generator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean log(1 - D(G(z))) of logits (N,) for generated images; -log 2 where the discriminator cannot tell."""
    return -softplus(fake).mean()
