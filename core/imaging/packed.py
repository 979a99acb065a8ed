"""Images as 32-bit pixels for the screen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.events import Images

Packed = NDArray[np.uint32]
"""Pixels 0xFFRRGGBB."""
CHECK = 8
"""Side in pixels of the squares of the checkerboard behind transparent images."""
CHECKS = (0xDFE2E7, 0xAAB0BA)
"""Colors of its squares, different from white and black, which drawings use."""


def packed(images: Images) -> Packed:
    """Returns images (n, H, W, C), gray, RGB or RGBA over a checkerboard, as pixels (n, H, W)."""
    if images.shape[3] == 4:
        images = _over_checks(images)
    pixels = np.empty((*images.shape[:3], 4), np.uint8)
    pixels[..., :3] = images[..., ::-1]  # blue is the lowest byte
    pixels[..., 3] = 255
    return pixels.view("<u4")[..., 0].astype(np.uint32, copy=False)


def _over_checks(images: Images) -> Images:
    down, across = np.indices(images.shape[1:3]) // CHECK
    colors = np.array([[color >> 16, color >> 8 & 255, color & 255] for color in CHECKS], np.uint16)
    opacity = images[..., 3:].astype(np.uint16)
    over: Images = images[..., :3] * opacity
    over = (over + colors[(down + across) % 2] * (255 - opacity)) // 255
    return over.astype(np.uint8)
