"""Image files, wherever they lie: what folders and zips share. Decoded on threads, in order, with flat memory."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from time import monotonic
from typing import IO

import numpy as np

from core.data.dataset import Skipped
from core.data.decode import decode, header_size, reason
from core.data.pool import in_order
from core.data.source import Picture, printable, resolution_for
from core.events import Glimpse, Progress
from core.preparation import Preparation

LOOKED_AT = 200
"""Files whose sizes make a suggestion."""
GLIMPSED = 12
"""Files that are shown at once."""
GLIMPSE_SECONDS = 0.2
THUMBNAIL = (64, 64)
LARGEST_FILE = 512 * 2**20


@dataclass(frozen=True)
class File:
    """A file that looks like an image: its name inside the source, how to open it, and its class."""

    name: str
    open: Callable[[], IO[bytes]]
    label: int = 0


@dataclass(frozen=True)
class Files:
    """A `Source` of listed image files."""

    name: str
    title: str
    key: str
    files: Sequence[File]
    classes: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    doing: str = "Reading images"

    @property
    def total(self) -> int:
        return len(self.files)

    def suggest(self) -> Generator[Progress, None, int]:
        """From the headers of at most 200 files, evenly chosen."""
        count = min(LOOKED_AT, len(self.files))
        sides: list[int] = []
        for index in range(count):
            try:
                with self.files[index * len(self.files) // count].open() as file:
                    sides.append(min(header_size(file)))
            except Exception:
                pass  # reading will name it
            if index % 32 == 0:
                yield Progress("Looking at image sizes", index, count)
        return resolution_for(sides)

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Every file as a picture or with the reason why not, in the order of the listing."""
        workers = min(8, os.cpu_count() or 1)
        yield from in_order((partial(read, file, how) for file in self.files), workers, ahead=16 * workers)


def glimpse(files: Sequence[File]) -> Iterator[Glimpse]:
    """The first files that can be read, soon; nothing if there are none."""
    begun, planes = monotonic(), []
    for file in files[:GLIMPSED]:
        picture = read(file, Preparation(THUMBNAIL))
        if isinstance(picture, Picture):
            planes.append(np.broadcast_to(picture.pixels, (3, *picture.pixels.shape[1:])))
        if monotonic() - begun > GLIMPSE_SECONDS:
            break
    if planes:
        yield Glimpse(np.stack(planes).transpose(0, 2, 3, 1))


def read(file: File, how: Preparation) -> Picture | Skipped:
    """One file as a picture, or the reason why not."""
    try:
        with file.open() as stream:
            data = stream.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            return Skipped(printable(file.name), f"larger than {LARGEST_FILE // 2**20} MB")
        content = int.from_bytes(blake2b(data, digest_size=8).digest(), "little")
        picture = decode(io.BytesIO(data), how)
    except Exception as error:  # image formats fail in every way there is; each is this one file's affair
        return Skipped(printable(file.name), reason(error))
    return replace(picture, label=file.label, name=printable(file.name), bytes=len(data), content=content)
