"""Wasserstein: the critic's mean score of real images minus that of generated ones.

Arjovsky et al. 2017, arXiv:1701.07875. The difference estimates a distance only while the critic's slope is bounded:
by weight clipping, by a gradient penalty or by spectral normalization.
"""

from __future__ import annotations

from torch import Tensor

from core.losses import Targets

TITLE = "Wasserstein"
TARGETS = False
PAIRED = False
SIGNED = False
PROBABILITY = False
UNDECIDED = 0.0


def discriminator(real: Tensor, fake: Tensor, targets: Targets) -> Tensor:
    """Mean score (N,) of generated images minus that of real ones."""
    return fake.mean() - real.mean()


def generator(real: Tensor, fake: Tensor) -> Tensor:
    """The negative mean score (N,) of generated images."""
    return -fake.mean()
