"""Every way to make a picture of one size out of one of any other: exact, undistorted, and in the right place."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from core.config.preparation import Fit, Preparation, Size
from core.errors import UserError
from tests.core.images import decoded, encoded, plain

FITS: tuple[Fit, ...] = get_args(Fit)
ORIGINALS: tuple[Size, ...] = ((1, 1), (1, 40), (40, 1), (1, 900), (3, 2), (33, 32), (32, 31), (31, 32), (200, 67))


def disc(size: Size, centre: tuple[float, float], radius: float) -> Image.Image:
    """White, on black."""
    y, x = np.mgrid[: size[1], : size[0]]
    return Image.fromarray((np.hypot(x - centre[0], y - centre[1]) < radius).astype(np.uint8) * 255)


def extent(picture: Any) -> tuple[int, int]:
    """Width and height of what is bright."""
    rows, columns = np.nonzero(picture[..., 0] > 127)
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def busy(size: Size, left: int, top: int, side: int = 30) -> Image.Image:
    """A checkered square on gray, which is all the detail there is."""
    pixels = np.full((size[1], size[0], 3), 128, np.uint8)
    y, x = np.mgrid[:side, :side]
    pixels[top : top + side, left : left + side] = np.where((x * 6 // side + y * 6 // side) % 2, 255, 0)[..., None]
    return Image.fromarray(pixels)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(16, 16), (48, 32), (17, 8), (8, 129)])
def test_sizes_are_exact(fit: Fit, size: Size) -> None:
    for original in ORIGINALS:
        for image in (plain((9, 120, 230), size=original), plain((9, 120, 230, 99), "RGBA", original)):
            for alpha in (False, True):
                picture = decoded(encoded(image), size, fit=fit, alpha=alpha, background="#0978e6")
                assert picture.shape == (size[1], size[0], 4 if alpha and (image.mode == "RGBA") else picture.shape[2])
                assert picture.shape[2] in (3, 4)


@pytest.mark.parametrize("fit", ["crop", "smart", "pad"])
@pytest.mark.parametrize(("original", "size"), [((300, 160), (64, 64)), ((160, 300), (96, 64)), ((90, 90), (64, 32))])
def test_circles_stay_circles(fit: Fit, original: Size, size: Size) -> None:
    image = disc(original, (original[0] / 2, original[1] / 2), 20)
    width, height = extent(decoded(encoded(image), size, fit=fit, background="#000000"))
    assert abs(width - height) <= 1
    scale = (min if fit == "pad" else max)(size[0] / original[0], size[1] / original[1])
    assert abs(width - 40 * scale) <= 1.5


def test_stretching_takes_all_of_it_out_of_proportion() -> None:
    width, height = extent(decoded(encoded(disc((300, 100), (150, 50), 40)), (60, 60), fit="stretch"))
    assert abs(width - 80 * 60 / 300) <= 1
    assert abs(height - 80 * 60 / 100) <= 1


@pytest.mark.parametrize("background", ["#ffffff", "#12ab7f", "#000000"])
@pytest.mark.parametrize(
    ("original", "size", "inner"), [((64, 32), (32, 32), (32, 16)), ((20, 60), (48, 60), (20, 60))]
)
def test_bars_have_the_background_color(background: str, original: Size, size: Size, inner: Size) -> None:
    picture = decoded(encoded(plain((200, 60, 20), size=original)), size, fit="pad", background=background)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    inside = np.zeros((size[1], size[0]), bool)
    inside[top : top + inner[1], left : left + inner[0]] = True
    assert (picture[inside] == (200, 60, 20)).all()
    assert (picture[~inside] == tuple(bytes.fromhex(background[1:]))).all()


@pytest.mark.parametrize("original", [(33, 32), (32, 33), (64, 63), (999, 998)])
def test_a_bar_of_half_a_pixel(original: Size) -> None:
    picture = decoded(encoded(plain((200, 60, 20), size=original)), (32, 32), fit="pad", background="#000000")
    assert picture.shape == (32, 32, 3)
    assert ((picture == (200, 60, 20)).all(-1) | (picture == 0).all(-1)).all()


def test_gray_pictures_between_gray_bars_stay_gray() -> None:
    image = encoded(plain(90, "L", (64, 32)))
    assert decoded(image, (32, 32), fit="pad", background="#404040").shape == (32, 32, 1)
    assert decoded(image, (32, 32), fit="pad", background="#404041").shape == (32, 32, 3)


def test_bars_are_transparent_where_alpha_is_kept() -> None:
    for image in (plain((200, 60, 20), size=(64, 32)), plain((200, 60, 20, 255), "RGBA", (64, 32))):
        picture = decoded(encoded(image), (32, 32), fit="pad", alpha=True, background="#00ff00")
        assert (picture[8:24] == (200, 60, 20, 255)).all()
        assert (picture[:8] == (255, 255, 255, 0)).all()
        assert (picture[24:] == (255, 255, 255, 0)).all()


@pytest.mark.parametrize("fit", FITS)
def test_the_background_lies_under_transparency(fit: Fit) -> None:
    image = plain((255, 0, 0, 51), "RGBA", (64, 32))
    picture = decoded(encoded(image), (64, 32), fit=fit, background="#0000ff")
    assert (picture == (51, 0, 204)).all()
    kept = decoded(encoded(image), (32, 32), fit=fit, alpha=True, background="#0000ff")
    assert (kept[8:24] == (255, 0, 0, 51)).all()


def test_soft_edges_keep_their_color_in_every_fit() -> None:
    side = 96
    y, x = np.mgrid[:side, : 2 * side]
    alpha = np.clip(30 - np.hypot(x - side, y - side / 2) + 0.5, 0, 1)
    pixels = np.zeros((side, 2 * side, 4), np.uint8)
    pixels[alpha > 0, :3] = (200, 60, 20)
    pixels[..., 3] = np.rint(alpha * 255)
    for fit in FITS:
        picture = decoded(encoded(Image.fromarray(pixels)), (32, 32), fit=fit, alpha=True).astype(int)
        shown = picture[picture[..., 3] > 8]
        assert np.abs(shown[:, :3] - (200, 60, 20)).max() <= 8, fit
        assert (picture[0] == (255, 255, 255, 0)).all()


# Where the detail is

MODES = ("RGB", "L", "P", "1", "LA", "RGBA", "CMYK", "I;16")


def in_mode(image: Image.Image, mode: str) -> bytes:
    if mode == "I;16":
        return encoded(Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257), "PNG")
    return encoded(image.convert(mode), "TIFF" if mode == "CMYK" else "PNG")


def contrast(picture: Any) -> float:
    """Returns the share of the picture that the checkered square covers."""
    return float((np.abs(picture[..., 0].astype(int) - 128) > 60).mean())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", [0, 40, 170])
def test_smart_crops_find_what_is_off_the_middle(mode: str, place: int) -> None:
    for image in (busy((200, 60), place, 15), busy((60, 200), 15, place)):
        data = in_mode(image, mode)
        # Dithering makes detail of plain gray, so that only most of the square is found there.
        whole = 900 / 3600 * (0.5 if mode == "1" else 0.75)
        assert contrast(decoded(data, (60, 60), fit="smart")) >= whole
        if place != 40 and mode != "1":
            assert contrast(decoded(data, (60, 60))) < 0.02


def test_smart_crops_of_large_photos() -> None:
    image = busy((4000, 1000), 3100, 300, side=400)
    assert contrast(decoded(encoded(image, "JPEG", quality=95), (64, 64), fit="smart")) > 0.08


def test_a_plain_picture_is_cut_in_the_middle() -> None:
    pixels = np.full((32, 96, 3), 70, np.uint8)
    assert (decoded(encoded(Image.fromarray(pixels)), (16, 16), fit="smart") == 70).all()
    pixels[:, 47:49] = 200  # in the very middle
    smart, middle = (decoded(encoded(Image.fromarray(pixels)), (32, 32), fit=fit) for fit in ("smart", "crop"))
    assert np.array_equal(smart, middle)


ORIENTATIONS = (
    (2, Image.Transpose.FLIP_LEFT_RIGHT),
    (3, Image.Transpose.ROTATE_180),
    (4, Image.Transpose.FLIP_TOP_BOTTOM),
    (5, Image.Transpose.TRANSPOSE),
    (6, Image.Transpose.ROTATE_90),
    (7, Image.Transpose.TRANSVERSE),
    (8, Image.Transpose.ROTATE_270),
)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(("orientation", "method"), ORIENTATIONS)
def test_photos_on_their_side_come_out_as_if_they_were_not(fit: Fit, orientation: int, method: Any) -> None:
    upright = busy((192, 96), 150, 60)
    exif = Image.Exif()
    exif[0x0112] = orientation
    for alpha in (False, True):
        expected = decoded(encoded(upright), (48, 40), fit=fit, alpha=alpha, background="#12ab7f")
        turned = encoded(upright.transpose(method), exif=exif)
        picture = decoded(turned, (48, 40), fit=fit, alpha=alpha, background="#12ab7f")
        assert np.abs(picture.astype(int) - expected).mean() < 3


# Numbers that are no bytes


@pytest.mark.parametrize("fit", FITS)
def test_what_is_cut_off_still_says_what_the_numbers_mean(fit: Fit) -> None:
    values = np.full((32, 96), 200, np.int32)
    values[:, 0] = 60_000
    picture = decoded(encoded(Image.fromarray(values), "TIFF"), (32, 32), fit=fit, background="#000000")
    assert picture[16, 16, 0] == 1  # of 65535, and not of 255


# What is refused


@pytest.mark.parametrize("background", ["red", "#fff", "#FFFFFF", "", "#ffffff\n"])
def test_colors_are_written_one_way(background: str) -> None:
    with pytest.raises(UserError, match="not a color"):
        Preparation(background=background)


def test_equal_preparations_have_one_key() -> None:
    base = Preparation((16, 16))
    assert base.key == Preparation((16, 16), background="#ffffff").key
    assert base.at((16, 16)).key == base.key
    others = {
        Preparation((16, 24)).key,
        Preparation((16, 16), fit="pad").key,
        Preparation((16, 16), fit="pad", background="#000000").key,
        Preparation((16, 16), background="#000000").key,
        Preparation((16, 16), alpha=True).key,
        Preparation((16, 16), frame_step=3).key,
        base.key,
    }
    assert len(others) == 7
    assert Preparation((16, 16), alpha=True).key == Preparation((16, 16), alpha=True, background="#000000").key
