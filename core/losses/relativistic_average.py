"""Relativistic average: real images must score above the mean of generated ones, and these below that of real ones.

RaGAN, Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4.2; the loss of ESRGAN (Wang et al. 2018, arXiv:1809.00219).
The discriminator minimizes -log sigmoid(D(x) - mean D(G(z))) - log(1 - sigmoid(D(G(z)) - mean D(x))), the generator the
same with the two exchanged. In a batch that memory holds only in parts, the means are those of each part.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from core.distributed.collectives import mean
from core.losses import Targets

TITLE = "Relativistic average"
TARGETS = False
PAIRED = True
SIGNED = False
PROBABILITY = False
UNDECIDED = 1.386


def discriminator(real: Tensor, fake: Tensor, targets: Targets) -> Tensor:
    """Mean loss of logits (N,) against the mean of the others; 2 log 2 where the discriminator cannot tell."""
    return softplus(mean(fake) - real).mean() + softplus(fake - mean(real)).mean()


def generator(real: Tensor, fake: Tensor) -> Tensor:
    """Mean loss of logits (N,) against the mean of the others; 2 log 2 where the discriminator cannot tell."""
    return softplus(real - mean(fake)).mean() + softplus(mean(real) - fake).mean()
