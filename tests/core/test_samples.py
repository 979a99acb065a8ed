"""The built-in samples: the same pixels every time, balanced, legible by a simple classifier, inside their frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.config.preparation import Preparation
from core.data.builtin import digits, samples, shapes
from core.data.builtin.glyphs import GLYPHS, SEGMENTS
from core.data.items import Picture
from core.data.prepare import prepare
from tests.core.work import all_of


def drawn(name: str, count: int, width: int, height: int | None = None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures (count, C, H, W), square without `height`, and labels of a sample, without its cache."""
    sample = samples.Sample(name, digits if name == "digits" else shapes)
    pictures = []
    for picture in sample.read(Preparation((width, height or width), alpha=True)):
        if picture is None:  # nothing is ready yet: the drawing goes on in other threads
            continue
        assert isinstance(picture, Picture)
        pictures.append(picture)
        if len(pictures) == count:
            break
    return np.stack([each.pixels for each in pictures]), np.array([each.label for each in pictures])


@pytest.mark.parametrize(("name", "resolution", "shape"), [("digits", 32, (10_000, 1)), ("shapes", 16, (5_000, 3))])
def test_a_sample_goes_through_the_cache(tmp_path: Path, name: str, resolution: int, shape: tuple[int, int]) -> None:
    events, dataset = all_of(prepare(f"sample:{name}", Preparation((resolution, resolution)), cache=tmp_path))
    assert dataset.images.shape == (*shape, resolution, resolution)
    assert (dataset.source, dataset.title) == (f"sample:{name}", f"Sample: {name}")
    assert dataset.labels is not None
    assert len(set(np.bincount(dataset.labels).tolist())) == 1
    assert len(events) > 100
    events, again = all_of(prepare(f"sample:{name}", Preparation((resolution, resolution)), cache=tmp_path))
    assert not events
    assert again.fingerprint == dataset.fingerprint
    assert np.array_equal(drawn(name, 64, resolution)[0], dataset.images[:64])


@pytest.mark.parametrize(("name", "resolution"), [("digits", 32), ("shapes", 64)])
def test_suggested_resolution(name: str, resolution: int) -> None:
    suggestion = samples.Sample(name, digits if name == "digits" else shapes).suggest()
    with pytest.raises(StopIteration) as stopped:
        next(suggestion)
    assert stopped.value.value == resolution


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_every_resolution_shows_the_same_pictures(name: str) -> None:
    small, labels = drawn(name, 40, 32)
    large, same = drawn(name, 40, 128)
    assert np.array_equal(labels, same)
    shrunk = large.reshape(40, -1, 32, 4, 32, 4).mean(axis=(3, 5))
    assert np.abs(shrunk - small).mean() < 3


@pytest.mark.parametrize("name", ["digits", "shapes"])
@pytest.mark.parametrize(("width", "height"), [(96, 64), (64, 96), (128, 64), (65, 64)])
def test_beyond_the_middle_square_only_the_background_goes_on(name: str, width: int, height: int) -> None:
    square, labels = drawn(name, 40, 64)
    images, same = drawn(name, 40, width, height)
    assert images.shape == (40, square.shape[1], height, width)
    assert np.array_equal(labels, same)
    left, top = (width - 64) // 2, (height - 64) // 2
    if width % 2 == 0:  # else the pixels lie half a pixel apart
        assert np.abs(images[:, :, top : top + 64, left : left + 64] - square.astype(int)).max() <= 1
    if name == "digits":
        assert images.sum() == pytest.approx(square.sum(), rel=0.01)
    # No shape is cut: along the frame there is only the background, whose gradient has no jumps.
    for side in (images[..., 0, :], images[..., -1, :], images[..., 0], images[..., -1]):
        assert np.abs(np.diff(side.astype(int))).max() <= 6


def test_digits_are_white_strokes_inside_a_black_frame() -> None:
    images, _ = drawn("digits", 2000, 32)
    border = np.concatenate([images[..., 0, :], images[..., -1, :], images[..., 0], images[..., -1]], axis=-1)
    assert border.max() == 0
    assert (images.reshape(2000, -1).max(axis=1) == 255).mean() > 0.95
    covered = (images > 127).mean()
    assert 0.06 < covered < 0.25
    assert len(np.unique(images)) > 200  # antialiased


@pytest.mark.parametrize(("name", "resolution", "least"), [("digits", 16, 0.9), ("shapes", 32, 0.6)])
def test_classes_can_be_told_apart(name: str, resolution: int, least: float) -> None:
    images, labels = drawn(name, 3000, resolution)
    pixels: NDArray[Any] = images.reshape(3000, -1).astype(np.float32) / 255
    if name == "shapes":  # color, place and turn say nothing: compare how the picture's edges are distributed
        pixels = _radial(images.astype(np.float32))
    known, asked = pixels[:2500], pixels[2500:]
    distance = (asked**2).sum(1)[:, None] - 2 * asked @ known.T + (known**2).sum(1)
    assert (labels[:2500][distance.argmin(1)] == labels[2500:]).mean() > least


def _radial(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns histograms (N, 12) of the distance of foreground pixels to their center, in units of its size."""
    corner = images[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].mean(axis=2)[:, :, None, None]
    away = np.abs(images - corner).sum(axis=1)
    rows = []
    for picture in away:
        y, x = np.nonzero(picture > 0.5 * picture.max())
        radius = np.hypot(x - x.mean(), y - y.mean())
        rows.append(np.histogram(radius / np.sqrt(len(radius)), 12, (0, 1.2))[0] / len(radius))
    return np.array(rows, np.float32)


def test_glyphs_fit_one_array_and_the_middle_of_the_picture() -> None:
    assert len(GLYPHS) == 10
    for ways in GLYPHS:
        for glyph in ways:
            assert glyph.shape == (SEGMENTS, 2, 2)
            assert np.abs(glyph[..., 0]).max() <= 0.5
            assert np.abs(glyph[..., 1]).max() <= 0.68
