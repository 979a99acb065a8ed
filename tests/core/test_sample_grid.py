"""Sample grids of a run, whoever wrote the files: images, or a sentence before any pixel is decoded."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, ImageFile

from core.errors import UserError
from core.imaging.grid import grid, write_png
from core.runs.sample_grid import MOST_PIXELS, read_grid, read_pixels, read_tiles

SIZE = (6, 4)
READERS: list[Callable[[Path], Any]] = [read_grid, read_pixels, lambda path: read_tiles(path, SIZE, 9)]


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("columns", [0, 5])
def test_what_a_training_wrote_is_read(channels: int, columns: int, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (9, 4, 6, channels), np.uint8)
    write_png(tmp_path / "a.png", grid(images, columns), generated=True)
    assert np.array_equal(read_tiles(tmp_path / "a.png", SIZE, 9), images)
    assert np.array_equal(read_pixels(tmp_path / "a.png"), grid(images, columns))
    assert read_grid(tmp_path / "a.png").mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels]


def test_a_grid_of_fewer_images_than_there_are_now(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", grid(np.zeros((4, 4, 6, 3), np.uint8)), generated=True)
    assert read_tiles(tmp_path / "a.png", SIZE, 36).shape == (4, 4, 6, 3)


def eps(path: Path) -> None:
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 4\n%%EndComments\nshowpage\n")


def of_kind(mode: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        Image.new(mode, (18, 12)).save(path, "PNG")

    make.__name__ = mode
    return make


def jpeg(path: Path) -> None:
    Image.new("RGB", (18, 12)).save(path, "JPEG")


def cut(path: Path) -> None:
    write_png(path, grid(np.random.default_rng(0).integers(0, 256, (9, 4, 6, 3), np.uint8)), generated=True)
    path.write_bytes(path.read_bytes()[:-200])


def large(path: Path) -> None:
    path.write_bytes(header(12_000, 12_000))


def thin(path: Path) -> None:
    path.write_bytes(header(2**31 - 6, 4))


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    assert not path.exists()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def loop(path: Path) -> None:
    path.symlink_to(path)


def long(path: Path) -> None:
    write_png(path, grid(np.zeros((9, 4, 6, 3), np.uint8)), generated=True)
    with path.open("r+b") as file:
        file.truncate(2**40)


def header(width: int, height: int) -> bytes:
    """A PNG up to its first pixels, some of which follow."""
    facts = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", facts), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    parts = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


KINDS = [of_kind(mode) for mode in ("1", "LA", "P", "I;16")]
KINDS += [eps, jpeg, cut, large, thin, nothing, folder, missing, loop]
KINDS += [] if os.name == "nt" else [pipe, zeros, long]


@pytest.mark.parametrize("make", KINDS)
def test_what_is_no_grid_is_a_sentence(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "000000004.png"
    make(path)
    for read in READERS:
        with pytest.raises(UserError, match=r"000000004\.png cannot be read") as caught:
            read(path)
        assert caught.value.remedy


def test_no_other_program_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object, **__: object) -> None:
        raise AssertionError("Ghostscript was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", start)
    eps(tmp_path / "a.png")
    for read in READERS:
        with pytest.raises(UserError):
            read(tmp_path / "a.png")


@pytest.mark.parametrize("size", [(19, 12), (18, 13), (6 * 30, 4 * 30), (3, 2)])
def test_pixels_that_do_not_fit_are_not_decoded(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither parts of images, nor more of them than a training shows."""
    Image.new("RGB", size).save(tmp_path / "a.png")

    def load(_: object) -> None:
        raise AssertionError("the pixels were decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    with pytest.raises(UserError) as caught:
        read_tiles(tmp_path / "a.png", SIZE, 9)
    assert f"{size[0]} x {size[1]} px" in caught.value.details


def test_no_more_pixels_are_decoded_than_the_largest_grid_has(tmp_path: Path) -> None:
    large(tmp_path / "a.png")
    assert MOST_PIXELS < 12_000**2
    for read in READERS:
        with pytest.raises(UserError) as caught:
            read(tmp_path / "a.png")
        assert "12000 x 12000 px" in caught.value.details
