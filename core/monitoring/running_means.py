"""Running means over steps, accumulated on the device and read once a report."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class RunningMeans:
    """Adds numbers up where they were computed; only `take` waits for the device."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._totals = torch.zeros(0)
        self.count = 0

    def add(self, values: Mapping[str, Tensor]) -> None:
        """One step's numbers, each a tensor of no dimensions. Other names than before begin anew."""
        row = torch.stack([value.detach().float() for value in values.values()])
        if tuple(values) != self._names:
            self._names, self._totals, self.count = tuple(values), torch.zeros_like(row), 0
        self._totals += row
        self.count += 1

    def peek(self) -> dict[str, float]:
        """The means since the last `take`."""
        return dict(zip(self._names, (self._totals / max(self.count, 1)).tolist(), strict=True))

    def take(self) -> dict[str, float]:
        """The means since the last call, which begins the next."""
        means = self.peek()
        self._totals.zero_()
        self.count = 0
        return means
