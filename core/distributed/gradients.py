"""Average of the gradients of all ranks, in one exchange for each update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from core.distributed.ranks import Ranks


@torch.no_grad()
def exchange(
    ranks: Ranks, weights: Sequence[nn.Parameter], values: Mapping[str, Tensor], rows: Sequence[Tensor] = ()
) -> tuple[dict[str, Tensor], list[Tensor]]:
    """Replaces the gradients that `backward` left by their means over all ranks.

    `values`: scalars for the report; returns their means. `rows`: tensors (N,) of the ranks' own rows; returns those of
    all ranks in order. One flat sum serves for all: it is neither DDP nor FSDP, whose hooks do not support the double
    backward pass of gradient penalties. Raises `LostRankError`.
    """
    if not ranks.several:
        return dict(values), list(rows)
    learning = [weight for weight in weights if weight.grad is not None]
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    numbers = torch.stack([value.detach() for value in values.values()])
    padded = [_padded(ranks, part.detach()) for part in rows]
    sizes = [*(weight.numel() for weight in learning), len(numbers), *map(len, padded)]
    ends = [*accumulate(sizes, initial=0)]
    flat = torch.empty(ends[-1], dtype=learning[0].dtype, device=learning[0].device)
    places = [flat[start:end] for start, end in pairwise(ends)]
    # In the memory layout of the weights, as fused optimizers walk through both.
    averaged = [
        place.as_strided(weight.shape, weight.stride()) for place, weight in zip(places, learning, strict=False)
    ]
    torch._foreach_copy_([*averaged, *places[len(learning) :]], [*gradients, numbers, *padded])
    ranks.add_up(flat)
    flat[: ends[len(learning) + 1]] /= ranks.count
    for weight, gradient in zip(learning, averaged, strict=True):
        weight.grad = gradient
    numbers, *gathered = places[len(learning) :]
    return dict(zip(values, numbers, strict=True)), gathered


def _padded(ranks: Ranks, part: Tensor) -> Tensor:
    """Returns the rows of a rank (N,) among zeros in place of the others', (ranks * N,)."""
    padded = part.new_zeros(ranks.count, len(part))
    padded[ranks.own] = part
    return padded.flatten()
