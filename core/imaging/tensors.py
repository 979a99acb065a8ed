"""Conversions between uint8 images and float tensors in [-1, 1], the input range of the networks."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.events import Images
from core.imaging.points import dots


def to_images(batch: Tensor) -> Images:
    """Converts float NCHW in [-1, 1] to uint8 NHWC on the CPU."""
    pixels = batch.float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).cpu().numpy())


def from_pixels(pixels: Tensor) -> Tensor:
    """Converts uint8 of any shape to float32 in [-1, 1], in the same memory layout. Float coordinates of points are
    returned unchanged."""
    return pixels if pixels.is_floating_point() else pixels.float().div_(127.5).sub_(1.0)


def to_dots(batch: Tensor) -> Images:
    """Draws an image of each point (N, 2, 1, 1), uint8 NHWC on the CPU."""
    return dots(batch.float().flatten(1).cpu().numpy())
