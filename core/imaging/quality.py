"""Quality of images against the ones that they should equal: PSNR, SSIM, color error, and error in hidden areas.

All images are float NCHW in [-1, 1] and of equal shape.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d

RANGE = 2.0
"""Difference between black and white."""
HIGHEST = 100.0
"""PSNR of equal images, in dB."""
WINDOW, DEVIATION = 11, 1.5
"""Side of SSIM's window, and standard deviation of its Gaussian weights, in pixels."""
K1, K2 = 0.01, 0.03
"""Constants of SSIM, relative to the range."""
_TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
"""Linear sRGB to CIE XYZ (IEC 61966-2-1)."""
_WHITE = (0.95047, 1.0, 1.08883)
"""XYZ of the standard illuminant D65."""


def psnr(images: Tensor, targets: Tensor) -> Tensor:
    """Returns the peak signal-to-noise ratio of each image, (N,), in dB: 10 log10(range^2 / mean squared error).

    At most `HIGHEST`, for equal images.
    """
    errors = (images - targets).square().flatten(1).mean(1)
    return 10 * torch.log10(RANGE**2 / errors.clamp_min(RANGE**2 * 10 ** (-HIGHEST / 10)))


def ssim(images: Tensor, targets: Tensor) -> Tensor:
    """Returns the structural similarity of each image, (N,), from -1 to 1 for equal images.

    Mean over all windows of 11 x 11 pixels that fit, or of the largest odd side in smaller images, and over the
    channels (Wang, Bovik, Sheikh, Simoncelli 2004, doi:10.1109/TIP.2003.819861).
    """
    count, channels, height, width = images.shape
    kernel = _gaussian(min(WINDOW, *(side - 1 + side % 2 for side in (height, width))), images.device)

    def mean(planes: Tensor) -> Tensor:
        planes = planes.reshape(count * channels, 1, height, width)
        return conv2d(conv2d(planes, kernel[None, None, None]), kernel[None, None, :, None])

    mu_x, mu_y = mean(images), mean(targets)
    xx, yy = mean(images.square()) - mu_x.square(), mean(targets.square()) - mu_y.square()
    xy = mean(images * targets) - mu_x * mu_y
    # The constants of the paper belong to gray levels from 0 on, and the means here to levels around 0.
    mu_x, mu_y = mu_x + RANGE / 2, mu_y + RANGE / 2
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    luminance = (2 * mu_x * mu_y + c1) / (mu_x.square() + mu_y.square() + c1)
    structure = (2 * xy + c2) / (xx + yy + c2)
    return (luminance * structure).reshape(count, -1).mean(1)


def color_error(images: Tensor, targets: Tensor) -> Tensor:
    """Returns the mean color difference of each RGB image, (N,): Delta E of CIE 1976. About 2 is just visible, 100 is
    black against white."""
    return (_lab(images) - _lab(targets)).square().sum(1).sqrt().flatten(1).mean(1)


def hidden_error(images: Tensor, targets: Tensor, hidden: Tensor) -> Tensor:
    """Returns the mean absolute difference within hidden areas, a scalar from 0 to 2. `hidden`: (N, 1, h, w), 1 where
    the images are hidden and 0 elsewhere."""
    differences = (images - targets).abs().mean(1, keepdim=True)
    return (differences * hidden).sum() / hidden.sum().clamp_min(1)


def _gaussian(side: int, device: torch.device) -> Tensor:
    """Returns the normalized weights of a window, (side,)."""
    distances = torch.arange(side, device=device) - side // 2
    weights = torch.exp(-(distances**2) / (2 * DEVIATION**2))
    return weights / weights.sum()


def _lab(images: Tensor) -> Tensor:
    """Converts sRGB to CIE L*a*b*: lightness from 0 to 100, and two axes of color."""
    rgb = (images + 1) / 2
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb.clamp_min(0.0) + 0.055) / 1.055) ** 2.4)
    xyz = torch.einsum("xc,nchw->nxhw", images.new_tensor(_TO_XYZ), linear)
    ratios = xyz / images.new_tensor(_WHITE)[:, None, None]
    cube = 6 / 29
    x, y, z = torch.where(ratios > cube**3, ratios.clamp_min(0.0) ** (1 / 3), ratios / (3 * cube**2) + 4 / 29).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)
