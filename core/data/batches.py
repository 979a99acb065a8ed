"""From the uint8 cache to normalised batches on the device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.data import Dataset
from core.data.dataset import Pixels
from core.devices import free_memory
from core.errors import Problem

RESIDENT_SHARE = 0.25
"""A dataset moves to the GPU as a whole while it takes no more than this part of the free memory."""


class Batches:
    """Endless batches without replacement, reshuffled every epoch.

    Order and mirroring of an epoch depend only on `seed` and the epoch's number, so `epoch` and `index` (the next
    image within the epoch) are the whole state: set them to continue where another object stopped.
    """

    def __init__(self, dataset: Dataset, batch: int, mirror: bool, seed: int, device: torch.device) -> None:
        refuse_large_batch(batch, len(dataset.images))
        self.batch, self.mirror, self.seed, self.device = batch, mirror, seed, device
        self.epoch, self.index = 0, 0
        self._images = dataset.images
        self._labels = torch.zeros(len(dataset.images), dtype=torch.int64)
        if dataset.labels is not None:
            self._labels = torch.from_numpy(np.array(dataset.labels))
        self._resident = self._move(dataset.images) if device.type != "cpu" else None
        self._shuffled_epoch = -1

    def next(self) -> tuple[Tensor, Tensor]:
        """The next batch on the device: images, float32 NCHW in [-1, 1], and their labels, int64 (N,), 0 if none."""
        if self.index + self.batch > len(self._images):
            self.epoch, self.index = self.epoch + 1, 0
        if self._shuffled_epoch != self.epoch:
            self._shuffle()
        chosen = slice(self.index, self.index + self.batch)
        self.index += self.batch
        rows = self._order[chosen]
        images = self._read(rows)
        if images.dtype == torch.uint8:  # points are numbers already
            images = images.to(torch.float32).div_(127.5).sub_(1.0)
        if self.mirror:
            flip = self._flips[chosen].to(self.device)[:, None, None, None]
            images = torch.where(flip, images.flip(3), images)
        return images, self._labels[rows].to(self.device)

    def _shuffle(self) -> None:
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        self._order = torch.randperm(len(self._images), generator=random)
        self._flips = torch.rand(len(self._images), generator=random) < 0.5
        self._shuffled_epoch = self.epoch

    def _read(self, rows: Tensor) -> Tensor:
        if self._resident is not None:
            return self._resident[rows.to(self.device)]
        pixels = torch.from_numpy(np.ascontiguousarray(self._images[rows.numpy()]))
        if self.device.type == "cuda":
            return pixels.pin_memory().to(self.device, non_blocking=True)
        return pixels.to(self.device)

    def _move(self, images: Pixels) -> Tensor | None:
        free = free_memory(self.device)
        if free is not None and images.nbytes > RESIDENT_SHARE * free:
            return None
        return torch.from_numpy(np.array(images)).to(self.device)


def refuse_large_batch(batch: int, count: int) -> None:
    """Raises `Problem` for a batch that is larger than the dataset."""
    if batch > count:
        raise Problem(
            f"A batch of {batch} images is larger than the dataset of {count}.",
            f"Choose a batch of at most {count}, or add images.",
        )
