"""The data layer on real files: every format and mode, every way to be broken, the cache, and every `UserError`."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from core.concurrency import run_to_end
from core.config.preparation import Preparation, Size
from core.data.cache.entries import cache_folder
from core.data.cache.quota import GB, limit, set_limit
from core.data.decode import NO_WHITES, Whites
from core.data.formats import image_files
from core.data.items import Picture, Skipped
from core.data.prepare import prepare
from core.data.records import RECORD
from core.events import FirstImages, Progress
from tests.core.images import (
    HEIC,
    SMALL,
    colored,
    encoded,
    fill,
    listing,
    opened,
    packed,
    plain,
    png_header,
    problem,
    reasons,
)
from tests.core.photos import report_of
from tests.core.work import all_of


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_STUDIO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "datasets"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my images"
    made.mkdir()
    return made


def one(
    folder: Path, image: Image.Image, name: str = "a.png", size: Size = SMALL, alpha: bool = False, **options: Any
) -> Any:
    """The first picture, as (H, W, C), of a dataset that holds `image` twice."""
    image.save(folder / name, **options)
    shutil.copy(folder / name, folder / f"z{name}")
    return opened(folder, size, alpha=alpha).images[0].transpose(1, 2, 0)


# Formats and modes


@pytest.mark.parametrize(
    "name", ["a.png", "a.JPG", "a.jpeg", "a.webp", "a.bmp", "a.gif", "a.tif", "a.TIFF", "a.avif", "a.jfif"]
)
def test_every_format_is_read(folder: Path, name: str) -> None:
    picture = one(folder, plain((200, 60, 20)), name)
    assert picture.shape == (16, 16, 3)
    assert np.abs(picture.astype(int) - (200, 60, 20)).max() < 12


@pytest.mark.parametrize(
    ("image", "name", "expected"),
    [
        (plain(1, "1"), "a.png", (255,)),
        (plain(77, "L"), "a.png", (77,)),
        (plain((0, 0), "LA"), "a.png", (255,)),
        (plain((0, 255), "LA"), "a.png", (0,)),
        (plain((255, 0, 0, 0), "RGBA"), "a.png", (255,)),
        (plain((255, 0, 0, 51), "RGBA"), "a.png", (255, 204, 204)),
        (plain((0, 255, 255, 0), "CMYK"), "a.tif", (255, 0, 0)),
        (plain((90, 90, 90)), "a.png", (90,)),
        (plain(0x8000, "I;16"), "a.png", (128,)),
        (plain(0xFFFF, "I;16"), "a.tif", (255,)),
        (plain(0.5, "F"), "a.tif", (128,)),
        (plain(100.0, "F"), "a.tif", (100,)),
        (plain(-7, "I"), "a.tif", (0,)),
    ],
)
def test_every_mode_becomes_gray_or_rgb(folder: Path, image: Image.Image, name: str, expected: Any) -> None:
    picture = one(folder, image, name)
    assert picture.shape == (16, 16, len(expected))
    assert (picture == expected).all()


def test_palettes_with_and_without_transparency(folder: Path) -> None:
    red = plain((250, 0, 0)).quantize(4)
    assert (one(folder, red, "a.gif") == (250, 0, 0)).all()
    assert (one(folder, red, "0.png", transparency=red.getpixel((0, 0))) == 255).all()


def test_cmyk_jpeg(folder: Path) -> None:
    picture = one(folder, plain((0, 255, 255, 0), "CMYK"), "a.jpg")
    assert np.abs(picture.astype(int) - (255, 0, 0)).max() < 12


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.tif", "a.webp", "a.avif"])
def test_only_the_first_frame_is_used_and_the_others_are_named(folder: Path, name: str) -> None:
    picture = one(folder, plain((255, 0, 0)), name, save_all=True, append_images=[plain((0, 0, 255))])
    assert np.abs(picture.astype(int) - (255, 0, 0)).max() <= 4
    plain((9, 8, 7)).save(folder / f"single{name}")
    report = report_of(opened(folder))
    (found,) = (each for each in report.findings if each.kind == "frames")
    assert found.text == "2 of 3 files hold several frames or pages. Only the first is used."
    assert [group.tolist() for group in found.groups] == [[0, 2]]
    assert "separate files" in found.suggestion
    assert found.severity == "warning"


def test_the_smaller_copy_within_a_tiff_is_no_second_page(folder: Path) -> None:
    smaller = plain((255, 0, 0), size=SMALL)
    smaller.encoderinfo = {"tiffinfo": {254: 1}}
    one(folder, plain((255, 0, 0)), "a.tif", save_all=True, append_images=[smaller])
    with Image.open(folder / "a.tif") as image:
        assert getattr(image, "n_frames", 1) == 2
    assert not opened(folder).records.table["frames"].any()


TURNED = (
    (2, Image.Transpose.FLIP_LEFT_RIGHT),
    (3, Image.Transpose.ROTATE_180),
    (4, Image.Transpose.FLIP_TOP_BOTTOM),
    (5, Image.Transpose.TRANSPOSE),
    (6, Image.Transpose.ROTATE_90),  # undone by turning 270 degrees
    (7, Image.Transpose.TRANSVERSE),
    (8, Image.Transpose.ROTATE_270),
)
"""Orientations, and how a picture is stored so that they bring it upright."""


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_photos_are_turned_upright(folder: Path, orientation: int, name: str) -> None:
    # A bright corner, stored so that the orientation brings it to the top left.
    upright = np.zeros((32, 32), np.uint8)
    upright[:16, :16] = 255
    image = Image.fromarray(upright)
    stored = image if orientation == 1 else image.transpose(dict(TURNED)[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = one(folder, stored, name, exif=exif)[..., 0]
    assert picture[:7, :7].min() > 240
    assert picture[9:, :].max() < 15
    assert picture[:, 9:].max() < 15


def test_the_middle_is_cut_out_and_sizes_are_counted_as_displayed(folder: Path) -> None:
    wide = np.zeros((32, 96, 3), np.uint8)
    wide[:, 32:64] = (0, 200, 0)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(wide).save(folder / "a.png")
    Image.fromarray(wide).save(folder / "b.png", exif=exif)
    dataset = opened(folder)
    assert (dataset.images[:] == np.array([0, 200, 0], np.uint8)[None, :, None, None]).all()
    assert dataset.records.sizes() == {"96 x 32": 1, "32 x 96": 1}


def test_large_jpegs_are_shrunk_without_aliasing(folder: Path) -> None:
    stripes = np.zeros((1024, 1024), np.uint8)
    stripes[:, ::2] = 255
    picture = one(folder, Image.fromarray(stripes), "a.jpg", quality=95)
    assert np.abs(picture.astype(int) - 127).max() < 8


def test_a_gray_dataset_has_one_channel_until_the_first_color(folder: Path) -> None:
    for index in range(70):
        plain(index * 3, "L").save(folder / f"{index}.png")
    assert opened(folder).images.shape == (70, 1, 16, 16)
    plain((1, 2, 3)).save(folder / "999.png")
    images = opened(folder).images[:]
    assert images.shape == (71, 3, 16, 16)
    assert (images[:70] == (np.arange(70) * 3)[:, None, None, None]).all()
    assert images[70][:, 0, 0].tolist() == [1, 2, 3]


# Sizes that are not square


def smooth(width: int, height: int) -> Image.Image:
    """Different everywhere, and without the fine detail in which two ways of shrinking could differ."""
    y, x = np.mgrid[:height, :width]
    planes = (x * 255 // width, y * 255 // height, 127 + 100 * np.sin(x / 30) * np.cos(y / 25))
    return Image.fromarray(np.stack(planes, axis=-1).astype(np.uint8))


def middle_of(image: Image.Image, size: Size) -> Any:
    """Cut to the proportions of `size` about the middle, to a fraction of a pixel, and resized."""
    width, height = image.size
    if width * size[1] > height * size[0]:
        cut = (height * size[0] / size[1], float(height))
    else:
        cut = (float(width), width * size[1] / size[0])
    left, top = (width - cut[0]) / 2, (height - cut[1]) / 2
    box = (left, top, left + cut[0], top + cut[1])
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, box)).astype(int)


@pytest.mark.parametrize("size", [(24, 16), (16, 24), (96, 64), (8, 128), (16, 16)])
@pytest.mark.parametrize("original", [(400, 160), (160, 400), (300, 200), (250, 250)])
def test_the_middle_of_wide_and_tall_originals(folder: Path, original: Size, size: Size) -> None:
    image = smooth(*original)
    picture = one(folder, image, size=size)
    assert picture.shape == (size[1], size[0], 3)
    # The cut is made at whole pixels of the original, half a pixel away at most.
    assert np.abs(picture - middle_of(image, size)).max() <= 5


@pytest.mark.parametrize("original", [(1, 1), (1, 900), (5, 3), (900, 2)])
def test_originals_smaller_than_a_pixel_of_the_cut(folder: Path, original: Size) -> None:
    assert (one(folder, plain((9, 120, 230), size=original), size=(96, 64)) == (9, 120, 230)).all()


@pytest.mark.parametrize(("orientation", "method"), TURNED)
def test_photos_on_their_side_keep_the_wanted_shape(folder: Path, orientation: int, method: Image.Transpose) -> None:
    upright = smooth(300, 160)
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("a.png", "a.jpg"):
        picture = one(folder, upright.transpose(method), name, (24, 16), exif=exif, quality=98, subsampling=0)
        assert np.abs(picture - middle_of(upright, (24, 16))).max() < 12


def test_squares_have_the_fingerprints_that_they_always_had(folder: Path) -> None:
    for index in range(4):
        plain(index * 60, "L", SMALL).save(folder / f"{index}.png")
    assert opened(folder).fingerprint == "d1911461915b4e4e3eb657be0849a3e4"
    plain((255, 0, 9), size=SMALL).save(folder / "9.png")
    assert opened(folder).fingerprint == "e72e4c9ef6fefdc72c9c069ee1d43646"


# Transparency


def disc(color: tuple[int, int, int], side: int, beneath: tuple[int, int, int] = (0, 0, 0)) -> Image.Image:
    """A disc with a soft edge; what its transparent surroundings hold in the file is `beneath`."""
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    alpha = np.clip(side * 0.35 - np.hypot(x, y) + 0.5, 0, 1)
    pixels = np.where(alpha[..., None] > 0, color, beneath).astype(np.uint8)
    return Image.fromarray(np.concatenate([pixels, np.rint(alpha * 255).astype(np.uint8)[..., None]], axis=-1))


@pytest.mark.parametrize("side", [20, 32, 128, 1000])
@pytest.mark.parametrize("size", [(32, 32), (48, 32)])
def test_edges_have_no_fringes(folder: Path, side: int, size: Size) -> None:
    picture = one(folder, disc((255, 255, 255), side), size=size, alpha=True)
    assert picture.shape == (size[1], size[0], 4)
    assert picture[..., :3].min() == 255
    assert len(np.unique(picture[..., 3])) > 6
    picture = one(folder, disc((200, 60, 20), side), size=size, alpha=True).astype(int)
    shown = picture[picture[..., 3] > 0]
    assert np.abs(shown[:, :3] - (200, 60, 20)).max() <= 6
    # No second outline around it, and none inside: those are what a filter with negative lobes draws.
    y, x = np.mgrid[: size[1], : size[0]] + 0.5
    away = np.hypot(x - size[0] / 2, y - size[1] / 2)
    radius, soft = 0.35 * size[0], max(1.5, 2 * size[0] / side)
    assert (picture[away > radius + soft] == (255, 255, 255, 0)).all()
    assert (picture[away < radius - soft] == (200, 60, 20, 255)).all()


@pytest.mark.parametrize("side", [16, 128])
def test_on_white_it_is_the_picture_without_alpha(folder: Path, side: int) -> None:
    image = disc((200, 60, 20), side, beneath=(0, 255, 0))
    flat = one(folder, image).astype(int)
    kept = one(folder, image, alpha=True).astype(float)
    opacity = kept[..., 3:] / 255
    assert np.abs(kept[..., :3] * opacity + 255 * (1 - opacity) - flat).max() < 25  # another filter, a softer edge
    assert flat.shape == (16, 16, 3)


@pytest.mark.parametrize("size", [SMALL, (32, 32), (48, 32)])
@pytest.mark.parametrize(
    ("image", "name", "expected"),
    [
        (plain((255, 0, 0, 51), "RGBA"), "a.png", (255, 0, 0, 51)),
        (plain((7, 8, 9, 0), "RGBA"), "a.png", (255, 255, 255, 0)),
        (plain((7, 8, 9, 255), "RGBA"), "a.png", (7, 8, 9)),
        (plain((70, 80, 90, 255), "RGBA"), "a.webp", (70, 80, 90)),
        (plain((102, 204, 51, 85), "RGBA"), "a.tif", (102, 204, 51, 85)),
        (plain((30, 102), "LA"), "a.png", (30, 30, 30, 102)),
        (plain((30, 0), "LA"), "a.png", (255, 255, 255, 0)),
        (plain((30, 255), "LA"), "a.png", (30,)),
        (plain(90, "L"), "a.png", (90,)),
        (plain((0, 255, 255, 0), "CMYK"), "a.tif", (255, 0, 0)),
        (plain(0x8000, "I;16"), "a.png", (128,)),
    ],
)
def test_every_mode_keeps_its_alpha(folder: Path, image: Image.Image, name: str, expected: Any, size: Size) -> None:
    options: dict[str, Any] = {"lossless": True} if name.endswith("webp") else {}
    picture = one(folder, image, name, size, alpha=True, **options)
    assert picture.shape == (size[1], size[0], len(expected))
    assert np.abs(picture.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_the_transparent_color_of_a_palette(folder: Path, name: str) -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, :16], pixels[:, 16:] = (250, 0, 0), (0, 0, 250)
    image = Image.fromarray(pixels).quantize(4)
    left = image.getpixel((0, 0))
    picture = one(folder, image, name, alpha=True, transparency=left)
    assert (picture[:, :7] == (255, 255, 255, 0)).all()
    assert (picture[:, 9:] == (0, 0, 250, 255)).all()
    assert (picture[..., 3] > 0).sum() * 2 >= picture.shape[0] * picture.shape[1]
    assert set(map(tuple, picture[picture[..., 3] > 0][:, :3].tolist())) == {(0, 0, 250)}


def test_transparent_pictures_stand_upright_too(folder: Path) -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[16:, :16] = (10, 200, 30, 255)  # the lower left, which turning clockwise brings to the upper left
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = one(folder, Image.fromarray(pixels), alpha=True, exif=exif)
    assert (picture[:7, :7] == (10, 200, 30, 255)).all()
    assert (picture[9:] == (255, 255, 255, 0)).all()


def test_one_transparent_picture_makes_all_of_them_rgba(folder: Path) -> None:
    for index in range(70):
        plain(index * 3, "L").save(folder / f"{index}.png")
    assert opened(folder, alpha=True).images.shape == (70, 1, 16, 16)
    plain((10, 20, 30, 102), "RGBA").save(folder / "998.png")
    assert opened(folder, alpha=True).images.shape == (71, 4, 16, 16)
    plain((1, 2, 3)).save(folder / "100.png")
    plain((4, 5, 6)).save(folder / "999.png")
    images = opened(folder, alpha=True).images[:]
    assert images.shape == (73, 4, 16, 16)
    assert (images[:70, :3] == (np.arange(70) * 3)[:, None, None, None]).all()
    assert (images[[*range(71), 72], 3] == [[[255]]]).all()
    assert images[70:, :, 0, 0].tolist() == [[1, 2, 3, 255], [10, 20, 30, 102], [4, 5, 6, 255]]
    assert opened(folder).images.shape == (73, 3, 16, 16)


def test_alpha_changes_nothing_where_everything_is_opaque(folder: Path) -> None:
    fill(folder)
    colored(7).convert("RGBA").save(folder / "opaque.png")
    with_alpha, without = opened(folder, alpha=True), opened(folder)
    assert with_alpha.images.shape == (4, 3, 16, 16)
    assert with_alpha.fingerprint == without.fingerprint


def test_what_is_cut_off_need_not_be_opaque(folder: Path) -> None:
    pixels = np.full((32, 64, 4), 255, np.uint8)
    pixels[:, :8] = 0
    image = Image.fromarray(pixels)
    assert one(folder, image, alpha=True).shape == (16, 16, 1)
    assert one(folder, image, size=(32, 16), alpha=True).shape == (16, 32, 4)


# Folders


def test_suggested_resolution_is_the_power_of_two_below_the_median_side(folder: Path) -> None:
    for index, side in enumerate((20, 100, 2000)):
        plain((index, 0, 9), size=(side, 2 * side)).save(folder / f"{index}.png")
    assert opened(folder, None).size == (64, 64)


@pytest.mark.parametrize(("side", "expected"), [(5, 16), (16, 16), (64, 64), (700, 64)])
def test_suggestions_stay_in_range(folder: Path, side: int, expected: int) -> None:
    one(folder, plain((9, 8, 7), size=(side, side)))
    assert opened(folder, None).size == (expected, expected)


def test_subfolders_are_classes_in_natural_order(folder: Path) -> None:
    for name in ("class 10", "class 2", "Élan"):
        fill(folder / name, 2)
    dataset = opened(folder)
    assert dataset.classes == ("class 2", "class 10", "Élan")
    assert dataset.labels is not None
    assert dataset.labels.dtype == np.int64
    assert dataset.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert dataset.title == "my images"
    assert dataset.source == str(folder)


def test_classes_are_found_though_first_images_were_shown(folder: Path) -> None:
    for name in "ab":
        fill(folder / name, 10)
    assert any(isinstance(event, FirstImages) for event in prepare(folder, Preparation(SMALL)))
    dataset = opened(folder)
    assert dataset.classes == ("a", "b")
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0] * 10 + [1] * 10


@pytest.mark.parametrize("stray", ["x.png", "a/deep/x.png"])
def test_no_classes_when_an_image_lies_elsewhere(folder: Path, stray: str) -> None:
    fill(folder / "a")
    fill(folder / "b")
    (folder / stray).parent.mkdir(exist_ok=True)
    colored().save(folder / stray)
    dataset = opened(folder)
    assert (dataset.labels, dataset.classes, len(dataset.images)) == (None, (), 7)


def test_classes_without_a_readable_image_are_left_out(folder: Path) -> None:
    fill(folder / "a")
    (folder / "b").mkdir()
    (folder / "b" / "broken.png").write_bytes(b"broken")
    fill(folder / "c")
    dataset = opened(folder)
    assert dataset.classes == ("a", "c")
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_hidden_files_other_files_and_looping_links(folder: Path) -> None:
    fill(folder / "real")
    fill(folder / ".hidden")
    (folder / "notes.txt").write_text("not an image, and not worth a word")
    (folder / ".x.png").write_bytes(b"")
    (folder / "loop").symlink_to(folder)
    (folder / "again").symlink_to(folder / "real")
    (folder / "self.png").symlink_to(folder / "self.png")
    (folder / "gone.png").symlink_to(folder / "nothing.png")
    os.mkfifo(folder / "pipe.png")
    dataset = opened(folder)
    assert len(dataset.images) == 3
    assert reasons(dataset) == {
        "self.png": "it cannot be accessed",
        "gone.png": "broken link",
        "pipe.png": "not a regular file",
    }


@pytest.mark.parametrize("name", ["0.heic", "0.HEIF", "0.jpg", "IMG_0001"])
def test_photos_of_phones_are_read(folder: Path, name: str) -> None:
    for index in range(2):
        (folder / f"{index}{name}").write_bytes(HEIC)
    dataset = opened(folder)
    assert dataset.skipped == ()
    assert np.abs(np.asarray(dataset.images).astype(int) - np.array((200, 60, 20))[:, None, None]).max() <= 2
    assert dataset.records.sizes() == {"64 x 48": 2}


@pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without it")
@pytest.mark.parametrize("brand", [b"avif", b"mif1", b"msf1"])
def test_an_avif_is_told_by_all_of_its_brands(brand: bytes, folder: Path) -> None:
    data = encoded(plain((200, 60, 20), size=(64, 48)), "AVIF")
    assert data[4:12] == b"ftypavif"
    for index in range(2):
        (folder / f"{index}.avif").write_bytes(data[:8] + brand + data[12:])
    dataset = opened(folder)
    assert dataset.skipped == ()
    assert len(dataset.images) == 2


@pytest.mark.parametrize("name", ["zwölf 猫", "line\nbreak", "wie 'das' \"hier\"", os.fsdecode(b"\xff\xfe")])
def test_names_in_any_script(tmp_path: Path, name: str) -> None:
    try:
        fill(tmp_path / name / name)
    except OSError:
        pytest.skip("this disk does not take the name")
    fill(tmp_path / name / "b")
    (tmp_path / name / "b" / f"{name}.png").write_bytes(b"broken")
    dataset = opened(tmp_path / name)
    assert len(dataset.images) == 6
    json.dumps([dataset.title, dataset.classes, dataset.skipped[0].name], ensure_ascii=False).encode("utf-8")


def test_the_dataset_folder_is_left_alone(folder: Path) -> None:
    fill(folder / "a")
    fill(folder / "b")
    before = listing(folder)
    opened(folder, None)
    opened(folder, (32, 24), alpha=True)
    assert listing(folder) == before


# Skipped files


def test_unreadable_files_are_named_with_reasons(folder: Path) -> None:
    fill(folder)
    (folder / "text.png").write_text("hello")
    (folder / "empty.jpg").touch()
    whole = encoded(colored(width=200, height=200), "JPEG")
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "huge.png").write_bytes(png_header(10_000, 10_000))
    (folder / "bomb.png").write_bytes(png_header(60_000, 60_000))
    (folder / "disguised.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    dataset = opened(folder)
    assert len(dataset.images) == 3
    assert reasons(dataset) == {
        "text.png": "not an image, or damaged",
        "empty.jpg": "empty file",
        "cut.jpg": "not an image, or damaged",
        "huge.png": "larger than 89 megapixels",
        "bomb.png": "larger than 89 megapixels",
        "disguised.png": "not an image, or damaged",
    }
    assert opened(folder).skipped == dataset.skipped  # from the cache


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Root may read everything, so for a moment it is not root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder and a cache that everybody may enter (pytest's own are private)."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o777)
    monkeypatch.setenv("GAN_STUDIO_CACHE", str(made / "cache"))
    yield made
    shutil.rmtree(made)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions work differently here")
def test_permissions(open_folder: Path) -> None:
    images = open_folder / "images"
    fill(images)
    fill(images / "locked folder")
    opened(images)  # whatever Pillow loads late, it loads now
    (images / "locked folder").chmod(0)
    (images / "0.png").chmod(0)
    shutil.rmtree(open_folder / "cache")
    with nobody():
        dataset = opened(images)
    assert len(dataset.images) == 2
    assert reasons(dataset) == {"locked folder": "this folder cannot be opened", "0.png": "permission denied"}
    images.chmod(0)
    with nobody():
        assert "No permission" in problem(images).what
        assert "cannot be accessed" in problem(images / "locked folder").what


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions work differently here")
def test_a_cache_that_may_not_be_written(open_folder: Path) -> None:
    fill(open_folder / "images")
    open_folder.chmod(0o755)
    with nobody():
        if os.access(open_folder, os.W_OK, effective_ids=True):
            open_folder.chmod(0o555)
        assert "cannot be written" in problem(open_folder / "images").what
    open_folder.chmod(0o755)


SEEDS = [encoded(colored(), form) for form in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")]
SEEDS += [encoded(colored().convert("RGBA"), form) for form in ("PNG", "WEBP")]


@settings(max_examples=60)
@given(
    kind=st.integers(0, len(SEEDS) - 1),
    cuts=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=6)), max_size=6),
    length=st.none() | st.integers(0, 400),
    alpha=st.booleans(),
)
def test_mutated_bytes_are_read_or_named(
    kind: int, cuts: list[tuple[int, bytes]], length: int | None, alpha: bool
) -> None:
    data = bytearray(SEEDS[kind])
    for position, patch in cuts:
        data[position : position + len(patch)] = patch
    with tempfile.TemporaryDirectory() as place:
        images = Path(place) / "images"
        fill(images, 2)
        (images / "mutated.png").write_bytes(bytes(data[:length]))
        dataset = run_to_end(prepare(images, Preparation(SMALL, alpha=alpha), Path(place) / "cache"))
        assert len(dataset.images) + len(dataset.skipped) == 3
        assert {each.name for each in dataset.skipped} <= {"mutated.png"}


# Zips


def test_a_zip_is_like_its_folder(tmp_path: Path, folder: Path) -> None:
    entries = {}
    for name in ("猫", "dog 10", "dog 9"):
        fill(folder / name)
        for path in (folder / name).iterdir():
            entries[f"{name}/{path.name}"] = path.read_bytes()
    zipped = opened(packed(tmp_path / "größe.zip", entries))
    unzipped = opened(folder)
    assert zipped.fingerprint == unzipped.fingerprint
    assert zipped.classes == unzipped.classes == ("dog 9", "dog 10", "猫")
    assert zipped.title == "größe.zip"


def test_the_folder_around_everything_is_not_a_class(tmp_path: Path) -> None:
    entries = {f"photos/{name}/{index}.png": encoded(colored(index)) for name in "ab" for index in range(2)}
    entries["__MACOSX/photos/a/._0.png"] = b"resource fork"
    dataset = opened(packed(tmp_path / "photos.zip", entries))
    assert dataset.classes == ("a", "b")
    assert not dataset.skipped


def test_zip_entries_that_are_refused_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.formats.archive_entries.LARGEST_FILE", 2**20)
    good = encoded(colored())
    path = packed(
        tmp_path / "mixed.zip",
        {
            "a.png": good,
            "b.png": good,
            "../outside.png": good,
            "/root.png": good,
            "C:\\root.png": good,
            "inner.zip": b"PK",
            "big.png": bytes(2**20 + 1),
            "broken.png": b"broken",
            "readme.txt": b"",
            "locked.png": good,
            "damaged.png": good,
        },
    )
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\1\2", 0, data.rindex(b"locked.png"))
    data[central + 8] |= 1
    start = data.index(b"damaged.png") + len(b"damaged.png")
    data[start + 200 : start + 220] = bytes(20)
    path.write_bytes(data)
    dataset = opened(path)
    assert len(dataset.images) == 2
    found = reasons(dataset)
    assert found.pop("damaged.png") in ("damaged inside the zip", "not an image, or damaged")
    assert found == {
        "../outside.png": "its path leads outside the archive",
        "/root.png": "its path leads outside the archive",
        "C:/root.png": "its path leads outside the archive",
        "inner.zip": "an archive inside the archive; unpack it first",
        "big.png": "larger than 1 MB when unpacked",
        "broken.png": "not an image, or damaged",
        "locked.png": "encrypted",
    }
    assert not (tmp_path.parent / "outside.png").exists()


def test_names_that_do_not_say_they_are_utf8(tmp_path: Path) -> None:
    path = packed(tmp_path / "mac.zip", {f"{name}/{i}.png": encoded(colored(i)) for name in "äö" for i in range(2)})
    data = path.read_bytes()
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        position = -1
        while (position := data.find(mark, position + 1)) >= 0:
            data = data[: position + flags] + b"\0\0" + data[position + flags + 2 :]
    path.write_bytes(data)
    assert opened(path).classes == ("ä", "ö")


# The cache


def test_the_second_opening_reads_the_cache(folder: Path, cache: Path) -> None:
    fill(folder / "a")
    fill(folder / "b")
    first = opened(folder, None)
    before = listing(cache, "*.npy")
    second = opened(folder, None)
    assert listing(cache, "*.npy") == before
    assert second.fingerprint == first.fingerprint
    assert np.array_equal(first.images, second.images)
    assert (second.classes, second.records.sizes(), second.source) == (
        first.classes,
        first.records.sizes(),
        first.source,
    )
    assert cache == cache_folder()
    assert {path.name for path in cache.rglob("*.*")} >= {"images.npy", "labels.npy", "meta.json"}


def test_every_size_and_alpha_is_an_entry_of_its_own(folder: Path, cache: Path) -> None:
    fill(folder)
    disc((200, 60, 20), 32).save(folder / "disc.png")
    ways = [(size, alpha) for size in (SMALL, (24, 16), (16, 24)) for alpha in (False, True)]
    first = {}
    for size, alpha in ways:
        events, dataset = all_of(prepare(folder, Preparation(size, alpha=alpha)))
        assert any(isinstance(event, Progress) and event.total == 4 for event in events)
        assert (dataset.size, dataset.images.shape[1]) == (size, 4 if alpha else 3)
        first[size, alpha] = dataset
    assert len(set(cache.iterdir())) == len({each.fingerprint for each in first.values()}) == len(ways)
    before = listing(cache, "*.npy")
    for size, alpha in ways:
        events, again = all_of(prepare(folder, Preparation(size, alpha=alpha)))
        assert not events  # nothing is read, so there is no progress to show
        assert np.array_equal(again.images, first[size, alpha].images)
    assert listing(cache, "*.npy") == before


def test_a_changed_file_is_noticed_and_contents_decide_the_fingerprint(folder: Path, tmp_path: Path) -> None:
    fill(folder)
    first = opened(folder).fingerprint
    shutil.copytree(folder, tmp_path / "moved")
    assert opened(tmp_path / "moved").fingerprint == first
    colored(99).save(folder / "0.png")
    os.utime(folder / "0.png", ns=(1, 1))
    assert opened(folder).fingerprint != first


@pytest.mark.parametrize("harm", ["cut images", "no labels", "bad meta", "wrong labels", "empty"])
def test_a_damaged_entry_is_rebuilt(folder: Path, cache: Path, harm: str) -> None:
    fill(folder / "a")
    fill(folder / "b")
    first = opened(folder)
    entry = next(cache.glob("*/meta.json")).parent
    pixels = first.images[:].copy()
    if harm == "cut images":
        (entry / "images.npy").write_bytes((entry / "images.npy").read_bytes()[:-5])
    elif harm == "no labels":
        (entry / "labels.npy").unlink()
    elif harm == "bad meta":
        (entry / "meta.json").write_text('{"count": ')
    elif harm == "wrong labels":
        np.save(entry / "labels.npy", np.full(6, 7))
    else:
        shutil.rmtree(entry)
        entry.mkdir()
    again = opened(folder)
    assert np.array_equal(again.images, pixels)
    assert again.labels is not None
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("source", ["folder", "sample:digits"])
def test_canceling_leaves_nothing_behind(folder: Path, cache: Path, source: str) -> None:
    fill(folder, 80)
    events = prepare(folder if source == "folder" else source, Preparation(SMALL))
    seen = [next(events) for _ in range(3)]
    assert isinstance(seen[-1], Progress)
    assert any(cache.iterdir())
    events.close()
    assert list(cache.iterdir()) == []


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("data")]


def test_files_that_take_long_are_read_on_threads_and_nothing_else_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(folder, 50)
    (folder / "25.png").write_text("broken")
    alone = opened(folder)
    for trial, expected in ((0.0, True), (1e9, False)):
        monkeypatch.setattr("core.data.formats.image_files._TRIAL", trial)
        monkeypatch.setattr("core.data.formats.image_files._WORTH_HANDING_OVER", 0.0)
        seen: list[bool] = []
        events = prepare(folder, Preparation(SMALL), tmp_path / f"cache {trial}")
        dataset = run_to_end(events, lambda _: seen.append(bool(readers())))  # noqa: B023
        assert any(seen) == expected
        assert dataset.fingerprint == alone.fingerprint
        assert [dataset.records.name(row) for row in range(49)] == [alone.records.name(row) for row in range(49)]
        assert dataset.skipped == alone.skipped
        assert not readers()


def test_canceling_waits_for_no_more_than_the_files_under_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder, 200)
    opened_files: list[str] = []
    read = image_files.read

    def slowly(file: image_files.File, how: Preparation, whites: Whites = NO_WHITES) -> Picture | Skipped:
        opened_files.append(file.name)
        time.sleep(0.03)
        return read(file, how, whites)

    monkeypatch.setattr(image_files, "read", slowly)
    monkeypatch.setattr("core.data.formats.image_files._TRIAL", 0.0)
    events = prepare(folder, Preparation(SMALL))
    while not readers():
        next(events)
    events.close()
    assert len(opened_files) < 50
    assert not readers()


def test_what_a_killed_process_left_is_swept_later(folder: Path, cache: Path) -> None:
    fill(folder)
    for name in (".unfinished-old", ".unfinished-new"):
        (cache / name).mkdir(parents=True)
    for name in (".0123456789abcdef.partial", ".1123456789abcdef.partial", "old"):
        (cache / name).touch()
    for name in (".unfinished-old", ".0123456789abcdef.partial", "old"):
        os.utime(cache / name, (time.time() - 10**6,) * 2)
    opened(folder)
    left = {path.name for path in cache.iterdir() if not path.joinpath("meta.json").exists()}
    assert left == {".unfinished-new", ".1123456789abcdef.partial", "old"}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs the names of open files")
def test_all_of_an_entry_is_on_the_disk_before_it_has_its_name(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(folder / "a")
    fill(folder / "b")
    synced, fsync, rename = [], os.fsync, Path.replace

    def flushed(descriptor: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)  # noqa: PTH115
        fsync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        synced.append(f"to {target.name}")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    opened(folder)
    (entry,) = (path.parent for path in cache.glob("*/meta.json"))
    before, after = synced[: synced.index(f"to {entry.name}")], synced[synced.index(f"to {entry.name}") :]
    assert {path.name for path in entry.iterdir()} <= set(before)
    assert any(name.startswith(".unfinished-") for name in before)
    assert cache.name in after


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_in_the_cache_leads_no_write_anywhere(folder: Path, cache: Path, tmp_path: Path) -> None:
    fill(folder)
    opened(folder, None)
    (note,) = cache.glob("*.resolution")
    precious = tmp_path / "precious"
    precious.write_text("mine", "utf-8")
    partial = note.with_suffix(".partial")
    for link in (note, partial, cache / "limit.partial"):
        link.unlink(missing_ok=True)
        link.symlink_to(precious)
    opened(folder, None)
    set_limit(3.0)
    assert precious.read_text("utf-8") == "mine"
    assert note.read_text("utf-8") == "32"
    assert limit() == 3 * GB


@pytest.mark.parametrize("harm", ["many classes", "long names", "other records", "no size", "deep"])
def test_an_entry_that_says_too_much(folder: Path, cache: Path, harm: str) -> None:
    fill(folder / "a")
    fill(folder / "b")
    opened(folder)
    entry = next(cache.glob("*/meta.json")).parent
    meta = json.loads((entry / "meta.json").read_text("utf-8"))
    if harm == "many classes":
        meta["classes"] = list(map(str, range(2000)))
    elif harm == "long names":
        meta["classes"] = ["a" * 10**6, "b"]
    elif harm == "other records":
        np.save(entry / "records.npy", np.zeros(1000, RECORD))
    elif harm == "no size":
        table = np.load(entry / "records.npy")
        table["width"][3] = 0
        np.save(entry / "records.npy", table)
    (entry / "meta.json").write_text("[" * 10**5 if harm == "deep" else json.dumps(meta), "utf-8")
    again = opened(folder)
    assert len(again.records.table) == len(again.images) == 6
    assert again.records.table["width"].all()
    assert len(again.classes) == 2
    assert max(map(len, again.classes)) <= 4096


def test_progress_comes_often_and_counts_up(folder: Path) -> None:
    fill(folder, 100)
    counts = [
        event
        for event in prepare(folder, Preparation(SMALL))
        if isinstance(event, Progress) and event.text == "Reading images"
    ]
    assert {event.total for event in counts} == {100}
    done = [event.done for event in counts]
    assert done == sorted(done)
    assert max(np.diff(done)) <= 32


# The sheet


def test_sheet_is_a_fixed_choice(folder: Path) -> None:
    fill(folder, 12)
    dataset = opened(folder)
    assert dataset.sheet(5).shape == (5, 16, 16, 3)
    assert np.array_equal(dataset.sheet(5, seed=1), dataset.sheet(5, seed=1))
    assert not np.array_equal(dataset.sheet(5, seed=1), dataset.sheet(5, seed=2))
    assert np.array_equal(dataset.sheet(99), dataset.images[:].transpose(0, 2, 3, 1))


# Problems


def test_sources_that_are_not_there_or_not_ours(tmp_path: Path) -> None:
    assert "does not exist" in problem(tmp_path / "nothing").what
    assert "does not exist" in problem("").what
    assert "does not exist" in problem("~nobody-of-that-name/x").what
    assert "does not exist" in problem("a\0b").what
    assert "cannot be accessed" in problem("x" * 5000).what
    (tmp_path / "x.txt").write_text("hello")
    assert "GAN Studio cannot read images from" in problem(tmp_path / "x.txt").what
    (tmp_path / "x.zip").write_text("hello")
    assert "damaged" in problem(tmp_path / "x.zip").what
    assert "sample:digits" in problem("sample:nothing").remedy


def test_folders_and_zips_without_images(folder: Path, tmp_path: Path) -> None:
    assert problem(folder).what == "There are no images in 'my images'."
    assert problem(packed(tmp_path / "x.zip", {"a.txt": b""})).what == "There are no images in 'x.zip'."


def test_nothing_readable_names_the_first_files(folder: Path) -> None:
    for index in range(5):
        (folder / f"{index}.png").touch()
    found = problem(folder, None)
    assert "'0.png': empty file; '1.png': empty file; '2.png': empty file; and 2 more" in found.what
    assert "4.png" in found.details


def test_one_image_is_not_enough(folder: Path, cache: Path) -> None:
    colored().save(folder / "a.png")
    (folder / "b.png").touch()
    found = problem(folder)
    assert "at least 2, better several hundred" in found.what
    assert "'b.png': empty file" in found.remedy
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(("width", "height"), [(0, 64), (64, 7), (1025, 64), (64, -64)])
def test_sizes_out_of_range(folder: Path, width: int, height: int) -> None:
    found = problem(folder, (width, height))
    assert f"{width} x {height} px" in found.what
    assert "from 8 to 1024" in found.remedy


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(prefix: str, dir: Path) -> str:
        made = dir / f"{prefix}x"
        made.mkdir()
        (made / "images.npy").symlink_to("/dev/full")
        return str(made)

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    fill(folder, 40)
    found = problem(folder)
    assert "disk is full" in found.what
    assert str(cache) in found.what
    assert list(cache.iterdir()) == []


def test_skipped_is_a_value() -> None:
    assert Skipped("a", "b") == Skipped("a", "b")
