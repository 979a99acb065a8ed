"""IDX, the format of MNIST and its variants: a header with type and shape, then numbers; optionally compressed."""

from __future__ import annotations

import contextlib
import os
import re
import struct
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.data.formats.compression import damaged, first_bytes, readable, unpacked
from core.data.formats.raw_arrays import Arrays, RowStream, few_names, pictures
from core.data.items import Skipped
from core.data.names import absolute, digest, printable, quoted, version
from core.data.source import class_numbers
from core.errors import UserError
from core.events import Progress
from core.language import _

TITLE = "IDX"
RANK = 1

_KINDS = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def opens(source: str) -> bool:
    path = Path(source)
    return _inside(path) is not None if path.is_dir() else path.is_file() and _is_idx(first_bytes(path, 4))


def scan(source: str) -> Generator[Progress, None, Arrays]:
    """Finds images and labels, whichever was opened. Raises `UserError` for damaged files, or labels without images."""
    root = absolute(source)
    yield Progress(_("Looking for images"), 0, 0)
    with readable(root):
        images = _images_of(_inside(root) or root)
        kind, shape = _header(images)
        rows = pictures(images, partial(_numbers, images), kind, shape)
        beside = _beside(images, "images", "labels", "1")
        labels, wrong = _labels(beside, rows.count)
        files = [file for file in (images, beside) if file is not None]
        key = digest(*map(version, files))
    numbers, classes = class_numbers(labels)
    return Arrays(root, key, (rows,), numbers, classes, wrong)


def _inside(folder: Path) -> Path | None:
    """Returns the file of images in a folder, the training images if there are several."""
    images = [name for name in few_names(folder) if re.search(r"images.idx[34]", name, re.IGNORECASE)]
    return folder / min(images, key=lambda name: ("train" not in name.lower(), name)) if images else None


def _images_of(file: Path) -> Path:
    """Returns the file itself, or the images beside it if it holds labels. Raises `UserError` if there are none."""
    if len(_header(file)[1]) > 1:
        return file
    images = _beside(file, "labels", "images", "34")
    if images is None:
        raise UserError(
            _("{name} holds labels, but the file with the images is missing.").format(name=quoted(file.name)),
            _("Move the file with the images into the same folder."),
            str(file),
        )
    return images


def _beside(file: Path, word: str, other: str, dimensions: str) -> Path | None:
    """Returns the matching file: `other` in place of `word`, other dimensions, any case and compression; else None."""
    name = file.name.lower().removesuffix(".gz")
    if word not in name:
        return None
    wanted = [re.sub(r"idx\d", f"idx{number}", name.replace(word, other)) for number in dimensions]
    found: dict[str, Path] = {}
    with contextlib.suppress(OSError), os.scandir(file.parent) as entries:
        found = {entry.name.lower(): file.with_name(entry.name) for entry in entries if entry.is_file()}
    return next((found[each + packed] for each in wanted for packed in ("", ".gz") if each + packed in found), None)


def _labels(file: Path | None, count: int) -> tuple[NDArray[Any], tuple[Skipped, ...]]:
    if file is None:
        return np.zeros(count, np.int64), ()
    kind, shape = _header(file)
    if shape != (count,) or kind.kind not in "iu":
        reason = _("its array of type {type} and shape {shape} does not hold a label for each image")
        reason = reason.format(type=kind.name, shape=shape)
        return np.zeros(count, np.int64), (Skipped(printable(file.name), reason, kind="labels"),)
    return RowStream(partial(_numbers, file), kind, count).all(), ()


def _is_idx(start: bytes) -> bool:
    return len(start) >= 4 and start[:2] == b"\0\0" and start[2] in _KINDS and 1 <= start[3] <= 4


def _header(file: Path) -> tuple[np.dtype[Any], tuple[int, ...]]:
    start = first_bytes(file, 20)
    if not _is_idx(start) or len(start) < _length(start):
        raise damaged(file, _("{name} is not an IDX file (MNIST), or it is damaged."))
    return np.dtype(_KINDS[start[2]]), struct.unpack(f">{start[3]}I", start[4 : _length(start)])


def _length(start: bytes) -> int:
    return 4 + 4 * start[3]


def _numbers(file: Path) -> IO[bytes]:
    """Opens the file after its header."""
    stream = unpacked(file)
    stream.seek(_length(first_bytes(file, 4)))
    return stream
