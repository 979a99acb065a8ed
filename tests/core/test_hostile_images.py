"""Image files that were made to do harm, or that chance made: each is decoded or named, soon and in little memory."""

from __future__ import annotations

import io
import re
import struct
import zlib
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from PIL import Image

from core.config.preparation import Preparation
from core.data.formats.image_files import File, read
from core.data.items import Picture, Skipped
from tests.core.images import HEIC, SMALL, colored, encoded, plain, png_header


def taken(data: bytes, how: Preparation | None = None) -> Picture | Skipped:
    return read(File("a.png", partial(io.BytesIO, data)), how or Preparation(SMALL))


def why(data: bytes) -> str:
    """Why it was skipped."""
    result = taken(data)
    assert isinstance(result, Skipped)
    return result.reason


# Bombs


def test_headers_that_promise_gigapixels() -> None:
    gif = bytearray(encoded(plain((1, 2, 3)), "GIF"))
    gif[6:10] = struct.pack("<HH", 65535, 65535)
    bmp = bytearray(encoded(plain((1, 2, 3)), "BMP"))
    bmp[18:26] = struct.pack("<ii", 2**30, 2**30)
    tiff = encoded(plain((1, 2, 3)), "TIFF")
    sides = struct.pack("<HHI", 256, 4, 1), struct.pack("<HHI", 257, 4, 1)
    assert all(side in tiff for side in sides)
    for side in sides:
        tiff = tiff.replace(side + struct.pack("<I", 32), side + struct.pack("<I", 2**31 - 1))
    begun = perf_counter()
    for data in (png_header(60_000, 60_000), png_header(2**31 - 1, 2**31 - 1), bytes(gif), bytes(bmp), tiff):
        assert why(data) in ("larger than 89 megapixels", "not an image, or damaged")
    assert perf_counter() - begun < 10


def test_a_jpeg_of_a_thousand_scans() -> None:
    whole = encoded(plain(128, "L", (2000, 2000)), "JPEG", progressive=True)
    last = whole[[found.start() for found in re.finditer(b"\xff\xda", whole)][-1] : -2]
    assert isinstance(taken(whole), Picture)
    begun = perf_counter()
    assert why(whole[:-2] + last * 1000 + whole[-2:]) == "a JPEG with more than 100 scans"
    assert perf_counter() - begun < 10


def test_a_small_file_that_claims_to_be_large() -> None:
    data = encoded(Image.new("RGB", (8000, 8000)), "WEBP", lossless=True, quality=0)
    assert why(data) == f"claims 64 megapixels in only {len(data):,} bytes"


def test_a_png_of_one_color_may_be_large() -> None:
    assert isinstance(taken(encoded(Image.new("RGB", (5000, 5000)), "PNG")), Picture)


def test_a_png_of_a_million_empty_chunks() -> None:
    whole = encoded(plain(128, "L", (20, 20)), "PNG")
    empty = struct.pack(">I4sI", 0, b"aaAa", zlib.crc32(b"aaAa"))
    assert isinstance(taken(whole[:33] + empty * 1000 + whole[33:]), Picture)
    begun = perf_counter()
    assert why(whole[:33] + empty * 1_000_000 + whole[33:]) == "a PNG with more than 500,000 chunks"
    assert perf_counter() - begun < 10


@pytest.mark.parametrize("progressive", [False, True])
def test_what_follows_a_jpeg_is_not_counted_as_its_own(progressive: bool) -> None:
    whole = encoded(colored(0, 400, 300), "JPEG", progressive=progressive)
    film = b"\0\0\0\x18ftypmp42" + b"\xff\xda" * 5000
    assert isinstance(taken(whole + film), Picture)
    spliced = whole[:2] + b"\xff\xe1" + (2002).to_bytes(2, "big") + b"\xff\xda" * 1000 + whole[2:]  # a thumbnail, say
    assert isinstance(taken(spliced), Picture)


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_large_notes_do_not_hide_a_png(name: bytes) -> None:
    text = zlib.compress(bytes(3 * 2**20), 0)  # a workflow, say, that is larger than Pillow reads
    data = {b"zTXt": b"a\0\0" + text, b"iTXt": b"a\0\1\0\0\0" + text, b"iCCP": b"a\0\0" + text}[name]
    whole = encoded(plain((9, 120, 230)))
    for place in (33, len(whole) - 12):  # in front of the pixels, and behind them
        result = taken(whole[:place] + chunk(name, data) + whole[place:])
        assert isinstance(result, Picture)
        assert (result.pixels[:, 0, 0] == (9, 120, 230)).all()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP", b"eXIf"])
