"""Batches of normalized images on the device, read from the uint8 cache.

`stage` does all work of the host: it reads images, and copies row numbers and images to tensors on the device. `staged`
is arithmetic on the device alone, on tensors that keep their addresses, so that a step can be recorded once as a CUDA
graph and replayed.
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
from core.language import _, number

RESIDENT_SHARE = 0.25
"""Fraction of the free GPU memory up to which a dataset is kept on the GPU as a whole."""
PINNING = ("cuda", "xpu")
"""Device types with asynchronous copies from pinned memory."""
MOVED_AT_ONCE = 2**28
"""Bytes copied to the device at a time."""


@dataclass(frozen=True)
class BatchPosition:
    """Start of a batch: number of the epoch, and index of the first image within the epoch."""

    epoch: int
    index: int


class RawBatch(NamedTuple):
    """Batch before normalization: rows (N,), int64; `flips` (N,), bool: mirrored ones; uint8 images.

    `images` is None if the dataset is on the device.
    """

    rows: Tensor
    flips: Tensor
    images: Tensor | None = None


class Batches:
    """Endless batches without replacement, reshuffled every epoch.

    Order and mirroring of an epoch depend only on `seed` and the number of the epoch, so `epoch` and `index` (the next
    image within the epoch) are the whole state: set them to continue where another object stopped.

    A dataset that fits stays on the GPU. Otherwise a thread reads it from its file, some batches ahead, so that main
    memory need not hold it.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch: int,
        mirror: bool,
        seed: int,
        device: torch.device,
        in_place: bool = False,
        rows: slice = slice(None),
    ) -> None:
        """Opens the dataset. `in_place`: staged tensors keep their addresses on a CPU too, at the cost of a copy.
        `rows`: those of each batch that are fetched; positions count whole batches.

        Raises `UserError` if the batch is larger than the dataset.
        """
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
            self._order = _Order(len(dataset.images), batch, seed, rows, device)
            self._choose = partial(_from_device, self._order)
        else:
            self._order = _Order(len(dataset.images), batch, seed, rows)
            if stored:
                self._ahead = Prefetcher(partial(_from_file, self._order, stored, device.type), self._order.after)
                self._choose = self._ahead.take
            else:
                self._choose = partial(_from_memory, self._order, dataset.images)

    def stage(self, count: int) -> None:
        """Fetches the next `count` batches, which replace the staged ones.

        Raises `UserError` if the images can no longer be read; the next call tries the same batches again.
        """
        position, found = BatchPosition(self.epoch, self.index), []
        for _index in range(count):
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
        """Returns a staged batch: images, float32 NCHW in [-1, 1], and labels, int64 (N,), 0 if there are none."""
        rows, flips, images = self._staged[number]
        if images is None:
            assert self._resident is not None
            images = self._resident[rows]
        images = from_pixels(images)
        if self.mirror:
            images = torch.where(flips[:, None, None, None], images.flip(3), images)
        return images, self._labels[rows]

    def next(self) -> tuple[Tensor, Tensor]:
        """Stages and returns the next batch."""
        self.stage(1)
        return self.staged(0)

    def close(self) -> None:
        """Stops the thread that reads ahead; the next batch would start another."""
        if self._ahead:
            self._ahead.close()


class _Order:
    """Shuffled order of every epoch, on a device, and starts of its batches. Used by one thread at a time."""

    def __init__(self, count: int, batch: int, seed: int, part: slice, device: torch.device | None = None) -> None:
        self._count, self._batch, self._seed, self._part, self._device = count, batch, seed, part, device
        self._shuffled = -1

    def begin(self, epoch: int, index: int) -> BatchPosition:
        """Returns the start of the next batch; an incomplete batch at the end of an epoch is dropped."""
        return BatchPosition(epoch, index) if index + self._batch <= self._count else BatchPosition(epoch + 1, 0)

    def after(self, position: BatchPosition) -> BatchPosition:
        """Returns the start of the batch that follows."""
        return self.begin(position.epoch, position.index + self._batch)

    def at(self, position: BatchPosition) -> tuple[Tensor, Tensor]:
        """Returns the rows of the batch that starts there, and which of them to mirror."""
        if self._shuffled != position.epoch:
            random = torch.Generator().manual_seed(self._seed * 1_000_003 + position.epoch)
            rows = torch.randperm(self._count, generator=random)
            flips = torch.rand(self._count, generator=random) < 0.5
            self._rows, self._flips = rows.to(self._device), flips.to(self._device)
            self._shuffled = position.epoch
        chosen = slice(position.index, position.index + self._batch)
        return self._rows[chosen][self._part], self._flips[chosen][self._part]


def _from_device(order: _Order, position: BatchPosition) -> RawBatch:
    return RawBatch(*order.at(position))


def _from_memory(order: _Order, images: Pixels, position: BatchPosition) -> RawBatch:
    rows, flips = order.at(position)
    return RawBatch(rows, flips, torch.from_numpy(images[rows.numpy()]))


def _from_file(order: _Order, stored: RowReader, kind: str, position: BatchPosition) -> RawBatch:
    rows, flips = order.at(position)
    # Copies from pinned memory are asynchronous.
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
    """Returns all images on the GPU if they fit, else None."""
    if device.type != "cpu" and images.nbytes <= RESIDENT_SHARE * free_memory(device):
        with left_out_if_full(device):  # free memory may be fragmented
            return moved(images, device)
    return None


def moved(images: Pixels, device: torch.device) -> Tensor:
    """Returns all images on the device, copied in chunks, so that main memory need not hold them all."""
    first = np.array(images[:1])
    moved = torch.empty(images.shape, dtype=torch.from_numpy(first).dtype, device=device)
    step = max(MOVED_AT_ONCE // first.nbytes, 1)
    for start in range(0, len(images), step):
        moved[start : start + step] = torch.from_numpy(np.array(images[start : start + step]))
    return moved


def unreadable(title: str, error: OSError) -> UserError:
    """Returns the error for a disk that fails during a training."""
    return UserError(
        _("The prepared images of {name} can no longer be read.").format(name=quoted(title)),
        _("Check the disk of the cache, open the images again, and continue from the last checkpoint."),
        str(error),
    )


def refuse_large_batch(batch: int, count: int) -> None:
    """Raises `UserError` for a batch that is larger than the dataset."""
    if batch > count:
        raise UserError(
            _("The batch size {batch} is larger than the number of images, {count}.").format(
                batch=number(batch), count=number(count)
            ),
            _("Set the batch size to {count} or less, or add images.").format(count=number(count)),
        )
