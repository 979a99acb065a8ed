"""Degradations of images, against other programs and by hand."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from core.config.settings import Settings, validate
from core.imaging.tensors import from_pixels
from core.registry import components
from core.translation.degradation.blur import blurred
from core.translation.degradation.colors import brightness, flattened
from core.translation.degradation.draw import uniform
from core.translation.degradation.edges import outlines
from core.translation.degradation.holes import damage
from core.translation.degradation.jpeg import compressed
from core.translation.degradation.noise import noisy
from core.translation.degradation.resize import cubic, reduced
from core.translation.degradation.text import text
from core.translation.tasks import InputShape, degradation

TASKS = [name for name, task in components("translation.tasks").items() if task.facts["SIDES"] == 1]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(height: int = 64, width: int = 64, count: int = 3) -> Tensor:
    """Smooth colors with a sharp square, float32 in [-1, 1]."""
    across, down = torch.linspace(0, 6, width), torch.linspace(0, 4, height)[:, None]
    planes = [torch.sin(across + k) * torch.cos(down * (1 + k / 3)) for k in range(3 * count)]
    images = torch.stack(planes).view(count, 3, height, width) * 0.8
    images[:, :, height // 4 : height // 2, width // 4 : width // 2] *= -1
    return images


def pixels(image: Tensor) -> Image.Image:
    return Image.fromarray(((image + 1) * 127.5).round().byte().permute(1, 2, 0).numpy())


def tensor(image: Image.Image) -> Tensor:
    return from_pixels(torch.from_numpy(np.array(image)).permute(2, 0, 1)[None])[0]


# -- blur and noise --------------------------------------------------------------------------------------------------


def test_blur_is_a_normal_distribution_around_each_pixel() -> None:
    images, most = torch.full((4, 1, 41, 41), -1.0), 2.0
    images[:, :, 20, 20] = 1.0
    found = (blurred(images, most, seeded()) + 1) / 2
    deviations = uniform(images, most, seeded())[:, 0, 0, 0]
    assert deviations.std() > 0.1
    for image, deviation in zip(found[:, 0], deviations.tolist(), strict=True):
        assert image.sum() == pytest.approx(1.0, abs=1e-3)
        places = torch.arange(41.0) - 20
        weights = torch.exp(-(places**2) / (2 * max(deviation, 0.05) ** 2))
        weights = torch.where(places.abs() <= 6, weights, 0.0)
        expected = weights[:, None] * weights / weights.sum() ** 2
        torch.testing.assert_close(image, expected, atol=1e-5, rtol=0)


def test_no_blur_and_no_noise_leave_images_as_they_are() -> None:
    images = pictures()
    assert blurred(images, 0.0, seeded()) is images
    assert noisy(images, 0.0, seeded()) is images
    assert compressed(images, 0, seeded()) is images


def test_noise_has_the_deviation_that_was_drawn() -> None:
    images = torch.zeros(4, 3, 96, 96)
    found = noisy(images, 0.1, seeded())
    random = seeded()
    torch.randn(images.shape, generator=random)
    drawn = 2 * uniform(images, 0.1, random)[:, 0, 0, 0]
    torch.testing.assert_close(found.std((1, 2, 3)), drawn, atol=0, rtol=0.02)
    assert noisy(pictures(), 0.5, seeded()).abs().max() <= 1


# -- JPEG and size, against Pillow -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(64, 64), (50, 37)])
def test_jpeg_artifacts_are_those_of_a_file(height: int, width: int) -> None:
    images = pictures(height, width, count=6)
    found = compressed(images, 90, seeded())
    qualities = (100 - uniform(images, 90, seeded())[:, 0, 0, 0]).tolist()
    assert min(qualities) < 50 < max(qualities)
    for image, made, quality in zip(images, found, qualities, strict=True):
        file = io.BytesIO()
        pixels(image).save(file, "JPEG", quality=round(quality), subsampling=2)
        expected = tensor(Image.open(file).convert("RGB"))
        assert (made - expected).abs().mean() < 0.02  # 2.5 of 255 levels
        assert (made - expected).abs().mean() < 0.6 * (expected - image).abs().mean()


def test_gray_images_have_no_color_after_jpeg() -> None:
    gray = brightness(pictures(40, 40))
    assert compressed(gray, 60, seeded()).shape == gray.shape
    flat = torch.full((1, 3, 16, 16), 0.25)
    torch.testing.assert_close(compressed(flat, 5, seeded()), flat, atol=0.02, rtol=0)


@pytest.mark.parametrize("factor", [2, 4])
def test_smaller_images_are_those_of_pillow(factor: int) -> None:
    images = pictures(64, 48)
    found = cubic(images, factor).clamp(-1, 1)
    for image, made in zip(images, found, strict=True):
        small = pixels(image).resize((48 // factor, 64 // factor), Image.Resampling.BICUBIC)
        inside = (slice(None), slice(2, -2), slice(2, -2))  # Pillow leaves out what lies beyond the border
        torch.testing.assert_close(made[inside], tensor(small)[inside], atol=0.02, rtol=0)


def test_a_reduced_image_lies_between_the_means_and_the_cubic_filter() -> None:
    images = pictures(32, 32)
    found, means = reduced(images, 4, seeded()), torch.nn.functional.avg_pool2d(images, 4)
    shares = uniform(images, 1.0, seeded())
    torch.testing.assert_close(found, (means + shares * (cubic(images, 4) - means)).clamp(-1, 1))
    even = torch.full((2, 3, 16, 16), 0.3)
    torch.testing.assert_close(reduced(even, 4, seeded()), torch.full((2, 3, 4, 4), 0.3))


# -- holes, edges, colors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [0.05, 0.2, 0.6])
def test_holes_hide_at_most_their_share(most: float) -> None:
    images = torch.zeros(64, 3, 48, 64)
    hidden = damage(images, most, seeded())
    shares = hidden.float().mean((1, 2, 3))
    assert hidden.shape == (64, 1, 48, 64)
    assert shares.max() <= most
    assert shares.mean() > 0.2 * most
    assert torch.equal(hidden, damage(images, most, seeded()))
    assert not torch.equal(hidden, damage(images, most, seeded(1)))


def test_half_of_the_images_have_text() -> None:
    images = torch.zeros(64, 3, 48, 64)
    hidden = text(images, seeded())
    shares = hidden.float().mean((1, 2))
    assert hidden.shape == (64, 48, 64)
    assert shares.min() > 0
    assert shares.max() < 0.2
    assert len(hidden.flatten(1).unique(dim=0)) == 64
    assert torch.equal(hidden, text(images, seeded()))
    written = [damage(images, most, seeded()) & hidden[:, None] == hidden[:, None] for most in (0.6, 0.001)]
    assert [int(each.all((1, 2, 3)).sum()) for each in written] == [pytest.approx(32, abs=8), 0]


def test_what_a_hole_hides_is_gray_and_the_rest_stays() -> None:
    settings = validate({"task": "repair", "holes": 30})
    images = pictures(count=8)
    task = degradation(settings)
    assert task is not None
    found = task.degrade(images, settings, seeded())
    hidden = found[:, 3:] > 0
    assert set(found[:, 3:].unique().tolist()) == {-1.0, 1.0}
    assert torch.equal(found[:, :3], torch.where(hidden, 0.0, images))


def test_edges_are_dark_where_brightness_changes() -> None:
    images = torch.full((1, 3, 20, 20), -0.8)
    images[:, :, :, 10:] = 0.8
    found = outlines(images)
    assert found.shape == (1, 1, 20, 20)
    assert (found[..., 9:11] == -1).all()
    assert (found[..., :8] == 1).all()
    assert (found[..., 12:] == 1).all()
    torch.testing.assert_close(outlines(images.transpose(2, 3)), found.transpose(2, 3))


@pytest.mark.parametrize("levels", [2, 6])
def test_flat_colors_have_few_levels(levels: int) -> None:
    found = flattened(torch.linspace(-1, 1, 45).expand(3, 3, 30, 45), levels)
    assert found.shape == (3, 3, 30, 45)
    places = (found + 1) / 2 * (levels - 1)
    torch.testing.assert_close(places, places.round(), atol=1e-4, rtol=0)
    assert len(places.round().unique()) == levels
    even = torch.full((1, 3, 16, 16), 1.0)
    assert torch.equal(flattened(even, levels), even)


def test_brightness_is_that_of_the_standard() -> None:
    colors = torch.eye(3).view(3, 3, 1, 1)
    assert brightness(colors).flatten().tolist() == pytest.approx([0.299, 0.587, 0.114])
    gray = torch.rand(2, 1, 4, 4)
    assert brightness(gray) is gray


# -- tasks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("task", TASKS)
def test_inputs_have_the_shape_that_the_task_says(task: str, channels: int) -> None:
    settings: Settings = validate({"task": task})
    found = degradation(settings)
    assert found is not None
    inputs = InputShape.of(settings, channels)
    for height, width in ((64, 64), (28, 52)):
        images = pictures(height, width)[:, :channels]
        made = found.degrade(images, settings, seeded())
        assert made.shape == (3, inputs.channels, height // inputs.factor, width // inputs.factor)
        assert made.dtype == torch.float32
        assert made.abs().max() <= 1.0 + 1e-5
        assert torch.equal(made, found.degrade(images, settings, seeded()))


ODD: dict[str, Callable[[Tensor], Tensor]] = {
    "blur": lambda images: blurred(images, 3.0, seeded()),
    "noise": lambda images: noisy(images, 0.2, seeded()),
    "jpeg": lambda images: compressed(images, 50, seeded()),
    "flat colors": lambda images: flattened(images, 6),
    "edges": lambda images: outlines(images).expand_as(images),
    "holes": lambda images: torch.where(damage(images, 0.3, seeded()), 0.0, images),
}


@pytest.mark.parametrize("name", ODD)
def test_images_of_odd_sizes(name: str) -> None:
    for height, width in ((33, 47), (9, 8), (5, 3)):
        images = pictures(height, width)
        made = ODD[name](images)
        assert made.shape == images.shape
        assert made.dtype == torch.float32
        assert made.isfinite().all()
