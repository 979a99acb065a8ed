"""Images that are the same or nearly so: all of them, only they, and in no time."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from core.concurrency import run_to_end
from core.data.cache.stored_array import StoredArray
from core.data.dataset import Dataset
from core.data.health import duplicates
from core.data.health.image_statistics import ImageStatistics, image_statistics
from tests.core.photos import fill, finding, made_of, named, opened, photo, report_of


def encoded(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "saved": lambda image: encoded(image, 60),
    "halved": lambda image: image.resize((40, 40), Image.Resampling.LANCZOS),
    "enlarged": lambda image: image.resize((300, 300), Image.Resampling.BICUBIC),
    "lighter": lambda image: ImageEnhance.Brightness(image).enhance(1.08),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.85),
    "flatter": lambda image: ImageEnhance.Contrast(image).enhance(0.85),
    "hazy": lambda image: image.point(lambda value: value * 0.5 + 120),
    "paler": lambda image: ImageEnhance.Color(image).enhance(0.9),
    "softer": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
}


@pytest.mark.parametrize("kind", COPIES)
def test_changed_copies_are_near_and_other_photos_are_not(folder: Path, kind: str) -> None:
    fill(folder, 40)
    for number in range(20):
        COPIES[kind](photo(number)).save(folder / f"{number:03} {kind}.png")
    dataset = opened(folder)
    groups = finding(report_of(dataset), "near_duplicates").groups
    pairs = {tuple(sorted(named(dataset, group))) for group in groups}
    right = {(f"{number:03} {kind}.png", f"{number:03}.png") for number in range(20)}
    assert pairs <= right
    assert len(pairs) >= 18


def test_the_largest_of_near_duplicates_comes_first(folder: Path) -> None:
    for side in (40, 160, 80):
        photo(7, 160, 160).resize((side, side), Image.Resampling.LANCZOS).save(folder / f"{side}.png")
    fill(folder, 3)
    dataset = opened(folder)
    one = finding(report_of(dataset), "near_duplicates")
    (group,) = one.groups
    assert named(dataset, group)[0] == "160.png"
    assert sorted(named(dataset, one.excludable)) == ["40.png", "80.png"]


def discs(colors: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """On white, or on nothing."""
    y, x = np.mgrid[:32, :32]
    disc = np.hypot(y - 14, x - 17) < 9
    images = np.full((len(colors), channels, 32, 32), 255, np.uint8)
    images[:, 3:, ~disc] = 0
    for image, color in zip(images, colors, strict=True):
        image[:3, disc] = color[:, None]
    return images


@pytest.mark.parametrize("channels", [3, 4])
def test_the_same_shape_in_another_color_is_another_image(channels: int) -> None:
    colors = np.array([[200, 120, 70], [180, 120, 90], [60, 60, 220]], np.uint8)
    report = report_of(made_of(discs(colors, channels)))
    assert finding(report, "near_duplicates").severity == "good"


def test_frames_of_a_video_do_not_lead_from_one_to_all() -> None:
    first, last = (np.asarray(photo(seed, 64, 64), np.float32).transpose(2, 0, 1) for seed in (1, 2))
    share = np.linspace(0, 1, 300)[:, None, None, None]
    frames = (first * (1 - share) + last * share).astype(np.uint8)
    dataset = made_of(frames)
    groups = finding(report_of(dataset), "near_duplicates").groups
    assert len(groups) > 5
    sketch = statistics_of(dataset).sketch.astype(np.float32)
    for group in groups:
        assert np.linalg.norm(sketch[group] - sketch[group[0]], axis=1).max() < 0.1


def statistics_of(dataset: Dataset) -> Any:
    return run_to_end(image_statistics(dataset))


def test_equal_pixels_count_where_no_file_is_known() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 3, 16, 16), np.uint8)
    images[4], images[5] = images[1], images[1]
    one = finding(report_of(made_of(images)), "exact_duplicates")
    assert [group.tolist() for group in one.groups] == [[1, 4, 5]]
    assert one.excludable.tolist() == [4, 5]
    # Files that differ are no exact copies, whatever they show.
    report = report_of(made_of(images, content=np.arange(1, 7)))
    assert finding(report, "exact_duplicates").severity == "good"
    assert [group.tolist() for group in finding(report, "near_duplicates").groups] == [[1, 4, 5]]


@given(st.lists(st.integers(0, 5), max_size=30))
def test_exact_groups_are_all_of_an_equal_hash(content: list[int]) -> None:
    groups = [group.tolist() for group in duplicates.exact(np.array(content, np.uint64))]
    expected = [[row for row, other in enumerate(content) if other == each] for each in dict.fromkeys(content)]
    assert groups == [group for group in expected if len(group) > 1]


@settings(max_examples=50)
@given(seed=st.integers(0, 999), noise=st.lists(st.integers(0, 60), min_size=2, max_size=25))
def test_near_groups_are_near_and_their_firsts_are_not(seed: int, noise: list[int]) -> None:
    random = np.random.default_rng(seed)
    patches = np.asarray(photo(seed, 16, 16), np.int16).transpose(2, 0, 1)
    images = np.stack([patches + random.integers(-each, each + 1, patches.shape) for each in noise])
    dataset = made_of(images.clip(0, 255).astype(np.uint8))
    statistics = statistics_of(dataset)
    groups = run_to_end(duplicates.near(statistics, np.arange(len(noise))))

    def near(one: int, other: int) -> bool:
        bits = (int(statistics.hash[one]) ^ int(statistics.hash[other])).bit_count()
        away = np.linalg.norm(statistics.sketch[one].astype(np.float32) - statistics.sketch[other].astype(np.float32))
        return bits <= duplicates.NEAR_BITS and bool(away <= duplicates.NEAR_SKETCH)

    members = [row for group in groups for row in group.tolist()]
    assert len(set(members)) == len(members)
    assert all(near(group[0], row) for group in groups for row in group[1:])
    kept = sorted(set(range(len(noise))) - {row for group in groups for row in group[1:].tolist()})
    assert not [(one, other) for one in kept for other in kept if one < other and near(one, other)]


def test_empty_images_are_no_duplicates_of_each_other() -> None:
    random = np.random.default_rng(0)
    levels = np.array([4, 40, 90, 130, 200, 250])[:, None, None, None]
    empty = levels + random.integers(-4, 5, (3, 32, 32))  # the grain of one paper
    images = np.concatenate([empty, random.integers(0, 256, (4, 3, 32, 32))]).astype(np.uint8)
    report = report_of(made_of(images))
    assert finding(report, "near_empty").groups[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert finding(report, "near_duplicates").severity == "good"


@pytest.mark.parametrize("content", [0, 7])
def test_a_hundred_thousand_equal_images_take_no_time(content: int) -> None:
    one = np.asarray(photo(0, 8, 8)).transpose(2, 0, 1)
    started = time.process_time()
    report = report_of(made_of(np.broadcast_to(one, (100_000, 3, 8, 8)), content=content))
    assert len(finding(report, "exact_duplicates").excludable) == 99_999
    assert finding(report, "near_duplicates").severity == "good"
    assert time.process_time() - started < 10


def test_a_crowd_that_shares_its_hash_takes_time_in_proportion() -> None:
    def taken(count: int) -> float:
        sketch = np.random.default_rng(0).normal(size=(count, 64)).astype(np.float16)  # all of them far apart
        rows, none = np.arange(count), np.zeros(count, np.float32)
        statistics = ImageStatistics(
            rows.astype(np.uint64), np.full(count, 7, np.uint64), sketch, none, none.astype(np.uint8)
        )
        started = time.process_time()
        assert run_to_end(duplicates.near(statistics, rows)) == []
        return time.process_time() - started

    assert taken(4000) < 8 * taken(1000)


def test_memory_stays_far_below_that_of_the_images(tmp_path: Path) -> None:
    path = tmp_path / "images.npy"
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (4000, 3, 64, 64))
    for start in range(0, 4000, 500):
        images[start : start + 500] = np.random.default_rng(start).integers(0, 256, (500, 3, 64, 64), np.uint8)
    images.flush()
    dataset = made_of(StoredArray(path))
    tracemalloc.start()
    report_of(dataset)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < dataset.images.nbytes / 2
