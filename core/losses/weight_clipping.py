"""Weight clipping, which bounds the Lipschitz constant of WGAN's critic."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def clip_weights(critic: nn.Module, limit: float) -> None:
    """Clips every weight to [-limit, limit], in place (WGAN, Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1)."""
    torch._foreach_clamp_min_(list(critic.parameters()), -limit)
    torch._foreach_clamp_max_(list(critic.parameters()), limit)
