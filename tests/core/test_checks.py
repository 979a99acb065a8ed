"""Checks of classes, numbers of images, originals and colors, at both sides of their thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.presets import FitContext, presets
from tests.core.photos import fill, finding, found, made_of, named, opened, photo, report_of


def counts_of(*counts: int) -> Dataset:
    labels = np.repeat(np.arange(len(counts)), counts)
    return made_of(np.random.default_rng(0).integers(0, 256, (len(labels), 1, 8, 8), np.uint8), labels)


@pytest.mark.parametrize(
    ("counts", "severity", "groups", "said"),
    [
        ((60, 60), "good", [], "each has 60 images"),
        ((60, 100), "good", [], "'class 0' has 60 images, 'class 1' has 100"),
        ((60, 300), "warning", [60], "'class 0' has 60 images, 'class 1' has 300"),
        ((1, 100, 60), "warning", [1], "'class 0' has 1 image, 'class 1' has 100"),
        ((49, 50), "note", [49], "1 of 2 classes has few images"),
        ((10, 10), "note", [10, 10], "each has 10 images"),
    ],
)
def test_classes(counts: tuple[int, ...], severity: str, groups: list[int], said: str) -> None:
    one = finding(report_of(counts_of(*counts)), "classes")
    assert (one.severity, [len(group) for group in one.groups]) == (severity, groups)
    assert said in one.text


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (["a", "b", "."], "The folders 'a', 'b' are not used as classes, because 3 images are outside them."),
        (["cats/tabby", "dogs/husky", "cats/siamese"], "because 9 images are in their subfolders."),
        (["a", "b", "b/more"], "because 3 images are in their subfolders."),
        (["a", "b"], ""),
        (["a"], ""),
        (["."], ""),
    ],
)
def test_folders_that_are_no_classes_are_said(tmp_path: Path, places: list[str], said: str) -> None:
    for place in places:
        fill(tmp_path / "set" / place, 3)
    told = {each.kind: each.text for each in report_of(opened(tmp_path / "set")).findings}
    assert said in told.get("folders", "")
    assert ("folders" in told) == bool(said)


@pytest.mark.parametrize(
    ("count", "side", "augment", "severity"),
    [
        (2000, 16, "none", "good"),
        (1999, 16, "none", "note"),
        (499, 16, "none", "warning"),
        (500, 16, "ada", "good"),
        (499, 16, "diffaug", "note"),
        (124, 16, "diffaug", "warning"),
        (999, 128, "diffaug", "note"),
        (1000, 128, "diffaug", "good"),
    ],
)
def test_how_many_images_are_few(count: int, side: int, augment: str, severity: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (count, 1, side, side), np.uint8)
    one = finding(report_of(made_of(images), augment=augment), "few_images")
    assert one.severity == severity
    assert ("Turn on augmentation" in one.suggestion) == (severity != "good" and augment == "none")


def test_few_images_are_augmented_as_the_preset_does_it() -> None:
    studio = next(iter(presets().values()))
    for count, side in ((300, 16), (999, 64), (1360, 64), (1360, 32)):
        images = np.random.default_rng(0).integers(0, 256, (count, 1, side, side), np.uint8)
        one = finding(report_of(made_of(images), augment="none"), "few_images")
        fitted = studio.fitted(FitContext(count, accelerator=False), resolution=side)
        assert one.remedies[0].settings == {"augment": fitted.augment}


def test_copies_do_not_make_a_dataset_larger() -> None:
    images = np.random.default_rng(0).integers(0, 256, (600, 1, 8, 8), np.uint8)
    images[300:] = images[:300]
    assert "Only 300 images" in finding(report_of(made_of(images)), "few_images").text


@pytest.mark.parametrize(
    ("size", "fit", "small"),
    [
        ((32, 32), "crop", False),
        ((28, 28), "crop", False),
        ((24, 24), "crop", True),
        ((24, 80), "crop", True),
        ((24, 80), "stretch", True),
        ((24, 80), "pad", False),
    ],
)
def test_originals_that_are_enlarged(folder: Path, size: tuple[int, int], fit: Any, small: bool) -> None:
    fill(folder, 12)
    photo(99, *size).save(folder / "a.png")
    dataset = opened(folder, Preparation((32, 32), fit=fit))
    one = finding(report_of(dataset, Preparation((32, 32), fit=fit)), "small_originals")
    assert (one.severity == "note") == small
    assert named(dataset, one.excludable) == (["a.png"] if small else [])


def test_if_most_originals_are_small_the_resolution_is_wrong(folder: Path) -> None:
    for number in range(4):
        photo(number, 20, 22).save(folder / f"{number}.png")
    report = report_of(opened(folder))
    one = finding(report, "small_originals")
    assert (one.severity, len(one.excludable), report.resolution) == ("warning", 0, 16)
    assert "lower resolution" in one.suggestion


@pytest.mark.parametrize(
    ("size", "fit", "better", "said"),
    [
        ((90, 60), "crop", "crop", ""),
        ((160, 90), "crop", "smart", "smart crop"),
        ((90, 160), "crop", "smart", "grid 4x7"),
        ((160, 90), "smart", "smart", "Leave out, pad"),
        ((160, 90), "stretch", "smart", "smart crop"),
        ((240, 80), "crop", "pad", "Pad the images"),
        ((240, 80), "smart", "pad", "grid 12x4"),
        ((240, 80), "pad", "pad", "Leave out, pad"),
    ],
)
def test_proportions_and_the_fit_that_suits_them(
    folder: Path, size: tuple[int, int], fit: Any, better: str, said: str
) -> None:
    for number in range(10):
        photo(number, *size).save(folder / f"{number}.png")
    how = Preparation((32, 32), fit=fit)
    report = report_of(opened(folder, how), how)
    one = finding(report, "proportions")
    assert report.fit == better
    assert (one.severity, len(one.groups)) == (("good", 0) if better == "crop" else ("warning", 1))
    assert said in one.suggestion
    # Trained in their own shape they lose nothing.
    own = Preparation((32 * size[0] // size[1], 32))
    assert found(folder, "proportions", own).severity == "good"


def test_mixed_shapes_have_no_grid(folder: Path) -> None:
    fill(folder, 10)
    for number, size in enumerate(((200, 80), (80, 200))):
        photo(number, *size).save(folder / f"x{number}.png")
    one = found(folder, "proportions")
    assert "grid" not in one.suggestion
    assert len(one.excludable) == 0


def test_colors_are_those_of_the_pixels(folder: Path) -> None:
    for number in range(5):
        photo(number).convert("L").convert("RGB").save(folder / f"{number}.jpg")
    one = found(folder, "colours")
    assert (one.severity, one.text) == ("good", "All images are grayscale.")
    photo(9).save(folder / "9.png")
    dataset = opened(folder)
    one = finding(report_of(dataset), "colours")
    assert named(dataset, one.excludable) == ["9.png"]
    assert "1 of 6 images is in color, the others grayscale" in one.text
    fill(folder, 12)
    assert "are grayscale, the others in color" in found(folder, "colours").text


def drawing(number: int, clear: bool) -> Image.Image:
    image = photo(number).convert("RGBA")
    if clear:
        image.paste((0, 0, 0, 0), (0, 0, 40, 80))
    return image


def test_transparency_lost_kept_and_mixed(folder: Path) -> None:
    kept = Preparation((32, 32), alpha=True)
    for number in range(4):
        drawing(number, clear=False).save(folder / f"{number}.png")
    assert found(folder, "transparency", kept).severity == "good"
    drawing(9, clear=True).save(folder / "clear.png")
    drawing(10, clear=True).quantize(16).save(folder / "palette.png")
    lost = found(folder, "transparency")
    assert "2 of 6 images are partly transparent" in lost.text
    assert "background" in lost.text
    mixed = found(folder, "transparency", kept)
    assert "the others opaque" in mixed.text
    assert len(mixed.excludable) == 2
    for number in range(4):
        (folder / f"{number}.png").unlink()
    assert found(folder, "transparency", kept).severity == "good"


def test_white_drawings_on_nothing_are_neither_empty_nor_alike() -> None:
    images = np.full((200, 4, 32, 32), 255, np.uint8)
    for number, image in enumerate(images):
        image[3] = np.asarray(photo(number, 32, 32).convert("L"))
    images[199, 3] = images[3, 3] * 0.9
    report = report_of(made_of(images, content=np.arange(1, 201), transparent=True))
    assert finding(report, "near_empty").severity == "good"
    assert [group.tolist() for group in finding(report, "near_duplicates").groups] == [[3, 199]]
