"""L2 norms of gradients and weights of networks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


@torch.no_grad()
def norms(tensors: Sequence[Tensor]) -> Tensor:
    """Computes the L2 norm of each tensor, (tensors,); a single 0 without tensors. Does not wait for the device."""
    return torch.stack(torch._foreach_norm(list(tensors))) if tensors else torch.zeros(1)


def l2_norm(tensors: Sequence[Tensor]) -> Tensor:
    """Computes the L2 norm of all numbers in some tensors, a scalar; 0 without any. Does not wait for the device."""
    norm: Tensor = torch.linalg.vector_norm(norms(tensors))
    return norm


@torch.no_grad()
def distance(one: nn.Module, other: nn.Module) -> Tensor:
    """Computes |one - other| / |other| of two networks' parameters."""
    ours, theirs = list(one.parameters()), list(other.parameters())
    return l2_norm([our - their for our, their in zip(ours, theirs, strict=True)]) / l2_norm(theirs)
