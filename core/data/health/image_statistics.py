"""Statistics of each image (content hash, perceptual hash, sketch, variation, color): one pass over the images.

The perceptual hash is the usual one (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash
Functions"): which low frequencies of the discrete cosine transform are above their median. ImageHash has it too, but
for one Pillow image at a time and with scipy; here one product of matrices does it for many, and the same frequencies,
in colour, tell images apart whose hashes agree.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.events import Progress

FREQUENCIES = 8
"""In each direction: those that survive encoding anew and every size of at least 8 px."""

_AT_ONCE = 2**21  # bytes of pixels: some milliseconds of work, and four times as much memory
_BRIGHTNESS = {
    1: (1.0,),
    3: (0.299, 0.587, 0.114),
    4: (0.299, 0.587, 0.114, -0.5),  # transparent pixels are white, and a white drawing among them has to be seen too
}
"""Weight of each channel, by their number."""
_OPACITY = 0.25
"""Weight of alpha in a sketch: as much as a colour it would drown what differs within the same outline."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ImageStatistics:
    """A row for each of N images.

    `content` is a hash of its file, or of its pixels where it has none. `hash` is the perceptual one, 64 bits; `sketch`
    (C * 64,) are the low frequencies of every channel without their common brightness and at unit length, so that
    lighter or flatter copies are near. `variation` is the largest standard deviation within a channel, `spread` the
    largest difference between the colours of a pixel, both of at most 255.
    """

    content: NDArray[np.uint64]
    hash: NDArray[np.uint64]
    sketch: NDArray[np.float16]
    variation: Floats
    spread: NDArray[np.uint8]


def image_statistics(dataset: Dataset) -> Generator[Progress, None, ImageStatistics]:
    """Looks at every image, a few at a time."""
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
        yield Progress("Examining the images", start, count)
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
    """The lowest frequencies of the orthonormal discrete cosine transform (DCT-II) of `length` values, a row each."""
    frequency = np.arange(FREQUENCIES)[:, None]
    waves: Floats = np.cos(np.pi / length * frequency * (np.arange(length) + 0.5)).astype(np.float32)
    waves *= np.sqrt(2 / length)
    waves[0] /= np.sqrt(2)
    return waves


def _known(content: NDArray[np.uint64], pixels: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The hashes that are known of the files, and those of the pixels where none is."""
    return np.array(
        [
            known or int.from_bytes(blake2b(image.tobytes(), digest_size=8).digest(), "little")
            for known, image in zip(content.tolist(), pixels, strict=True)
        ],
        np.uint64,
    )


def _hash(low: Floats) -> NDArray[np.uint64]:
    """Low frequencies (n, C, 8, 8) -> hashes (n,)."""
    brightness = np.tensordot(low, np.array(_BRIGHTNESS[low.shape[1]], np.float32), (1, 0)).reshape(len(low), -1)
    middle = np.median(brightness[:, 1:], axis=1, keepdims=True)  # the first is the mean, which is far above the rest
    return np.packbits(brightness > middle, axis=1).view(np.uint64)[:, 0]


def _sketch(low: Floats) -> Floats:
    """Low frequencies (n, C, 8, 8) -> sketches (n, C * 64)."""
    sketch = low.copy()
    sketch[:, :3, 0, 0] -= low[:, :3, 0, 0].mean(axis=1, keepdims=True)
    sketch[:, 3:] *= _OPACITY
    flat = sketch.reshape(len(low), -1)
    unit: Floats = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return unit