def test_a_bomb_in_what_is_said_about_a_png(name: bytes) -> None:
    bomb = zlib.compress(bytes(64 * 2**20), 9)
    data = {b"zTXt": b"a\0\0" + bomb, b"iTXt": b"a\0\1\0\0\0" + bomb, b"iCCP": b"a\0\0" + bomb, b"eXIf": bomb}[name]
    whole = encoded(plain((9, 120, 230)))
    result = taken(whole[:33] + chunk(name, data) + whole[33:])
    assert isinstance(result, Skipped) or (result.pixels[:, 0, 0] == (9, 120, 230)).all()


def test_a_png_whose_pixels_never_end() -> None:
    endless = zlib.compress(bytes(64 * 2**20), 9)
    header = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", endless) + chunk(b"IEND", b"")
    result = taken(png)
    assert isinstance(result, Skipped) or (result.pixels == 0).all()


# Files that are not what they say


@pytest.mark.parametrize(
    "data",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch x) (w) file\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"P6\n9 9\n255\n",
        b"8BPS\0\1" + bytes(40),
        b"\0\0\1\0" + bytes(40),
        b"\x1f\x8b" + bytes(40),
        b"PK\3\4" + bytes(40),
        b"\0" * 100,
        b"\x89PNG",
        b"RIFF\0\0\0\0WEBP",
        b"GIF8",
        b"BM",
        b"II*\0\xff\xff\xff\xff",
        b"\xff\xd8\xff",
        b"\n",
    ],
)
def test_only_images_are_read(data: bytes) -> None:
    assert why(data) == "not an image, or damaged"


def test_a_file_is_what_its_first_bytes_say() -> None:
    for form in ("JPEG", "GIF", "BMP", "WEBP", "TIFF"):
        result = taken(encoded(plain((9, 120, 230)), form, **({"lossless": True} if form == "WEBP" else {})))
        assert isinstance(result, Picture)
        assert np.abs(result.pixels[:, 8, 8].astype(int) - (9, 120, 230)).max() < 5


def test_tags_that_lead_in_circles() -> None:
    tiff = bytearray(encoded(plain((9, 120, 230)), "TIFF"))
    start = struct.unpack("<I", tiff[4:8])[0]
    count = struct.unpack("<H", tiff[start : start + 2])[0]
    tiff[start + 2 + 12 * count : start + 6 + 12 * count] = struct.pack("<I", start)  # the next page is this one
    assert isinstance(taken(bytes(tiff)), Picture)


# Mutations

PALETTE = colored().quantize(16)
EXIF = Image.Exif()
EXIF[0x0112] = 6
WHOLE: dict[str, tuple[bytes, ...]] = {
    "HEIC": (HEIC,),
    "PNG": (
        encoded(colored()),
        encoded(colored().convert("RGBA")),
        encoded(PALETTE, transparency=3),
        encoded(plain(0x1234, "I;16")),
        encoded(plain((1, 2), "LA"), exif=EXIF),
    ),
    "JPEG": (
        encoded(colored(), "JPEG", exif=EXIF),
        encoded(colored(), "JPEG", progressive=True),
        encoded(colored().convert("CMYK"), "JPEG"),
        encoded(colored().convert("L"), "JPEG", icc_profile=bytes(200)),
    ),
    "WEBP": (
        encoded(colored(), "WEBP"),
        encoded(colored().convert("RGBA"), "WEBP", lossless=True, exif=EXIF),
        encoded(colored(), "WEBP", save_all=True, append_images=[colored(1)]),
    ),
    "BMP": (encoded(colored(), "BMP"), encoded(PALETTE, "BMP"), encoded(plain(1, "1"), "BMP")),
    "GIF": (
        encoded(PALETTE, "GIF", transparency=3),
        encoded(PALETTE, "GIF", save_all=True, append_images=[colored(1).quantize(8)]),
    ),
    "TIFF": tuple(
        encoded(image, "TIFF", compression=compression, exif=EXIF)
        for image in (colored(), plain(0.5, "F"), colored().convert("CMYK"))
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate")
    ),
}
EXTREMES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x01", b"\x80\0\0\0", b"\xff\xda\xff\xd9")


