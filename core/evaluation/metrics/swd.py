"""Sliced Wasserstein distance of small image patches at several scales, without a network.

As in ProGAN: Laplacian pyramids down to 16 px, 128 patches of 7x7 px of each image and level, normalized by channel;
mean distance of their sorted projections on 512 random directions, x 1000; mean over the levels. Two things differ from
the paper's program. Both sets are normalized by their common mean and deviation, because separate ones would hide a
loss of contrast. And image k of either set is cut at the same places, so that the distance of equal sets is 0. It
measures texture, not content.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, pad

from core.evaluation.metrics import ImageSet, Work
from core.events import Images
from core.language import _

TITLE = "Sliced Wasserstein distance"
RANK = 5
PAPER = "Karras, Aila, Laine, Lehtinen 2018, Progressive growing of GANs, arXiv:1710.10196"
NUMBERS = {"swd": _("SWD")}
MEANINGS = {
    "swd": _(
        "Distance between small patches of both sets, coarse to fine: 0 for equal sets. It sees texture, not content."
    ),
}
HIGHER_IS_BETTER = False
NEEDS = ("images",)
KINDS = ("generation", "unpaired")

MOST_IMAGES = 1024
"""Most images of either set; the paper uses 16,384, whose patches take gigabytes."""
COARSEST = 16
PATCH, PATCHES = 7, 128
DIRECTIONS = 512
_AT_ONCE = 16  # directions
_PIXELS = 2**18  # of images that are cut in one piece

Floats = NDArray[np.float32]


def measure(fake: ImageSet, real: ImageSet) -> Work[dict[str, float]]:
    """Measures two sets of images of equal number and size."""
    assert fake.images is not None
    assert real.images is not None
    distances = []
    for level in range(levels(fake.images.shape[1], fake.images.shape[2])):
        ours, theirs = (yield from _patches(fake.images, level)), (yield from _patches(real.images, level))
        yield from _normalize(ours, theirs)
        distances.append((yield from _distance(ours, theirs)))
    return {"swd": 1000 * float(np.mean(distances))}


def levels(height: int, width: int) -> int:
    """Returns the number of levels of the pyramid: the shorter side is halved down to 16 px."""
    count = 1
    while min(height, width) >> count >= COARSEST:
        count += 1
    return count


def _patches(images: Images, level: int) -> Work[Floats]:
    """Returns all patches of one level, (N * 128, C, 49)."""
    random = np.random.RandomState(level)
    found = []
    for part in np.array_split(images, max(images[..., 0].size // _PIXELS, 1)):
        found.append(_cut(_level(part, level, levels(*images.shape[1:3])), random))
        yield
    return np.concatenate(found)


def _level(images: Images, level: int, count: int) -> Floats:
    """Returns one level of the Laplacian pyramids of images NHWC, as NCHW: the difference to the next coarser level;
    the last is the coarsest image itself."""
    x = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float()
    for _halving in range(level):
        x = _halved(x)
    if level < count - 1:
        x = x - _doubled(_halved(x), x)
    return np.asarray(x.numpy())


def _halved(x: Tensor) -> Tensor:
    """Halves images by a 5x5 binomial filter (Burt and Adelson 1983)."""
    return _blurred(x)[:, :, : x.shape[2] // 2 * 2 : 2, : x.shape[3] // 2 * 2 : 2]


def _doubled(x: Tensor, like: Tensor) -> Tensor:
    wide = torch.zeros_like(like)
    wide[:, :, : 2 * x.shape[2] : 2, : 2 * x.shape[3] : 2] = 4 * x
    return _blurred(wide)


def _blurred(x: Tensor) -> Tensor:
    row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    channels = x.shape[1]
    filter = (row[:, None] * row).expand(channels, 1, 5, 5)
    return conv2d(pad(x, (2, 2, 2, 2), mode="reflect"), filter, groups=channels)


def _cut(images: Floats, random: np.random.RandomState) -> Floats:
    count, channels, height, width = images.shape
    top = random.randint(0, height - PATCH + 1, (count, PATCHES, 1, 1))
    left = random.randint(0, width - PATCH + 1, (count, PATCHES, 1, 1))
    rows, columns = top + np.arange(PATCH)[:, None], left + np.arange(PATCH)
    patches = images[np.arange(count)[:, None, None, None], :, rows, columns]  # (N, 128, 7, 7, C)
    return np.moveaxis(patches, -1, 2).reshape(count * PATCHES, channels, PATCH * PATCH)


def _normalize(one: Floats, other: Floats) -> Work[None]:
    """Normalizes both sets by channel with their common mean and deviation, in place."""
    for channel in range(one.shape[1]):
        both = (one[:, channel], other[:, channel])
        mean = np.mean([values.mean(dtype=np.float64) for values in both])
        deviation = np.sqrt(np.mean([np.square(values - np.float32(mean)).mean(dtype=np.float64) for values in both]))
        for values in both:
            values -= np.float32(mean)
            values /= np.float32(max(deviation, 1e-8))
            yield


def _distance(one: Floats, other: Floats) -> Work[float]:
    first, second = (patches.reshape(len(patches), -1) for patches in (one, other))
    directions = np.random.RandomState(DIRECTIONS).standard_normal((DIRECTIONS, first.shape[1])).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    apart = 0.0
    for start in range(0, DIRECTIONS, _AT_ONCE):
        along = directions[start : start + _AT_ONCE]
        ours, theirs = (np.sort(along @ patches.T, axis=1) for patches in (first, second))
        apart += float(np.abs(ours - theirs).mean(dtype=np.float64)) * len(along)
        yield
    return apart / DIRECTIONS
