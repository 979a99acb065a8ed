"""Batches of normalized images on the device, read from the uint8 cache.

`stage` does all that needs the host: it reads what has to be read, and puts the rows' numbers, and images that are not
on the device yet, where `staged` finds them. What `staged` does then is arithmetic on the device alone, on tensors that
keep their place, so that a step can be recorded once and replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.concurrency import Prefetcher
from core.data.cache.row_reader import RowReader
from core.data.dataset import Dataset, Pixels
from core.data.names import quoted
from core.devices.memory import free_memory, left_out_if_full
from core.errors import UserError
from core.imaging.tensors import from_pixels

RESIDENT_SHARE = 0.25
"""A dataset moves to the GPU as a whole while it takes no more than this part of the free memory."""
PINNING = ("cuda", "xpu")
"""Kinds of devices to which pinned memory is copied without waiting."""
MOVED_AT_ONCE = 2**28
"""Bytes that pass through main memory at a time on the way there."""


@dataclass(frozen=True)
class BatchPosition:
    """Where a batch begins: the number of its epoch, and of its first image within that epoch."""

    epoch: int
    index: int


class RawBatch(NamedTuple):
    """A batch's rows (N,), int64; which of them are mirrored, (N,), bool; and images, not normalized, unless they are
    on the device."""

    rows: Tensor
    flips: Tensor
    images: Tensor | None = None


class Batches:
    """Endless batches without replacement, reshuffled every epoch.

    Order and mirroring of an epoch depend only on `seed` and the epoch's number, so `epoch` and `index` (the next
    image within the epoch) are the whole state: set them to continue where another object stopped.

    A dataset that fits stays on the GPU. Any other is read from its file by a thread, some batches ahead: the next one
    is there when it is wanted, also where main memory cannot hold the dataset.
    """

    def __init__(
        self, dataset: Dataset, batch: int, mirror: bool, seed: int, device: torch.device, in_place: bool = False
    ) -> None:
        """`in_place`: staged tensors keep their place on a CPU as well, at the price of a copy."""
        refuse_large_batch(batch, len(dataset.images))
        self._in_place = in_place or device.type != "cpu"
        self.batch, self.mirror, self.seed, self.device = batch, mirror, seed, device
        self.epoch, self.index = 0, 0
        self._title = dataset.title
        labels = torch.zeros(len(dataset.images), dtype=torch.int64)
        if dataset.labels is not None:
            labels = torch.from_numpy(np.array(dataset.labels))
        self._labels = labels.to(device)
        self._staged: list[RawBatch] = []
        self._resident = _resident(dataset.images, device)
        stored = RowReader.of(dataset.images)
        self._ahead: Prefetcher[BatchPosition, RawBatch] | None = None
        self._choose: Callable[[BatchPosition], RawBatch]
        if self._resident is not None:
            self._order = _Order(len(dataset.images), batch, seed, device)
            self._choose = partial(_from_device, self._order)
        else:
            self._order = _Order(len(dataset.images), batch, seed)
            if stored:
                self._ahead = Prefetcher(partial(_from_file, self._order, stored, device.type), self._order.after)
                self._choose = self._ahead.take
            else:
                self._choose = partial(_from_memory, self._order, dataset.images)

    def stage(self, count: int) -> None:
        """Fetches the next `count` batches, which replace those before.

        Raises `UserError` when the images cannot be read any more; the next call tries the same batches again.
        """
        position, found = BatchPosition(self.epoch, self.index), []
        for _ in range(count):
            position = self._order.begin(position.epoch, position.index)
            try:
                found.append(self._choose(position))
            except OSError as error:
                raise unreadable(self._title, error) from error
            position = BatchPosition(position.epoch, position.index + self.batch)
        if not self._in_place:
            self._staged = found
        else:
            self._staged += [_like(raw, self.device) for raw in found[len(self._staged) :]]
            for mine, raw in zip(self._staged, found, strict=False):
                _copy(raw, mine)
        self.epoch, self.index = position.epoch, position.index

    def staged(self, number: int) -> tuple[Tensor, Tensor]:
        """One of the staged batches: images, float32 NCHW in [-1, 1], and their labels, int64 (N,), 0 if none."""
        rows, flips, images = self._staged[number]
        if images is None:
            assert self._resident is not None
            images = self._resident[rows]
        images = from_pixels(images)
        if self.mirror:
            images = torch.where(flips[:, None, None, None], images.flip(3), images)
        return images, self._labels[rows]

    def next(self) -> tuple[Tensor, Tensor]:
        """The next batch, as `stage` and `staged` in one."""
        self.stage(1)
        return self.staged(0)

    def close(self) -> None:
        """Ends the thread that reads ahead; the next batch would start another."""
        if self._ahead:
            self._ahead.close()


class _Order:
    """The order of every epoch, on a device, and where its batches begin. Used by one thread at a time."""

    def __init__(self, count: int, batch: int, seed: int, device: torch.device | None = None) -> None:
        self._count, self._batch, self._seed, self._device = count, batch, seed, device
        self._shuffled = -1

    def begin(self, epoch: int, index: int) -> BatchPosition:
        """Where the next batch begins: a remainder that is no whole batch is left out."""
        return BatchPosition(epoch, index) if index + self._batch <= self._count else BatchPosition(epoch + 1, 0)

    def after(self, position: BatchPosition) -> BatchPosition:
        return self.begin(position.epoch, position.index + self._batch)

    def at(self, position: BatchPosition) -> tuple[Tensor, Tensor]:
        """The rows of the batch that begins there, and which of them are to be mirrored."""
        if self._shuffled != position.epoch:
            random = torch.Generator().manual_seed(self._seed * 1_000_003 + position.epoch)
            rows = torch.randperm(self._count, generator=random)
            flips = torch.rand(self._count, generator=random) < 0.5
            self._rows, self._flips = rows.to(self._device), flips.to(self._device)
            self._shuffled = position.epoch
        chosen = slice(position.index, position.index + self._batch)
        return self._rows[chosen], self._flips[chosen]


def _from_device(order: _Order, position: BatchPosition) -> RawBatch:
    return RawBatch(*order.at(position))


def _from_memory(order: _Order, images: Pixels, position: BatchPosition) -> RawBatch:
    rows, flips = order.at(position)
    return RawBatch(rows, flips, torch.from_numpy(images[rows.numpy()]))


def _from_file(order: _Order, stored: RowReader, kind: str, position: BatchPosition) -> RawBatch:
    rows, flips = order.at(position)
    # From pinned memory the copy to the device goes on beside everything else.
    images = torch.empty(len(rows), *stored.array.shape[1:], dtype=torch.uint8, pin_memory=kind in PINNING)
    if kind in PINNING:
        rows, flips = rows.pin_memory(), flips.pin_memory()
    stored.read(rows.numpy(), images.numpy())
    return RawBatch(rows, flips, images)


def _like(raw: RawBatch, device: torch.device) -> RawBatch:
    images = None if raw.images is None else torch.empty_like(raw.images, device=device)
    return RawBatch(torch.empty_like(raw.rows, device=device), torch.empty_like(raw.flips, device=device), images)


def _copy(raw: RawBatch, into: RawBatch) -> None:
    for ours, theirs in zip(into, raw, strict=True):
        if ours is not None and theirs is not None:
            ours.copy_(theirs, non_blocking=ours.device.type in PINNING)


def _resident(images: Pixels, device: torch.device) -> Tensor | None:
    """All of the images on a GPU, if there is memory to spare for them."""
    if device.type != "cpu" and images.nbytes <= RESIDENT_SHARE * free_memory(device):
        with left_out_if_full(device):  # what is free may be in pieces
            return moved(images, device)
    return None


def moved(images: Pixels, device: torch.device) -> Tensor:
    """All of the images on the device; main memory need not hold them all."""
    first = np.array(images[:1])
    moved = torch.empty(images.shape, dtype=torch.from_numpy(first).dtype, device=device)
    step = max(MOVED_AT_ONCE // first.nbytes, 1)
    for start in range(0, len(images), step):
        moved[start : start + step] = torch.from_numpy(np.array(images[start : start + step]))
    return moved


def unreadable(title: str, error: OSError) -> UserError:
    """For a disk that fails while a training runs."""
    return UserError(
        f"The prepared images of {quoted(title)} cannot be read any more.",
        "Check the disk of the cache, then open the images again and continue from the last checkpoint.",
        str(error),
    )


def refuse_large_batch(batch: int, count: int) -> None:
    """Raises `UserError` for a batch that is larger than the dataset."""
    if batch > count:
        raise UserError(
            f"A batch of {batch} images is larger than the dataset of {count}.",
            f"Choose a batch of at most {count}, or add images.",
        )
