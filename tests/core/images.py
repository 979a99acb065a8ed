"""Images and files of them, small and made on the spot, and how tests open them."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from base64 import b64decode
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.concurrency import run_to_end
from core.config.preparation import Preparation, Size
from core.data.dataset import Dataset
from core.data.decode import decode
from core.data.prepare import prepare
from core.errors import UserError
from core.events import Event, FirstImages, Progress
from tests.core.work import all_of

SMALL = (16, 16)
HEIC = b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAAB0AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRt"
    "AAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5j"
    "bHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBp"
    "eGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAACVtZGF0AAAAGSgBrxOA9SeBP//LxR//Vjnh9mRt+efLU8A="
)
"""64 x 48 px of one orange, (200, 60, 20), as no library here can write it."""


def colored(seed: int = 0, width: int = 40, height: int = 32) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def plain(color: Any, mode: str = "RGB", size: tuple[int, int] = (32, 32)) -> Image.Image:
    return Image.new(mode, size, color)


def fill(folder: Path, count: int = 3, start: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(start, start + count):
        colored(index).save(folder / f"{index}.png")


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def decoded(data: bytes, size: Size = SMALL, **how: Any) -> Any:
    """Returns the picture as (H, W, C)."""
    return decode(io.BytesIO(data), Preparation(size, **how)).pixels.transpose(1, 2, 0)


def opened(source: Path | str, size: Size | None = SMALL, **how: Any) -> Dataset:
    events, dataset = all_of(prepare(source, Preparation(size, **how)))
    assert all(isinstance(event, Progress | FirstImages) for event in events)
    assert dataset.images.dtype == np.uint8
    assert dataset.images.shape[2:] == dataset.size[::-1]
    assert size in (None, dataset.size)
    return dataset


def problem(source: Path | str, size: Size | None = SMALL) -> UserError:
    with pytest.raises(UserError) as caught:
        run_to_end(prepare(source, Preparation(size)))
    assert caught.value.what
    assert caught.value.remedy
    return caught.value


def labels(dataset: Dataset) -> list[int] | None:
    return None if dataset.labels is None else dataset.labels.tolist()


def outcome(
    events: Generator[Event, None, Dataset], show: Callable[[Event], object] = lambda event: None
) -> Dataset | UserError:
    """Returns the prepared dataset, or the error that ended the preparation."""
    try:
        return run_to_end(events, show)
    except UserError as problem:
        return problem


def listing(folder: Path, pattern: str = "*") -> list[tuple[str, int, int]]:
    paths = [folder, *sorted(folder.rglob(pattern))]
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]


def reasons(dataset: Dataset) -> dict[str, str]:
    return {each.name: each.reason for each in dataset.skipped}


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\0IDAT"


def packed(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def taped(path: Path, entries: Mapping[str, bytes], packing: str = "", form: int = tarfile.PAX_FORMAT) -> Path:
    mode: Any = f"w:{packing}"
    with tarfile.open(path, mode, format=form, errors="surrogateescape") as tar:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def archived(path: Path, entries: Mapping[str, bytes]) -> Path:
    """Returns a zip, a tar or a folder, as the name says."""
    path.parent.mkdir(exist_ok=True)
    if not path.suffix:
        for name, data in entries.items():
            path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            path.joinpath(name).write_bytes(data)
        return path
    return packed(path, dict(entries)) if path.suffix == ".zip" else taped(path, entries)
