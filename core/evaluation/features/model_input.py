"""Conversion of gray, RGB and RGBA images to the RGB input of feature extractors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from core.events import Images
from core.imaging.tensors import from_pixels


def in_color(images: Images) -> Images:
    """Converts uint8 images NHWC with 1, 3 or 4 channels to RGB: gray is repeated, RGBA is put on white."""
    channels = images.shape[3]
    if channels == 4:
        alpha = images[..., 3:].astype(np.uint32)
        over = images[..., :3] * alpha + 255 * (255 - alpha)
        return ((over + 127) // 255).astype(np.uint8)
    return np.broadcast_to(images, (*images.shape[:3], 3)) if channels == 1 else images


def as_input(images: Images, side: int, device: torch.device) -> Tensor:
    """Converts uint8 images NHWC to (N, 3, side, side) in about [-1, 1] on the device.

    Resizes by antialiased bilinear interpolation; images that are not square are stretched.
    """
    batch = torch.from_numpy(np.ascontiguousarray(in_color(images))).to(device)
    planes = from_pixels(batch.permute(0, 3, 1, 2))
    if planes.shape[2:] == (side, side):
        return planes.contiguous()
    return interpolate(planes, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
