"""Batches of inputs and of targets, for a dataset that holds both."""

from __future__ import annotations

import torch
from torch import Tensor

from core.data.batches import Batches
from core.data.dataset import Dataset
from core.data.sides.two_sides import TwoSides, only


class SidedBatches:
    """Endless batches of the two sides of a dataset, as `Batches`.

    Pairs have the same order and are mirrored alike. Sides that do not belong together are shuffled apart. `epoch` and
    `index` are those of the targets, and the whole state: the position among the inputs follows from the number of
    batches before it.
    """

    def __init__(
        self,
        dataset: Dataset,
        sides: TwoSides,
        batch: int,
        mirror: bool,
        seed: int,
        device: torch.device,
        in_place: bool = False,
        rows: slice = slice(None),
    ) -> None:
        """Opens both sides. Raises `UserError` if the batch is larger than one of them."""
        self.epoch, self.index, self.batch, self.mirror = 0, 0, batch, mirror
        self._are_pairs = sides.are_pairs
        self._counts = len(sides.inputs), len(sides.targets)
        self._targets = Batches(only(dataset, sides.targets), batch, mirror, seed, device, in_place, rows)
        apart = seed if sides.are_pairs else seed + 1
        self._inputs = Batches(only(dataset, sides.inputs), batch, mirror, apart, device, in_place, rows)

    def stage(self, count: int) -> None:
        """Fetches the next `count` batches of both sides, as `Batches.stage`."""
        self._targets.mirror = self._inputs.mirror = self.mirror
        self._targets.epoch, self._targets.index = self.epoch, self.index
        self._inputs.epoch, self._inputs.index = self._position_of_inputs()
        self._targets.stage(count)
        self._inputs.stage(count)
        self.epoch, self.index = self._targets.epoch, self._targets.index

    def staged(self, number: int) -> tuple[Tensor, Tensor]:
        """Returns a staged batch: inputs and targets, float32 NCHW in [-1, 1]."""
        return self._inputs.staged(number)[0], self._targets.staged(number)[0]

    def close(self) -> None:
        """Stops the threads that read ahead; the next batch would start others."""
        self._targets.close()
        self._inputs.close()

    def _position_of_inputs(self) -> tuple[int, int]:
        if self._are_pairs:
            return self.epoch, self.index
        inputs, targets = (count // self.batch for count in self._counts)
        epoch, batches = divmod(self.epoch * targets + self.index // self.batch, inputs)
        return epoch, batches * self.batch
