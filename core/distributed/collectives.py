"""Operations on the batch of all ranks, for networks, losses and augmentation.

Within a step of several ranks each of them holds its rows of one batch, in order. The objective of a rank is the mean
over its rows, and gradients are averaged, so that the ranks follow the gradient of the mean over the whole batch.
Elsewhere every function here is the operation on the rows at hand: samples, probes and evaluations do not communicate.

All are differentiable any number of times: the gradient of a sum over ranks is the sum of the ranks' gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

from core.distributed.ranks import Ranks

_RANKS: ContextVar[Ranks | None] = ContextVar("ranks", default=None)
"""Ranks that share the step which this thread runs."""


@contextmanager
def shared(ranks: Ranks) -> Iterator[None]:
    """Context of a step that ranks run together; without others it changes nothing."""
    token = _RANKS.set(ranks if ranks.several else None)
    try:
        yield
    finally:
        _RANKS.reset(token)


def is_shared() -> bool:
    """Returns whether this thread runs a step together with other ranks."""
    return _RANKS.get() is not None


def total(x: Tensor) -> Tensor:
    """Returns the sum of a tensor over all ranks."""
    ranks = _RANKS.get()
    return x if ranks is None else _total(x, ranks)


def mean(x: Tensor) -> Tensor:
    """Returns the mean of all numbers of a tensor, of which all ranks have equally many: a scalar."""
    ranks = _RANKS.get()
    return x.mean() if ranks is None else _total(x.mean(), ranks) / ranks.count


def gathered(x: Tensor) -> Tensor:
    """Returns the rows (N, ...) of all ranks in order, (ranks * N, ...)."""
    ranks = _RANKS.get()
    if ranks is None:
        return x
    before, after = ranks.own * len(x), (ranks.count - ranks.own - 1) * len(x)
    # Zeros in place of the others' rows: the sum is exact.
    return _total(torch.cat([x.new_zeros(before, *x.shape[1:]), x, x.new_zeros(after, *x.shape[1:])]), ranks)


def own(x: Tensor, dim: int = 0) -> Tensor:
    """Returns the rows of this rank from a tensor with those of all ranks in the dimension `dim`."""
    ranks = _RANKS.get()
    return x if ranks is None else x.chunk(ranks.count, dim)[ranks.own]


def own_rows(draw: Callable[[int], Tensor], count: int, dim: int = 0) -> Tensor:
    """Draws random numbers for the rows of all ranks, and returns those for the `count` rows of this one.

    `draw`: returns a tensor whose dimension `dim` has the number of rows that it is given. Every rank draws the numbers
    of all, so that random generators have the same state in all ranks before and after.
    """
    ranks = _RANKS.get()
    return draw(count) if ranks is None else own(draw(count * ranks.count), dim)


def as_tall(x: Tensor, count: int) -> Tensor:
    """Returns an uninitialized tensor (count, ...) with the memory layout of a dense tensor x (N, ...)."""
    return x.new_empty_strided((count, *x.shape[1:]), x.stride())


def _total(x: Tensor, ranks: Ranks) -> Tensor:
    found: Tensor = _Total.apply(x, ranks)
    return found


class _Total(torch.autograd.Function):
    """The sum over ranks, whose backward pass is itself."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, ranks: Ranks) -> Tensor:
        ctx.ranks = ranks
        return ranks.add_up(x.detach().clone(memory_format=torch.contiguous_format))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _total(gradient, ctx.ranks), None
