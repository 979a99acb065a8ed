"""Palette of a GIF: 256 colors shared by all frames, so that unchanged areas do not flicker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.events import Images

MOST_PIXELS = 2**16
"""Maximum pixels from which the palette is computed; more take seconds without a visible effect."""
TRANSPARENT = 255
"""Index of transparency in palettes of images with alpha."""


class Palette:
    """Palette computed from some frames of a video, HWC, uint8. Grays are kept exactly."""

    def __init__(self, sample: Sequence[Images]) -> None:
        self._channels = sample[0].shape[2]
        if self._channels == 1:
            self._colors = np.arange(256, dtype=np.uint8)[:, None].repeat(3, 1)
            return
        pixels = np.concatenate([_opaque(frame) for frame in sample])
        if len(pixels) > MOST_PIXELS:
            pixels = pixels[np.random.default_rng(0).integers(0, len(pixels), MOST_PIXELS)]
        if not len(pixels):  # all transparent
            pixels = np.zeros((1, 3), np.uint8)
        # Median cut, then k-means until fewer than 1 % of the pixels change their color: a tenth less error.
        chosen = Image.fromarray(pixels[None]).quantize(
            TRANSPARENT if self._channels == 4 else 256, Image.Quantize.MEDIANCUT, kmeans=len(pixels) // 100 + 1
        )
        colors = np.array(chosen.getpalette(), np.uint8).reshape(-1, 3)
        # Unused entries repeat the first color; otherwise they would be black and match dark pixels.
        self._colors = np.concatenate([colors, colors[:1].repeat(256 - len(colors), 0)])
        self._image = Image.new("P", (1, 1))
        self._image.putpalette(self._colors.tobytes())

    def indices(self, frame: Images) -> NDArray[np.uint8]:
        """Returns palette indices (H, W), dithered by error diffusion (Floyd and Steinberg 1976)."""
        if self._channels == 1:
            return frame[:, :, 0]
        picture = Image.fromarray(np.ascontiguousarray(frame[:, :, :3]))
        found = np.array(picture.quantize(palette=self._image, dither=Image.Dither.FLOYDSTEINBERG))
        if self._channels == 4:
            found[found == TRANSPARENT] = 0
            found[frame[:, :, 3] < 128] = TRANSPARENT
        return found

    def argb(self) -> NDArray[np.uint8]:
        """Returns the colors as ARGB, (256, 4)."""
        alpha = np.full((256, 1), 255, np.uint8)
        if self._channels == 4:
            alpha[TRANSPARENT] = 0
        return np.concatenate([alpha, self._colors], 1)


def _opaque(frame: Images) -> NDArray[np.uint8]:
    """Returns the colors (N, 3) of visible pixels."""
    return frame[:, :, :3][frame[:, :, 3] >= 128] if frame.shape[2] == 4 else frame.reshape(-1, 3)
