"""Cross-entropy loss of the discriminator, for losses in which sigmoid(D(x)) is a probability."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from core.losses import Targets


def discriminator(real: Tensor, fake: Tensor, targets: Targets) -> Tensor:
    """Mean cross-entropy of logits (N,) with their targets; 2 log 2 where the discriminator cannot tell.

    One-sided smoothing (Salimans et al. 2016, arXiv:1606.03498) lowers the target of real images only.
    """
    return _cross_entropy(real, targets.real) + _cross_entropy(fake, targets.fake)


def _cross_entropy(logits: Tensor, target: float) -> Tensor:
    loss = target * softplus(-logits) if target else 0.0
    return (loss + (1.0 - target) * softplus(logits) if target != 1.0 else softplus(-logits)).mean()
