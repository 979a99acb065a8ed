"""L2 norms of gradients and weights, of whole networks and by layer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor, nn


@torch.no_grad()
def l2_norm(tensors: Sequence[Tensor]) -> Tensor:
    """The L2 norm of all numbers in some tensors, without dimensions; 0 of none. Does not wait for the device."""
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(tensors)))) if tensors else torch.zeros(())


@torch.no_grad()
def distance(one: nn.Module, other: nn.Module) -> Tensor:
    """|one - other| / |other| of two networks' parameters."""
    ours, theirs = list(one.parameters()), list(other.parameters())
    return l2_norm([our - their for our, their in zip(ours, theirs, strict=True)]) / l2_norm(theirs)


@torch.no_grad()
def gradients_by_layer(network: nn.Module) -> dict[str, float]:
    """The L2 norms of the gradients that the last step left, by layer. Waits for the device."""
    parameters = [(name, weight.grad) for name, weight in network.named_parameters() if weight.grad is not None]
    if not parameters:
        return {}
    norms = torch.stack(torch._foreach_norm([gradient for _, gradient in parameters])).tolist()
    squares: defaultdict[str, float] = defaultdict(float)
    for (name, _), norm in zip(parameters, norms, strict=True):
        squares[layer(name)] += norm**2
    return {name: square**0.5 for name, square in squares.items()}


def layer(parameter: str) -> str:
    """The layer or block that a parameter belongs to, as `head` or `layers.3`: what lies deeper counts with it."""
    first, *rest = parameter.removeprefix("network.").split(".")
    return f"{first}.{rest[0]}" if rest and rest[0].isdecimal() else first
