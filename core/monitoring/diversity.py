"""Diversity of images, and their distance to the training images, in feature spaces that need no download."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import conv2d, leaky_relu

INPUT_SIDE = 32
"""Longest side, in pixels, of what the feature space looks at."""
COMPARED = 16
"""And of what is compared pixel by pixel: a shift by one pixel, and noise, then count for less."""
WIDTHS = (16, 32, 64)
ENOUGH = 64
"""Pairs whose mean distance says something."""


class RandomFeatures:
    """A fixed convolutional network with random weights: it sees edges and colors at three sizes.

    Random features keep distances well enough to tell varied images from equal ones (Saxe et al. 2011, "On Random
    Weights and Unsupervised Feature Learning"). Of points (one pixel) the features are the points themselves.
    """

    def __init__(self, channels: int, device: torch.device) -> None:
        random = torch.Generator().manual_seed(0)
        widths = (channels, *WIDTHS)
        self._weights = [
            (torch.randn(wide, narrow, 3, 3, generator=random) * (2 / (9 * narrow)) ** 0.5).to(device)
            for narrow, wide in pairwise(widths)
        ]

    def __call__(self, images: Tensor) -> Tensor:
        """Images NCHW -> (N, numbers), each size with the same weight."""
        maps = shrunk(images, INPUT_SIDE)
        if maps.shape[2:] == (1, 1):
            return maps.flatten(1)
        found = []
        for weight in self._weights:
            maps = leaky_relu(conv2d(maps, weight, stride=2, padding=1), 0.2)
            found.append(maps.flatten(1) / maps[0].numel() ** 0.5)
        return torch.cat(found, 1)


def spread(features: Tensor, labels: Tensor | None = None) -> Tensor:
    """Mean distance of the pairs of different rows (N, numbers), N >= 2.

    `labels` (N,): only of pairs with the same one, where there are enough of them.
    """
    # By products, since Apple GPUs have no pdist; about the mean, so that rows that are alike do not drown in noise.
    features = features - features.mean(0)
    products = features @ features.T
    squares = products.diagonal()
    distances = (squares[:, None] + squares - 2 * products).clamp_min(0.0).sqrt()
    pairs = torch.ones_like(distances, dtype=torch.bool).triu(1)
    if labels is not None:
        alike = pairs & (labels[:, None] == labels)
        pairs = alike if int(alike.sum()) >= ENOUGH else pairs
    return distances[pairs].mean()


def pixels(images: Tensor) -> Tensor:
    """Images NCHW as rows of numbers to compare, (N, numbers)."""
    return shrunk(images, COMPARED).flatten(1)


def nearest(images: Tensor, others: Tensor, same: Tensor | None = None) -> Tensor:
    """Median over rows (N, numbers) of the distance to the nearest of other rows (M, numbers).

    `same`: (N, M) bool, pairs that do not count, being an image and itself.
    """
    # By products, as it is fastest, TF32 would leave nothing of small distances: only CPUs multiply exactly.
    by = "use_mm_for_euclid_dist_if_necessary" if images.device.type == "cpu" else "donot_use_mm_for_euclid_dist"
    distances = torch.cdist(images, others, compute_mode=by)
    if same is not None:
        distances = distances.masked_fill(same, torch.inf)
    return distances.amin(1).median()


def shrunk(images: Tensor, longest: int) -> Tensor:
    """Float32 images NCHW whose longer side is at most so many pixels, by means over areas."""
    height, width = images.shape[2:]
    factor = min(longest / max(height, width), 1.0)
    size = max(round(height * factor), 1), max(round(width * factor), 1)
    images = images.float()
    if factor < 1.0:
        rows, columns = (_area_means(*sides).to(images.device) for sides in zip((height, width), size, strict=True))
        images = rows @ images @ columns.T
    return images


def _area_means(size: int, wanted: int) -> Tensor:
    """The matrix (wanted, size) that brings a line of pixels to fewer: each is the mean of those that it touches.

    That is adaptive pooling, which Apple GPUs have only where the sizes divide.
    """
    places, pixels = torch.arange(wanted)[:, None], torch.arange(size)
    first, end = places * size // wanted, -(-(places + 1) * size // wanted)
    return ((pixels >= first) & (pixels < end)) / (end - first)
