"""Statistics of each image (content hash, perceptual hash, sketch, variation, color): one pass over the images.

The perceptual hash is pHash (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions"): the
signs of low DCT frequencies relative to their median. ImageHash computes it for one Pillow image at a time, with scipy;
here one matrix product does it for many images, and the same frequencies in color distinguish images with equal hashes.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.events import Progress
from core.language import _

FREQUENCIES = 8
"""DCT frequencies in each direction: low enough to survive re-encoding and sizes down to 8 px."""

EMPTY = 5.0
"""Standard deviation (of 255) below which an image counts as blank. A uniform JPEG has 1 to 3."""

_AT_ONCE = 2**21  # bytes of pixels: some milliseconds of work, four times the memory
_BRIGHTNESS = {
    1: (1.0,),
    3: (0.299, 0.587, 0.114),
    4: (0.299, 0.587, 0.114, -0.5),  # transparent pixels are white: alpha shows white drawings on them
}
"""Weights of the channels in the brightness, by number of channels."""
_OPACITY = 0.25
"""Weight of alpha in a sketch. A larger one would hide differences inside equal outlines."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ImageStatistics:
    """Statistics of N images, a row each.

    `content`: hash of the file, or of the pixels without a file. `hash`: 64-bit perceptual hash. `sketch` (C * 64,):
    low frequencies of every channel, without the common brightness and at unit length, so that lighter copies or copies
    of lower contrast are near. `variation`: largest standard deviation of a channel; `spread`: largest difference
    between the channels of a pixel; both in [0, 255].
    """

    content: NDArray[np.uint64]
    hash: NDArray[np.uint64]
    sketch: NDArray[np.float16]
    variation: Floats
    spread: NDArray[np.uint8]

    def blank(self) -> NDArray[np.bool_]:
        """Returns which images are of nearly one color, (N,)."""
        return self.variation < EMPTY


def image_statistics(dataset: Dataset) -> Generator[Progress, None, ImageStatistics]:
    """Yields `Progress`; returns the statistics of every image, computed a few images at a time."""
    count, channels, height, width = dataset.images.shape
    statistics = ImageStatistics(
        content=np.array(dataset.records.table["content"], np.uint64),
        hash=np.empty(count, np.uint64),
        sketch=np.empty((count, channels * FREQUENCIES**2), np.float16),
        variation=np.empty(count, np.float32),
        spread=np.empty(count, np.uint8),
    )
    rows, columns = _cosines(height), _cosines(width)
    step = max(_AT_ONCE // (channels * height * width), 1)
    for start in range(0, count, step):
        yield Progress(_("Examining the images"), start, count)
        pixels = np.asarray(dataset.images[start : start + step])
        chosen = slice(start, start + len(pixels))
        statistics.content[chosen] = _known(statistics.content[chosen], pixels)
        values = pixels.astype(np.float32)
        low = np.matmul(rows, (values.reshape(-1, width) @ columns.T).reshape(-1, height, FREQUENCIES))
        low = low.reshape(len(pixels), channels, FREQUENCIES, FREQUENCIES)
        statistics.hash[chosen] = _hash(low)
        statistics.sketch[chosen] = _sketch(low)
        statistics.variation[chosen] = values.reshape(len(pixels), channels, -1).std(axis=2).max(axis=1)
        statistics.spread[chosen] = (pixels[:, :3].max(axis=1) - pixels[:, :3].min(axis=1)).max(axis=(1, 2))
    return statistics


def _cosines(length: int) -> Floats:
    """Returns the lowest frequencies of the orthonormal DCT-II, (FREQUENCIES, length)."""
    frequency = np.arange(FREQUENCIES)[:, None]
    waves: Floats = np.cos(np.pi / length * frequency * (np.arange(length) + 0.5)).astype(np.float32)
    waves *= np.sqrt(2 / length)
    waves[0] /= np.sqrt(2)
    return waves


def _known(content: NDArray[np.uint64], pixels: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Returns the hashes of the files, or of the pixels where the file has none (0)."""
    return np.array(
        [
            known or int.from_bytes(blake2b(image.tobytes(), digest_size=8).digest(), "little")
            for known, image in zip(content.tolist(), pixels, strict=True)
        ],
        np.uint64,
    )


def _hash(low: Floats) -> NDArray[np.uint64]:
    """Returns hashes (n,) of low frequencies (n, C, 8, 8)."""
    brightness = np.tensordot(low, np.array(_BRIGHTNESS[low.shape[1]], np.float32), (1, 0)).reshape(len(low), -1)
    middle = np.median(brightness[:, 1:], axis=1, keepdims=True)  # the first is the mean, far above the others
    return np.packbits(brightness > middle, axis=1).view(np.uint64)[:, 0]


def _sketch(low: Floats) -> Floats:
    """Returns sketches (n, C * 64) of low frequencies (n, C, 8, 8)."""
    sketch = low.copy()
    sketch[:, :3, 0, 0] -= low[:, :3, 0, 0].mean(axis=1, keepdims=True)
    sketch[:, 3:] *= _OPACITY
    flat = sketch.reshape(len(low), -1)
    unit: Floats = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return unit
