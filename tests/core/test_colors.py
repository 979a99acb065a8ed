"""Colors of files that hold other numbers than eight bits of sRGB: profiles, sixteen bits, palettes, inks."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.core.images import SMALL, colored, decoded, encoded, opened, plain, reasons

# Profiles, of as few parts as there may be


def profile(kind: bytes, space: bytes, connection: bytes, **tags: bytes) -> bytes:
    """An ICC profile, version 2."""
    start = 132 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name.encode(), start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s", start + len(body), 0x02400000, kind, space, connection, b"acsp")
    return head.ljust(68, b"\0") + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D).ljust(60, b"\0") + table + body


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def gamma(power: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(power * 256))


def inks() -> bytes:
    """CMYK in which cyan alone prints red, and whatever has black in it black: nobody would guess."""
    lab = {(0, 0, 0, 0): (255, 128, 128), (1, 0, 0, 0): (136, 208, 195)}
    corners = [(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    grid = b"".join(bytes(lab.get(corner, (0, 128, 128))) for corner in corners)
    unchanged = bytes(range(256))
    head = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + b"".join(struct.pack(">i", 65536 * (i % 4 == 0)) for i in range(9))
    return head + unchanged * 4 + grid + unchanged * 3


WHITE = xyz(0.9642, 1.0, 0.8249)
WIDE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
"""Adobe RGB's primaries as columns of XYZ, whose green sRGB cannot show."""
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
ADOBE = profile(
    b"mntr",
    b"RGB ",
    b"XYZ ",
    wtpt=WHITE,
    **{f"{color}XYZ": xyz(*column) for color, column in zip("rgb", WIDE.T, strict=True)},
    **{f"{color}TRC": gamma(2.2) for color in "rgb"},
)
LINEAR_GRAY = profile(b"mntr", b"GRAY", b"XYZ ", wtpt=WHITE, kTRC=gamma(1.0))
INKS = profile(b"prtr", b"CMYK", b"Lab ", wtpt=WHITE, A2B0=inks())


def shown(color: tuple[int, ...]) -> Any:
    """A color of Adobe RGB in sRGB."""
    linear = np.linalg.solve(SRGB, WIDE @ (np.array(color) / 255) ** (563 / 256)).clip(0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * curved)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("color", [(100, 150, 100), (0, 255, 0), (200, 60, 20), (255, 255, 255)])
def test_wide_colors_become_srgb(form: str, color: tuple[int, int, int]) -> None:
    options = {"lossless": True} if form == "WEBP" else {"quality": 100} if form == "JPEG" else {}
    data = encoded(plain(color), form, icc_profile=ADOBE, **options)
    assert np.abs(decoded(data).astype(int) - shown(color)).max() <= (4 if form == "JPEG" else 2)


def test_profiles_count_in_every_fit_and_for_palettes() -> None:
    expected = shown((100, 150, 100))
    for image in (plain((100, 150, 100), size=(64, 32)), plain((100, 150, 100), size=(64, 32)).quantize(4)):
        for fit in ("crop", "smart", "stretch", "pad"):
            picture = decoded(encoded(image, icc_profile=ADOBE), fit=fit, background="#00ff00")
            assert np.abs(picture[8].astype(int) - expected).max() <= 2
            assert fit != "pad" or (picture[0] == (0, 255, 0)).all()  # already sRGB


@pytest.mark.parametrize("size", [(16, 16), (32, 32)])
def test_profiles_and_transparency(size: tuple[int, int]) -> None:
    pixels = np.full((32, 32, 4), (100, 150, 100, 255), np.uint8)
    pixels[16:] = (1, 2, 3, 0)
    data = encoded(Image.fromarray(pixels), icc_profile=ADOBE)
    edge = size[1] // 2
    kept = decoded(data, size, alpha=True)
    assert np.abs(kept[: edge - 2, :, :3].astype(int) - shown((100, 150, 100))).max() <= 2
    assert (kept[: edge - 2, :, 3] == 255).all()
    assert (kept[edge + 2 :] == (255, 255, 255, 0)).all()
    laid = decoded(data, size, background="#00ff00")
    assert np.abs(laid[: edge - 2].astype(int) - shown((100, 150, 100))).max() <= 2
    assert (laid[edge + 3 :] == (0, 255, 0)).all()


