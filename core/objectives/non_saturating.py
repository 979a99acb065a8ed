"""The non-saturating loss (Goodfellow et al. 2014, arXiv:1406.2661, section 3), from logits.

The discriminator minimises -log D(x) - log(1 - D(G(z))). The generator minimises -log D(G(z)) instead of
log(1 - D(G(z))), whose gradient vanishes while the discriminator wins.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus


def discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean loss of logits (N,) for real and for generated images; 2 log 2 where the discriminator cannot tell."""
    return softplus(-real).mean() + softplus(fake).mean()


def generator(fake: Tensor) -> Tensor:
    """Mean loss of logits (N,) for generated images; log 2 where the discriminator cannot tell."""
    return softplus(-fake).mean()