def mutated(whole: bytes, random: np.random.Generator) -> bytes:
    """A few bytes changed, struck out, repeated, or set to numbers at the end of a range; perhaps cut off."""
    data = bytearray(whole)
    for _ in range(int(random.integers(1, 6))):
        # Headers are where the harm is, so that half of all changes are made there.
        reach = min(len(data), 80) if random.random() < 0.5 else len(data)
        offset = int(random.integers(max(reach, 1)))
        match int(random.integers(5)):
            case 0:
                data[offset : offset + 1] = random.bytes(1)
            case 1:
                data[offset : offset + 4] = EXTREMES[int(random.integers(len(EXTREMES)))]
            case 2:
                del data[offset : offset + int(random.integers(1, 30))]
            case 3:
                data[offset:offset] = data[offset : offset + int(random.integers(1, 60))]
            case 4:
                data[offset : offset + 8] = random.bytes(8)
    return bytes(data[: int(random.integers(len(data) + 1))] if random.random() < 0.2 else data)


def resealed(data: bytes) -> bytes:
    """A PNG whose chunks have the checksums that belong to them, so that more than those is tested."""
    made, offset = bytearray(data), 8
    while offset + 12 <= len(data):
        end = offset + 8 + int.from_bytes(data[offset : offset + 4])
        made[end : end + 4] = struct.pack(">I", zlib.crc32(data[offset + 4 : end])) if end + 4 <= len(data) else b""
        offset = end + 4
    return bytes(made)


@pytest.mark.parametrize("form", WHOLE)
def test_mutated_files_are_decoded_or_named(form: str) -> None:
    random = np.random.default_rng(sorted(WHOLE).index(form))
    ways = [
        Preparation(SMALL),
        Preparation((24, 16), fit="pad", background="#123456"),
        Preparation((16, 24), fit="smart", alpha=True),
        Preparation((9, 31), fit="stretch", alpha=True),
    ]
    counts = {Picture: 0, Skipped: 0}
    for number in range(1200):
        how = ways[number % len(ways)]
        whole = WHOLE[form][number % len(WHOLE[form])]
        data = mutated(whole, random)
        result = taken(resealed(data) if form == "PNG" else data, how)
        counts[type(result)] += 1
        if isinstance(result, Picture):
            assert result.pixels.dtype == np.uint8
            assert len(result.pixels) in (1, 3, 4)
            assert result.pixels.shape[1:] == how.sized[::-1]
            assert 0 < result.width * result.height <= 2**30
        else:
            assert 3 < len(result.reason) < 100
    assert min(counts.values()) > 20  # so that neither half is tested by accident only


def test_whole_files_are_decoded_in_every_fit() -> None:
    for wholes in WHOLE.values():
        for whole in wholes:
            for fit in ("crop", "smart", "stretch", "pad"):
                for alpha in (False, True):
                    assert isinstance(taken(whole, Preparation(SMALL, fit=fit, alpha=alpha)), Picture)


def test_names_of_any_kind(tmp_path: Path) -> None:
    for name in ("a\nb.png", "\udcff.png", "", "x" * 5000, "猫.png"):
        result = read(File(name, partial(io.BytesIO, encoded(colored()))), Preparation(SMALL))
        assert result.name.encode("utf-8").decode("utf-8") == result.name  # no half of a pair is left
