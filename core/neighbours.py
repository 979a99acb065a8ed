"""The training images that are nearest to generated ones, so that what was memorised is seen."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.errors import Problem
from core.events import Event, Images, Progress

LONGEST = 32
"""Sides that are compared are at most so long, in pixels."""
SPARE = 8
"""Candidates beyond those that are wanted: sums in float32 may order near ones wrongly, and are made again exactly."""
_AT_ONCE = 2**21  # bytes of pixels: some milliseconds of work, and a few times as much memory
_MIDDLE = 127.5

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Neighbours(Event):
    """For each of n images the k nearest, the nearest first.

    `rows` (n, k): which of the dataset's images they are; `distances` (n, k): root mean square of the differences of
    their bytes, from 0 to 255; `flipped` (n, k): whether they are nearer when mirrored left to right; `images`
    (n, k, H, W, C): as they are in the dataset.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float64]
    flipped: NDArray[np.bool_]
    images: Images


def nearest(images: Images, dataset: Dataset, k: int) -> Generator[Progress | Neighbours, None, None]:
    """Looks through the dataset for what is nearest to images, uint8 NHWC, or to their mirror images.

    Compared is the root mean square difference of pixels, at sizes above 32 px after shrinking to at most 32 px by the
    mean of squares of pixels: a shift by one pixel, and noise, then count for less. All of the dataset is read once, in
    flat memory. Yields `Progress`, and `Neighbours` at the end, with fewer than k where there are no more. Raises
    `Problem` for points, and for images of another size or with other channels than the dataset's.
    """
    if dataset.points:
        raise Problem("Points have no nearest images.", "Open a dataset of images.")
    if images.shape[1:] != _last(dataset.images.shape[1:]):
        raise Problem(
            "The images are {}x{}x{}, and the dataset's are {}x{}x{}.".format(
                *images.shape[1:], *_last(dataset.images.shape[1:])
            ),
            "Open the dataset that the generator was trained on, prepared as it was then.",
        )
    planes = images.transpose(0, 3, 1, 2)
    wanted = np.concatenate([_shrunk(planes), _shrunk(planes[..., ::-1])])
    found = yield from _candidates(wanted, dataset, k + SPARE)
    yield _exact(planes, found, dataset, k)


def _candidates(wanted: Floats, dataset: Dataset, most: int) -> Generator[Progress, None, NDArray[np.int64]]:
    """Rows of the nearest, (n, up to `most`), of images and, behind them, their mirror images (2n, numbers)."""
    total, count = len(dataset.images), len(wanted) // 2
    rows, squares = np.zeros((count, 0), np.int64), np.zeros((count, 0), np.float32)
    step = max(_AT_ONCE * total // max(dataset.images.nbytes, 1), 1)
    own = np.square(wanted).sum(1)[:, None]
    for start in range(0, total, step):
        yield Progress("Comparing with the training images", start, total)
        values = _shrunk(np.asarray(dataset.images[start : start + step]))
        both = own + np.square(values).sum(1) - 2 * (wanted @ values.T)
        near = np.minimum(both[:count], both[count:])
        here = np.broadcast_to(np.arange(start, start + len(values)), near.shape)
        rows, squares = np.concatenate([rows, here], 1), np.concatenate([squares, near], 1)
        if rows.shape[1] > most:
            kept = np.argpartition(squares, most - 1, axis=1)[:, :most]
            rows, squares = np.take_along_axis(rows, kept, 1), np.take_along_axis(squares, kept, 1)
    return rows


def _exact(planes: Images, rows: NDArray[np.int64], dataset: Dataset, k: int) -> Neighbours:
    """The k nearest of a few, in order."""
    chosen, distances, flipped = [], [], []
    for image, candidates in zip(planes, rows, strict=True):
        candidates = np.sort(candidates)
        values = _shrunk(np.asarray(dataset.images[candidates])).astype(np.float64)
        both = [np.sqrt(np.square(values - _shrunk(one[None])).mean(1)) for one in (image, image[..., ::-1])]
        order = np.argsort(np.minimum(*both), kind="stable")[:k]
        chosen.append(candidates[order])
        distances.append(np.minimum(*both)[order])
        flipped.append((both[1] < both[0])[order])
    found = np.stack(chosen)
    images = np.stack([np.asarray(dataset.images[each]).transpose(0, 2, 3, 1) for each in found])
    return Neighbours(found, np.stack(distances), np.stack(flipped), np.ascontiguousarray(images))


def _shrunk(planes: NDArray[np.uint8]) -> Floats:
    """NCHW -> (N, numbers), with 0 in the middle of the bytes."""
    height, width = planes.shape[2:]
    common = gcd(height, width)
    divisors = (factor for factor in range(1, common + 1) if common % factor == 0)
    factor = next((factor for factor in divisors if max(height, width) <= LONGEST * factor), common)
    sums = _sums(planes, factor) if factor > 1 else planes
    values = sums.reshape(len(sums), -1).astype(np.float32)
    values /= factor * factor
    values -= _MIDDLE
    return values


def _sums(planes: NDArray[np.uint8], factor: int) -> NDArray[np.unsignedinteger]:
    """Of squares of pixels, (N, C, H / factor, W / factor), exactly.

    By sums of slices, in a sixth of the time of any function that pools.
    """
    tall: NDArray[np.unsignedinteger] = planes[:, :, ::factor].astype(np.uint32 if factor > 16 else np.uint16)
    for row in range(1, factor):
        np.add(tall, planes[:, :, row::factor], out=tall)
    sums = tall[..., ::factor].copy()
    for column in range(1, factor):
        np.add(sums, tall[..., column::factor], out=sums)
    return sums


def _last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Channels, height and width with the channels last."""
    return (*shape[1:], shape[0])