def test_opaque_alpha_costs_no_colors() -> None:
    picture = decoded(encoded(plain((100, 150, 100, 255), "RGBA"), icc_profile=ADOBE), alpha=True)
    assert picture.shape[2] == 3
    assert np.abs(picture.astype(int) - shown((100, 150, 100))).max() <= 2


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_gray_profiles(mode: str) -> None:
    image = plain(64, "L") if mode == "L" else plain(64 * 257, mode)
    picture = decoded(encoded(image, icc_profile=LINEAR_GRAY))
    assert picture.shape == (16, 16, 1)
    assert np.abs(picture.astype(int) - 137).max() <= 1


@pytest.mark.parametrize(
    ("color", "expected"), [((0, 0, 0, 0), 255), ((0, 0, 0, 255), 0), ((255, 0, 0, 0), (255, 0, 0))]
)
def test_inks_are_mixed_as_their_profile_says(color: tuple[int, ...], expected: Any) -> None:
    picture = decoded(encoded(plain(color, "CMYK"), "TIFF", icc_profile=INKS))
    assert np.abs(picture.astype(int) - expected).max() <= 10


@pytest.mark.parametrize("given", [b"", b"nothing of the kind", ADOBE[:200], LINEAR_GRAY, INKS, bytes(len(ADOBE))])
def test_profiles_that_do_not_fit_say_nothing(given: bytes) -> None:
    assert (decoded(encoded(plain((100, 150, 100)), icc_profile=given)) == (100, 150, 100)).all()


# PNGs as other programs write them


def png(depth: int, kind: int, pixels: bytes, **chunks: bytes) -> bytes:
    """Returns a PNG file of 16 x 16 px. `pixels`: of one line."""
    header = struct.pack(">IIBBBBB", 16, 16, depth, kind, 0, 0, 0)
    parts = {"IHDR": header, **chunks, "IDAT": zlib.compress((b"\0" + pixels) * 16), "IEND": b""}
    written = b"\x89PNG\r\n\x1a\n"
    for name, data in parts.items():
        body = name.encode() + data
        written += struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    return written


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(1, 0, b"\xff\xff"), (255,)),
        (png(2, 0, b"\x55" * 4), (85,)),
        (png(4, 0, b"\x33" * 8), (51,)),
        (png(16, 0, struct.pack(">H", 0x8041) * 16), (128,)),
        (png(8, 2, bytes((9, 120, 230)) * 16), (9, 120, 230)),
        (png(16, 2, struct.pack(">HHH", 0x0900, 0x7811, 0xE6FF) * 16), (9, 120, 230)),
        (png(1, 3, b"\0\0", PLTE=bytes((9, 120, 230, 0, 0, 0))), (9, 120, 230)),
        (png(2, 3, b"\x55" * 4, PLTE=bytes((0, 0, 0, 9, 120, 230))), (9, 120, 230)),
        (png(8, 3, b"\1" * 16, PLTE=bytes((0, 0, 0, 9, 120, 230)), tRNS=b"\xff\x33"), (9, 120, 230, 51)),
        (png(8, 4, bytes((30, 102)) * 16), (30, 30, 30, 102)),
        (png(16, 4, struct.pack(">HH", 0x1E00, 0x6600) * 16), (30, 30, 30, 102)),
        (png(8, 6, bytes((9, 120, 230, 51)) * 16), (9, 120, 230, 51)),
        (png(16, 6, struct.pack(">HHHH", 0x0900, 0x7800, 0xE600, 0x3300) * 16), (9, 120, 230, 51)),
        (png(8, 2, bytes((9, 120, 230)) * 16, tRNS=struct.pack(">HHH", 9, 120, 230)), (255, 255, 255, 0)),
    ],
)
def test_every_kind_of_png(data: bytes, expected: tuple[int, ...]) -> None:
    picture = decoded(data, alpha=True)
    assert picture.shape == (16, 16, len(expected))
    assert np.abs(picture.astype(int) - expected).max() <= 1


# Numbers whose white only the whole dataset tells

BYTES = np.asarray(colored(0, *SMALL).convert("L"))


def images_of(folder: Path, *files: bytes) -> Any:
    """The prepared pictures of those files, (N, C, H, W)."""
    folder.mkdir()
    for index, data in enumerate(files):
        (folder / f"{index}.png").write_bytes(data)
    dataset = opened(folder)
    assert reasons(dataset) == {}
    return np.asarray(dataset.images)


