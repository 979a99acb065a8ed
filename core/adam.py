"""Adam over candidates, some of which are given up on the way."""

from __future__ import annotations

import torch
from torch import Tensor

BETAS = 0.9, 0.99
EPSILON = 1e-8


class Adam:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980) over `numbers` (N, rows, n), which it changes in place.

    torch's own keeps its state by parameter, which neither loses candidates nor gains rows.
    """

    def __init__(self, numbers: Tensor) -> None:
        self.numbers = numbers.clone()
        self._mean, self._square = torch.zeros_like(numbers), torch.zeros_like(numbers)
        self._steps = 0

    def step(self, gradient: Tensor, rate: float) -> None:
        self._steps += 1
        self._mean.lerp_(gradient, 1 - BETAS[0])
        self._square.lerp_(gradient.square(), 1 - BETAS[1])
        mean, square = self._mean / (1 - BETAS[0] ** self._steps), self._square / (1 - BETAS[1] ** self._steps)
        self.numbers.sub_(rate * mean / (square.sqrt() + EPSILON))

    def keep(self, candidates: Tensor) -> None:
        """Only these, by their numbers (n,), in that order."""
        self.numbers, self._mean, self._square = (
            values[candidates] for values in (self.numbers, self._mean, self._square)
        )

    def spread(self, rows: int) -> None:
        """The one row of each candidate becomes so many equal ones, which go on separately."""
        self.numbers, self._mean, self._square = (
            values.repeat(1, rows, 1) for values in (self.numbers, self._mean, self._square)
        )
