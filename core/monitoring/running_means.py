"""Running means over steps, accumulated on the device and read once a report."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class RunningMeans:
    """Adds numbers up where they were computed; only `peek` and `take` wait for the device.

    Their count is added up there, too: a step that is replayed runs no Python.
    """

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._totals = torch.zeros(1)

    def add(self, values: Mapping[str, Tensor]) -> None:
        """One step's numbers, each a tensor of no dimensions. Other names than before begin anew."""
        row = torch.stack([value.detach().float() for value in values.values()])
        if tuple(values) != self._names:
            self._names, self._totals = tuple(values), torch.zeros(len(row) + 1, device=row.device)
        self._totals[:-1] += row
        self._totals[-1:] += 1.0

    def peek(self) -> dict[str, float]:
        """The means since the last `take`; none where nothing was added since."""
        *totals, count = self._totals.tolist()
        return {name: total / count for name, total in zip(self._names, totals, strict=True)} if count else {}

    def take(self) -> dict[str, float]:
        """The means since the last call, which begins the next."""
        means = self.peek()
        self._totals.zero_()
        return means
