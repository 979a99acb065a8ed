"""Image files, wherever they lie: what folders and zips share. Decoded on threads, in order, with flat memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO

from core.data.dataset import Skipped
from core.data.decode import decode, header_size, reason
from core.data.pool import in_order
from core.data.source import Picture, Size, printable, resolution_for
from core.events import Progress

_LOOKED_AT = 200


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
    files: tuple[File, ...]
    classes: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    doing: str = "Reading images"

    @property
    def total(self) -> int:
        return len(self.files)

    def suggest(self) -> Generator[Progress, None, int]:
        """From the headers of at most 200 files, evenly chosen."""
        count = min(_LOOKED_AT, len(self.files))
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

    def read(self, size: Size, alpha: bool) -> Iterator[Picture | Skipped | None]:
        """Every file as a picture or with the reason why not, in the order of the listing."""
        workers = min(8, os.cpu_count() or 1)
        yield from in_order((partial(_read, file, size, alpha) for file in self.files), workers, ahead=16 * workers)


def _read(file: File, size: Size, alpha: bool) -> Picture | Skipped:
    try:
        with file.open() as stream:
            return decode(stream, size, alpha, file.label)
    except Exception as error:  # image formats fail in every way there is; each is this one file's affair
        return Skipped(printable(file.name), reason(error))