def tiffs_of(folder: Path, *arrays: Any) -> Any:
    """The same of gray TIFFs of those numbers."""
    return images_of(folder, *(encoded(Image.fromarray(array), "TIFF") for array in arrays))[:, 0]


def test_twelve_bits_of_sixteen_in_color_are_not_black(tmp_path: Path) -> None:
    bright, dim = (png(16, 2, struct.pack(">HHH", *color) * 16) for color in ((4095, 2048, 0), (1024, 512, 0)))
    images = images_of(tmp_path / "a", bright, dim)
    assert images[:, :, 0, 0].tolist() == [[255, 136, 0], [68, 34, 0]]


def test_palettes_of_few_gray_levels_are_not_black(tmp_path: Path) -> None:
    levels = (BYTES // 16).astype(np.uint8)
    data = encoded(Image.fromarray(levels).convert("P"))
    assert np.array_equal(images_of(tmp_path / "a", data, data)[0, 0], levels * 17)


def test_dark_drawings_on_nothing_stay_dark(tmp_path: Path) -> None:
    drawing = np.zeros((16, 16, 4), np.uint8)
    drawing[:8] = (40, 40, 40, 255)
    data = encoded(Image.fromarray(drawing))
    assert (images_of(tmp_path / "a", data, data)[:, 0] == drawing[..., 0] + 255 * (drawing[..., 3] == 0)).all()


@pytest.mark.parametrize(
    ("scale", "offset"),
    [(1.0, 0), (16.0, 15), (64.0, 0), (1 / 255, 0), (1 / 255 / 255, 0), (2 / 255, -1), (15 / 255, 0)],
)
def test_one_range_of_numbers_for_all_tiffs(tmp_path: Path, scale: float, offset: float) -> None:
    """One picture is as dark as its numbers say beside the others."""
    values = np.stack([BYTES, BYTES // 4]) * scale + offset
    kinds = (np.float32, np.int32, np.uint16) if scale >= 1 else (np.float32,)
    for kind in kinds:
        images = tiffs_of(tmp_path / kind.__name__, *values.astype(kind))
        assert np.abs(images[0].astype(int) - BYTES).max() <= 8
        assert np.abs(images[1].astype(int) - BYTES // 4).max() <= 8


def test_numbers_of_any_range_are_stretched_alike(tmp_path: Path) -> None:
    for kind in (np.int32, np.float32):
        images = tiffs_of(tmp_path / kind.__name__, *((np.stack([BYTES, BYTES // 4]) * 16.0 - 1024).astype(kind)))
        assert np.abs(images[1].astype(int) - images[0].astype(int) / 4).max() <= 2
        assert images[0].max() > 250


# TIFFs, BMPs, WebPs and GIFs as other programs write them


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "tiff_jpeg"])
@pytest.mark.parametrize(("mode", "color"), [("RGB", (9, 120, 230)), ("L", (77,)), ("CMYK", (0, 255, 255, 0))])
def test_every_packing_of_tiff(compression: str, mode: str, color: tuple[int, ...]) -> None:
    data = encoded(plain(color if len(color) > 1 else color[0], mode), "TIFF", compression=compression)
    expected = (255, 0, 0) if mode == "CMYK" else color
    assert np.abs(decoded(data).astype(int) - expected).max() <= (6 if compression == "tiff_jpeg" else 0)


@pytest.mark.parametrize(("mode", "color"), [("1", 1), ("L", 77), ("P", 0), ("RGB", (9, 120, 230))])
def test_every_kind_of_bmp(mode: str, color: Any) -> None:
    image = plain(color, mode)
    expected = np.asarray(image.convert("RGB"))[0, 0]
    assert (decoded(encoded(image, "BMP")).astype(int) == expected).all()


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_of_many_frames(form: str) -> None:
    options = {"lossless": True} if form == "WEBP" else {}
    data = encoded(plain((250, 0, 0)), form, save_all=True, append_images=[plain((0, 0, 250))] * 3, **options)
    assert (decoded(data) == (250, 0, 0)).all()


def test_webp_keeps_its_alpha() -> None:
    picture = decoded(encoded(plain((200, 60, 20, 102), "RGBA"), "WEBP", lossless=True), alpha=True)
    assert (picture == (200, 60, 20, 102)).all()
