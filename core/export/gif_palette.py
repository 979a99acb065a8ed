"""Palette of a GIF: 256 colors shared by all frames, so that unchanged areas do not flicker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.events import Images

MOST_PIXELS = 2**16
"""That the colours are chosen from; more take seconds and change nothing that can be seen."""
TRANSPARENT = 255
"""The index that images with alpha give up a colour for."""


class Palette:
    """Chosen for a film from some of its frames, HWC and uint8. Greys are kept as they are."""

    def __init__(self, sample: Sequence[Images]) -> None:
        self._channels = sample[0].shape[2]
        if self._channels == 1:
            self._colours = np.arange(256, dtype=np.uint8)[:, None].repeat(3, 1)
            return
        pixels = np.concatenate([_opaque(frame) for frame in sample])
        if len(pixels) > MOST_PIXELS:
            pixels = pixels[np.random.default_rng(0).integers(0, len(pixels), MOST_PIXELS)]
        if not len(pixels):  # nothing can be seen
            pixels = np.zeros((1, 3), np.uint8)
        # Median cut, then k-means until fewer than one pixel in a hundred changes its colour: a tenth less of error.
        chosen = Image.fromarray(pixels[None]).quantize(
            TRANSPARENT if self._channels == 4 else 256, Image.Quantize.MEDIANCUT, kmeans=len(pixels) // 100 + 1
        )
        colours = np.array(chosen.getpalette(), np.uint8).reshape(-1, 3)
        # What is left over repeats the first colour, or it would be a black that is looked up and not meant.
        self._colours = np.concatenate([colours, colours[:1].repeat(256 - len(colours), 0)])
        self._image = Image.new("P", (1, 1))
        self._image.putpalette(self._colours.tobytes())

    def indices(self, frame: Images) -> NDArray[np.uint8]:
        """The colour of each pixel, (H, W); the error goes on to its neighbours (Floyd and Steinberg 1976)."""
        if self._channels == 1:
            return frame[:, :, 0]
        picture = Image.fromarray(np.ascontiguousarray(frame[:, :, :3]))
        found = np.array(picture.quantize(palette=self._image, dither=Image.Dither.FLOYDSTEINBERG))
        if self._channels == 4:
            found[found == TRANSPARENT] = 0
            found[frame[:, :, 3] < 128] = TRANSPARENT
        return found

    def argb(self) -> NDArray[np.uint8]:
        """(256, 4)."""
        alpha = np.full((256, 1), 255, np.uint8)
        if self._channels == 4:
            alpha[TRANSPARENT] = 0
        return np.concatenate([alpha, self._colours], 1)


def _opaque(frame: Images) -> NDArray[np.uint8]:
    """The colours (N, 3) of the pixels that a GIF shows."""
    return frame[:, :, :3][frame[:, :, 3] >= 128] if frame.shape[2] == 4 else frame.reshape(-1, 3)
