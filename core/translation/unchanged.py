"""The input of a translation in the shape of its output: what residual networks add to, and what they must surpass."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import interpolate


def unchanged(inputs: Tensor, channels: int, factor: int) -> Tensor:
    """Returns inputs NCHW enlarged by `factor` and with that number of channels: gray repeated, a mask left out."""
    images = enlarged(inputs, factor)
    return images[:, :1].expand(-1, channels, -1, -1) if images.shape[1] < channels else images[:, :channels]


def enlarged(images: Tensor, factor: int) -> Tensor:
    """Returns images NCHW enlarged by bicubic interpolation, which may exceed the range of their values."""
    if factor == 1:
        return images
    return interpolate(images, scale_factor=float(factor), mode="bicubic", align_corners=False)
