"""Running means over steps, accumulated on the device and read once per report."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class RunningMeans:
    """Sums numbers, and their count, on the device; only `peek` and `take` wait for it.

    The count is kept there as well, because a replayed step runs no Python.
    """

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._totals = torch.zeros(1)

    def add(self, values: Mapping[str, Tensor]) -> None:
        """Adds one step's numbers, scalar tensors. Other names than before reset the means."""
        row = torch.stack([value.detach().float() for value in values.values()])
        if tuple(values) != self._names:
            self._names, self._totals = tuple(values), torch.zeros(len(row) + 1, device=row.device)
        self._totals[:-1] += row
        self._totals[-1:] += 1.0

    def peek(self) -> dict[str, float]:
        """Returns the means since the last `take`; none if nothing was added."""
        *totals, count = self._totals.tolist()
        return {name: total / count for name, total in zip(self._names, totals, strict=True)} if count else {}

    def take(self) -> dict[str, float]:
        """Returns the means since the last call, and resets them."""
        means = self.peek()
        self._totals.zero_()
        return means
