"""Relativistic pairing: real images must score above generated ones, pair by pair (RpGAN, the loss of R3GAN).

Jolicoeur-Martineau 2018, arXiv:1807.00734, and Huang et al. 2024, arXiv:2501.05441, equation 1: the discriminator
minimizes -log sigmoid(D(x) - D(G(z))), the generator the same with the two exchanged. A generated image is judged
against a real one, so the generator gains nothing by leaving modes out.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from core.losses import Targets

TITLE = "Relativistic"
TARGETS = False
PAIRED = True
SIGNED = False
PROBABILITY = False
UNDECIDED = 0.693


def discriminator(real: Tensor, fake: Tensor, targets: Targets) -> Tensor:
    """Mean loss of pairs of logits (N,); log 2 where the discriminator cannot tell."""
    return softplus(fake - real).mean()


def generator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean loss of pairs of logits (N,); log 2 where the discriminator cannot tell."""
    return softplus(real - fake).mean()
