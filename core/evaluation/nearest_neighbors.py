"""Nearest neighbors of generated images among the training images, which reveal memorization."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.errors import UserError
from core.events import Images, Progress
from core.language import _

LONGEST = 32
"""Longest side of the compared images, in pixels."""
SPARE = 8
"""Extra candidates: float32 sums may order near ones wrongly, so distances are computed again exactly."""
_AT_ONCE = 2**21  # bytes of pixels: some milliseconds of work, and a few times as much memory
_MIDDLE = 127.5

MOST_REALS = 256
"""Most real images whose distances are compared with those of generated ones."""

Floats = NDArray[np.float32]
RowNumbers = NDArray[np.int64]
NO_ROWS: RowNumbers = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The k nearest images for each of n images, the nearest first.

    `rows` (n, k): rows of the dataset. `distances` (n, k): root mean square difference of the bytes, from 0 to 255.
    `flipped` (n, k): whether the mirror image is nearer. `images` (n, k, H, W, C): as in the dataset.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float64]
    flipped: NDArray[np.bool_]
    images: Images


@dataclass(frozen=True, eq=False)
class NeighborDistances:
    """Distances to the nearest training image: of `generated` images, and of `real` ones.

    The real ones are held-out images (`held_out`), or else training images, each without itself.
    """

    generated: NDArray[np.float64]
    real: NDArray[np.float64]
    held_out: bool


@dataclass(frozen=True)
class ComparisonSpace:
    """Space in which images are compared.

    `values`: maps uint8 images NCHW to numbers (n, numbers), whose root mean square differences are the distances.
    `text`: description of the distance for people.
    """

    name: str
    text: str
    values: Callable[[NDArray[np.uint8]], Floats]


def nearest(
    images: Images, dataset: Dataset, k: int, space: ComparisonSpace | None = None, held: RowNumbers = NO_ROWS
) -> Generator[Progress, None, Neighbors]:
    """Searches the dataset for the k images nearest to each image, uint8 NHWC, or to its mirror image.

    `space`: `PIXELS` by default. `held`: held-out rows, which are skipped. The dataset is read once, in constant
    memory. Yields `Progress` and returns `Neighbors`, fewer than k if there are no more. Raises `UserError` for points,
    and for images whose size or channels differ from the dataset's.
    """
    _check(images, dataset)
    space = space or PIXELS
    planes = images.transpose(0, 3, 1, 2)
    found = yield from _candidates(planes, dataset, k + SPARE, space, held)
    return _exact(planes, found, dataset, k, space)


def neighbor_distances(
    images: Images, dataset: Dataset, space: ComparisonSpace | None = None, held: RowNumbers = NO_ROWS, seed: int = 0
) -> Generator[Progress, None, NeighborDistances]:
    """Computes the distances of generated images, uint8 NHWC, and of real images to the nearest training image.

    The real images are held-out ones, or training images if none are held out; up to 256 are drawn by the seed.
    Memorized images are much nearer than real ones. Yields `Progress` and returns `NeighborDistances`. Raises as
    `nearest`.
    """
    _check(images, dataset)
    space = space or PIXELS
    count, total = len(images), len(dataset.images)
    pool = held if len(held) else np.arange(total if total > 1 else 0)  # an only image has no other
    drawn = np.sort(np.random.default_rng(seed).permutation(pool)[:MOST_REALS])
    planes = np.concatenate([images.transpose(0, 3, 1, 2), np.asarray(dataset.images[drawn])])
    own = np.concatenate([np.full(len(images), -1), drawn])
    found = yield from _candidates(planes, dataset, 1 + SPARE, space, held, own)
    distances = np.array([_exact_of(*each, dataset, space)[1][0] for each in zip(planes, found, strict=True)])
    return NeighborDistances(distances[:count], distances[count:], bool(len(held)))


def _check(images: Images, dataset: Dataset) -> None:
    if dataset.points:
        raise UserError(_("Points have no nearest images."), _("Open a dataset of images."))
    if images.shape[1:] != _last(dataset.images.shape[1:]):
        raise UserError(
            _("The images are {size}, those of the dataset {dataset_size}.").format(
                size="x".join(map(str, images.shape[1:])),
                dataset_size="x".join(map(str, _last(dataset.images.shape[1:]))),
            ),
            _("Open the dataset that the generator was trained on, with the same preparation."),
        )


def _candidates(
    planes: Images, dataset: Dataset, most: int, space: ComparisonSpace, held: RowNumbers, own: RowNumbers | None = None
) -> Generator[Progress, None, RowNumbers]:
    """Returns the rows (n, up to `most`) nearest to images or to their mirror images; -1 for missing ones.

    `own`: row of each image in the dataset, which is skipped for it; -1 for none.
    """
    total, count = len(dataset.images), len(planes)
    wanted = np.concatenate([space.values(planes), space.values(planes[..., ::-1])])
    rows, squares = np.zeros((count, 0), np.int64), np.zeros((count, 0), np.float32)
    step = max(_AT_ONCE * total // max(dataset.images.nbytes, 1), 1)
    norms = np.square(wanted).sum(1)[:, None]
    for start in range(0, total, step):
        yield Progress(_("Comparing with the training images"), start, total)
        values = space.values(np.asarray(dataset.images[start : start + step]))
        both = norms + np.square(values).sum(1) - 2 * (wanted @ values.T)
        near = np.minimum(both[:count], both[count:])
        here = np.arange(start, start + len(values))
        near[:, np.isin(here, held)] = np.inf
        if own is not None:
            near[own[:, None] == here] = np.inf
        rows = np.concatenate([rows, np.broadcast_to(here, near.shape)], 1)
        squares = np.concatenate([squares, near], 1)
        if rows.shape[1] > most:
            kept = np.argpartition(squares, most - 1, axis=1)[:, :most]
            rows, squares = np.take_along_axis(rows, kept, 1), np.take_along_axis(squares, kept, 1)
    return np.where(np.isfinite(squares), rows, -1)


def _exact(planes: Images, rows: RowNumbers, dataset: Dataset, k: int, space: ComparisonSpace) -> Neighbors:
    """Returns the k nearest of a few candidates in order, by exact distances."""
    each = [_exact_of(image, candidates, dataset, space) for image, candidates in zip(planes, rows, strict=True)]
    found = np.stack([these[:k] for these, _, _ in each])
    distances = np.stack([away[:k] for _, away, _ in each])
    flipped = np.stack([mirrored[:k] for _, _, mirrored in each])
    images = np.stack([np.asarray(dataset.images[these]).transpose(0, 2, 3, 1) for these in found])
    return Neighbors(found, distances, flipped, np.ascontiguousarray(images))


def _exact_of(
    image: Images, candidates: RowNumbers, dataset: Dataset, space: ComparisonSpace
) -> tuple[RowNumbers, NDArray[np.float64], NDArray[np.bool_]]:
    """Returns rows, distances and mirroring of an image's candidates, the nearest first."""
    candidates = np.sort(candidates[candidates >= 0])
    values = space.values(np.asarray(dataset.images[candidates])).astype(np.float64)
    both = [np.sqrt(np.square(values - space.values(one[None])).mean(1)) for one in (image, image[..., ::-1])]
    order = np.argsort(np.minimum(*both), kind="stable")
    return candidates[order], np.minimum(*both)[order], (both[1] < both[0])[order]


def _shrunk(planes: NDArray[np.uint8]) -> Floats:
    """Shrinks images NCHW to (N, numbers), centered on 0."""
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
    """Sums squares of `factor` x `factor` pixels exactly, (N, C, H / factor, W / factor).

    Sums of slices take a sixth of the time of pooling functions.
    """
    tall: NDArray[np.unsignedinteger] = planes[:, :, ::factor].astype(np.uint32 if factor > 16 else np.uint16)
    for row in range(1, factor):
        np.add(tall, planes[:, :, row::factor], out=tall)
    sums = tall[..., ::factor].copy()
    for column in range(1, factor):
        np.add(sums, tall[..., column::factor], out=sums)
    return sums


def _last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Moves the channels of a shape (C, H, W) to the end."""
    return (*shape[1:], shape[0])


PIXELS = ComparisonSpace("pixels", _("the root mean square of its pixels' differences (0 to 255)"), _shrunk)
"""Comparison by pixels of images shrunk to at most 32 px, so that small shifts and noise count for less."""
