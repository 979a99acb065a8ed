"""R2: half the mean squared norm of the discriminator's gradient at generated images.

Mescheder et al. 2018, arXiv:1801.04406; its weight is gamma in the paper.
"""

from __future__ import annotations

from torch import Tensor

from core.losses.penalties import DiscriminatorBatch
from core.losses.penalties.gradients import zero_centered

TITLE = "R2"
RANK = 1
INPUTS = ("fake",)


def penalty(batch: DiscriminatorBatch) -> Tensor:
    """(gamma / 2) E |grad D(G(z))|^2 with gamma = 1."""
    return zero_centered(batch.fake_logits, batch.fake)
