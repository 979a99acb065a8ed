"""Quality of images against targets, by numbers worked by hand and by straightforward references."""

from __future__ import annotations

from math import log10

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.imaging.quality import HIGHEST, color_error, hidden_error, psnr, ssim


def gray(*levels: float, side: int = 16) -> Tensor:
    """Even images of these levels in [-1, 1]."""
    return torch.tensor(levels)[:, None, None, None].expand(-1, 1, side, side)


def of_color(*rgb: float) -> Tensor:
    """An even image of a color with values from 0 to 1."""
    return torch.tensor(rgb, dtype=torch.float32)[None, :, None, None].expand(1, 3, 2, 2) * 2 - 1


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def reference_ssim(x: NDArray[np.float64], y: NDArray[np.float64], side: int = 11) -> float:
    """Equation 13 of Wang et al. 2004, window by window, for gray levels from 0 to 255."""
    distances = np.arange(side) - side // 2
    weights = np.exp(-(distances[:, None] ** 2 + distances**2) / (2 * 1.5**2))
    weights /= weights.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = []
    for row in range(x.shape[0] - side + 1):
        for column in range(x.shape[1] - side + 1):
            a, b = (each[row : row + side, column : column + side] for each in (x, y))
            mu_a, mu_b = (weights * a).sum(), (weights * b).sum()
            var_a, var_b = (weights * (a - mu_a) ** 2).sum(), (weights * (b - mu_b) ** 2).sum()
            cov = (weights * (a - mu_a) * (b - mu_b)).sum()
            numerator = (2 * mu_a * mu_b + c1) * (2 * cov + c2)
            found.append(numerator / ((mu_a**2 + mu_b**2 + c1) * (var_a + var_b + c2)))
    return float(np.mean(found))


def levels(images: Tensor) -> NDArray[np.float64]:
    """The first channel of the first image as gray levels from 0 to 255."""
    return np.asarray((images[0, 0].double() + 1) * 127.5)


def test_the_signal_to_noise_ratio_of_each_image() -> None:
    # Errors of 0.2 and of 0.02 of a range of 2: 20 log10(10) and 20 log10(100).
    assert psnr(gray(0.2, 0.02), gray(0.0, 0.0)).tolist() == pytest.approx([20.0, 40.0], abs=1e-3)
    half = torch.cat([gray(1.0), gray(-1.0)], 3)  # white and black against gray
    assert psnr(half, torch.zeros_like(half)).tolist() == pytest.approx([10 * log10(4)], abs=1e-4)
    assert psnr(half, half).tolist() == [HIGHEST]


def test_similarity_follows_the_paper_window_by_window() -> None:
    one = noise(1, 1, 17, 14)
    other = (0.6 * one + 0.4 * noise(1, 1, 17, 14, seed=1) + 0.1).clamp(-1, 1)
    assert float(ssim(one, other)) == pytest.approx(reference_ssim(levels(one), levels(other)), abs=1e-5)
    assert float(ssim(one, -one)) == pytest.approx(reference_ssim(levels(one), levels(-one)), abs=1e-5)
    assert float(ssim(one, one)) == pytest.approx(1.0)


def test_similarity_of_even_images_is_that_of_their_brightness() -> None:
    black, mid = 0.0, 127.5
    c1 = (0.01 * 255) ** 2
    expected = (2 * black * mid + c1) / (black**2 + mid**2 + c1)
    assert ssim(gray(-1.0, 0.0), gray(0.0, 0.0)).tolist() == pytest.approx([expected, 1.0], abs=1e-5)


def test_similarity_is_the_mean_over_channels_and_small_images_have_small_windows() -> None:
    one, other = noise(2, 3, 8, 8), noise(2, 3, 8, 8, seed=1)
    alone = torch.stack([ssim(one[:, [channel]], other[:, [channel]]) for channel in range(3)]).mean(0)
    torch.testing.assert_close(ssim(one, other), alone)
    assert float(alone[0]) == pytest.approx(
        np.mean([reference_ssim(levels(one[:, [c]]), levels(other[:, [c]]), side=7) for c in range(3)]), abs=1e-5
    )


def test_color_differences_are_those_of_cie_1976() -> None:
    black, white, red, green = of_color(0, 0, 0), of_color(1, 1, 1), of_color(1, 0, 0), of_color(0, 1, 0)
    assert float(color_error(black, white)) == pytest.approx(100, abs=0.01)
    # L*a*b* of sRGB red and green at D65: (53.24, 80.09, 67.20) and (87.73, -86.18, 83.18).
    assert float(color_error(red, black)) == pytest.approx((53.24**2 + 80.09**2 + 67.20**2) ** 0.5, abs=0.02)
    apart = ((53.24 - 87.73) ** 2 + (80.09 + 86.18) ** 2 + (67.20 - 83.18) ** 2) ** 0.5
    assert float(color_error(red, green)) == pytest.approx(apart, abs=0.02)
    assert float(color_error(red, red)) == 0


def test_errors_in_hidden_areas_ignore_the_rest() -> None:
    targets = torch.zeros(1, 3, 2, 2)
    images = torch.tensor([[0.5, 9.0], [9.0, 0.1]]).expand(1, 3, 2, 2)
    hidden = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[None, None]
    assert float(hidden_error(images, targets, hidden)) == pytest.approx(0.3)
    assert float(hidden_error(images, targets, torch.zeros_like(hidden))) == 0
