"""A tar of images, packed or not, read from front to back, so that nothing of it is ever unpacked to the disk."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

from core.concurrency import in_order
from core.config.preparation import Preparation
from core.data.decode import Whites, header_size
from core.data.formats.archive_entries import TARS, Labels, empty, rank, refusal_reason, wanted
from core.data.formats.compression import readable
from core.data.formats.image_files import FIRST_IMAGES, LOOKED_AT, SIZES_READ, File, first_images, read, whites_of
from core.data.formats.label_files import NAMES, unlabelled
from core.data.formats.tar_reader import Member, is_tar, walk
from core.data.items import Picture, Skipped
from core.data.names import Inside, absolute, digest, inside, printable, version
from core.data.source import OneFile, resolution_for
from core.events import FirstImages, Progress

TITLE = "Tar"
RANK = 6

_LARGE = 2**24
"""A file of as many bytes is not left waiting in memory."""


@dataclass(frozen=True)
class Tar(OneFile):
    """A `Source` of image files in a tar, in their order there."""

    total: int
    labels: Labels
    skipped: tuple[Skipped, ...]
    doing: str = "Reading images"

    @property
    def classes(self) -> tuple[str, ...]:
        return self.labels.classes

    def suggest(self) -> Generator[Progress, None, int]:
        """From the headers of the first 200 files that have one."""
        sides: list[int] = []
        with readable(self.root):
            for entry in _pictures(self.root):
                if entry is None:
                    yield Progress("Looking at image sizes", len(sides), SIZES_READ)
                    continue
                data = entry[1].content()
                with contextlib.suppress(Exception):  # reading will name it
                    sides.append(min(header_size(io.BytesIO(data))))
                if len(sides) == SIZES_READ:
                    break
        return resolution_for(sides)

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Every file as a picture or with the reason why not. Raises `UserError` when the tar can be read no
        further."""
        workers = min(8, os.cpu_count() or 1)
        with readable(self.root):
            first = (entry[1] for entry in _pictures(self.root) if entry is not None)
            whites = whites_of(File(each.name, partial(_content, each)) for each in islice(first, LOOKED_AT))
            yield from in_order(self._jobs(how, whites), workers, ahead=4 * workers)

    def _jobs(self, how: Preparation, whites: Whites) -> Iterator[Callable[[], Picture | Skipped | None]]:
        for entry in _pictures(self.root):
            if entry is None:
                yield _nothing
                continue
            path, member = entry
            name, label = self.labels.name(path), self.labels.of(path)
            if label is None:
                yield partial(Skipped, printable(name), unlabelled(self.labels.file))
                continue
            job = partial(read, File(name, partial(io.BytesIO, member.content()), label), how, whites)
            yield job if member.size < _LARGE else partial(_given, job())


def _content(member: Member) -> IO[bytes]:
    return io.BytesIO(member.content())


def opens(source: str) -> bool:
    path = Path(source)
    return path.is_file() and (source.lower().endswith(TARS) or is_tar(path))


def scan(source: str) -> Generator[Progress | FirstImages, None, Tar]:
    """List the images in the tar. Raises `UserError` when it is damaged, a bomb, or holds no images."""
    root = absolute(source)
    yield Progress("Looking for images", 0, 0)
    total = 0
    folders: set[Inside] = set()
    note: tuple[Inside, bytes] | None = None
    skipped: list[Skipped] = []
    first: list[File] = []
    with readable(root):
        key = digest(version(root))
        for entry in _entries(root):
            if entry is None:
                yield Progress("Looking for images", total, 0)
                continue
            path, member = entry
            if refused := _refused(path, member):
                skipped.append(Skipped(printable(member.name), refused))
            elif path[-1] in NAMES:
                if note is None or rank(path) <= rank(note[0]):
                    note = path, member.content()
            else:
                total += 1
                folders.add(path[:-1])
                if len(first) < FIRST_IMAGES and member.size < _LARGE:
                    first.append(File(member.name, partial(io.BytesIO, member.content())))
                    if len(first) == FIRST_IMAGES:
                        yield from first_images(first)
    if not total and not skipped:
        raise empty(root)
    labels = Labels(folders, note)
    return Tar(root, key, total, labels, (*skipped, *labels.skipped))


_Entry = tuple[Inside, Member]


def _entries(root: Path) -> Iterator[_Entry | None]:
    """What looks like a picture or like the labels; None for a moment to show progress or to stop."""
    for member in walk(root):
        if member is None:
            yield None
        elif wanted(path := inside(member.name)):
            yield path, member


def _pictures(root: Path) -> Iterator[_Entry | None]:
    """Those that are pictures."""
    for entry in _entries(root):
        if entry is None or (entry[0][-1] not in NAMES and not _refused(*entry)):
            yield entry


def _refused(path: Inside, member: Member) -> str:
    return refusal_reason(member.name, path, member.size) or member.refused


def _nothing() -> None:
    """A job without a result: the moment that `in_order` passes on."""


def _given(result: Picture | Skipped) -> Picture | Skipped:
    return result
