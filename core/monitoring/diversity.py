"""Diversity of images and distance to training images, in feature spaces that need no download."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import conv2d, leaky_relu

INPUT_SIDE = 32
"""Longest side of the input of the random features, in pixels."""
COMPARED = 16
"""Longest side for comparison by pixels: at this size shifts by one pixel, and noise, count for less."""
WIDTHS = (16, 32, 64)
ENOUGH = 64
"""Fewest pairs of one class for a mean distance."""


class RandomFeatures:
    """Fixed convolutional network with random weights, which responds to edges and colors at three scales.

    Random features preserve distances well enough to measure diversity (Saxe et al. 2011, "On Random Weights and
    Unsupervised Feature Learning"). The features of 2-D points (one pixel) are the points themselves.
    """

    def __init__(self, channels: int, device: torch.device) -> None:
        random = torch.Generator().manual_seed(0)
        widths = (channels, *WIDTHS)
        self._weights = [
            (torch.randn(wide, narrow, 3, 3, generator=random) * (2 / (9 * narrow)) ** 0.5).to(device)
            for narrow, wide in pairwise(widths)
        ]

    def __call__(self, images: Tensor) -> Tensor:
        """Computes features (N, numbers) of images NCHW; each scale has the same weight."""
        maps = shrunk(images, INPUT_SIDE)
        if maps.shape[2:] == (1, 1):
            return maps.flatten(1)
        found = []
        for weight in self._weights:
            maps = leaky_relu(conv2d(maps, weight, stride=2, padding=1), 0.2)
            found.append(maps.flatten(1) / maps[0].numel() ** 0.5)
        return torch.cat(found, 1)


def spread(features: Tensor, labels: Tensor | None = None) -> Tensor:
    """Computes the mean distance between all pairs of rows (N, numbers), N >= 2.

    `labels` (N,): restricts it to pairs of one label, if there are at least `ENOUGH`.
    """
    # By products, since Apple GPUs have no pdist; centered, so that rounding stays small for similar rows.
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
    """Shrinks images NCHW to rows of pixel values, (N, numbers)."""
    return shrunk(images, COMPARED).flatten(1)


def nearest(images: Tensor, others: Tensor, same: Tensor | None = None) -> Tensor:
    """Computes the median over rows (N, numbers) of the distance to the nearest of other rows (M, numbers).

    `same`: (N, M) bool, pairs of an image with itself, which do not count.
    """
    # Products are fastest, but with TF32 small distances are lost to rounding: only CPUs multiply exactly.
    by = "use_mm_for_euclid_dist_if_necessary" if images.device.type == "cpu" else "donot_use_mm_for_euclid_dist"
    distances = torch.cdist(images, others, compute_mode=by)
    if same is not None:
        distances = distances.masked_fill(same, torch.inf)
    return distances.amin(1).median()


def shrunk(images: Tensor, longest: int) -> Tensor:
    """Shrinks images NCHW by area means until the longer side is at most `longest` pixels; returns float32."""
    height, width = images.shape[2:]
    factor = min(longest / max(height, width), 1.0)
    size = max(round(height * factor), 1), max(round(width * factor), 1)
    images = images.float()
    if factor < 1.0:
        rows, columns = (_area_means(*sides).to(images.device) for sides in zip((height, width), size, strict=True))
        images = rows @ images @ columns.T
    return images


def _area_means(size: int, wanted: int) -> Tensor:
    """Returns the matrix (wanted, size) that shrinks a line of pixels by means over those that each new one touches.

    This is adaptive pooling, which Apple GPUs support only for sizes that divide.
    """
    places, pixels = torch.arange(wanted)[:, None], torch.arange(size)
    first, end = places * size // wanted, -(-(places + 1) * size // wanted)
    return ((pixels >= first) & (pixels < end)) / (end - first)
