"""Image files in folders and zips, decoded in threads, in order, in bounded memory."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from threading import Event
from time import monotonic, perf_counter
from typing import IO, overload

import numpy as np

from core.concurrency import in_order
from core.config.preparation import Preparation, SideBySide
from core.data.decode import (
    BYTE,
    FULL,
    NO_WHITES,
    TooLargeError,
    Whites,
    decode,
    header_size,
    passes,
    reason,
    value_range,
)
from core.data.items import Picture, Skipped, SkippedKind
from core.data.names import digest, printable
from core.data.sides.halves import SIDES, Half, halves
from core.data.source import classes_of, is_for_training, resolution_for, training_level
from core.data.value_range import ValueRange, white_for
from core.events import FirstImages, Progress
from core.language import _, number

SIZES_READ = 200
"""Number of files whose sizes determine the suggested resolution."""
LOOKED_AT = 32
"""Number of files whose values determine the white level of all. Rarely more than some percent of the images are
brighter and therefore skipped."""
_FEWEST = 8
"""Minimum number of dark files among them before 8-bit images of a mode count as having a lower white level."""
_TRIAL = 0.02  # seconds of reading without threads
_WORTH_HANDING_OVER = 0.0003  # seconds per file; below it, the GIL leaves threads no advantage
_AT_ONCE = 8  # files per job
FIRST_IMAGES = 12
"""Number of images that are shown first."""
FIRST_IMAGES_SECONDS = 0.2
THUMBNAIL = (64, 64)
LARGEST_FILE = 512 * 2**20


@dataclass(frozen=True)
class File:
    """Possible image file: its name inside the source, a function that opens it, its class, and the half to use."""

    name: str
    open: Callable[[], IO[bytes]]
    label: int = 0
    half: Half | None = None

    def cut(self, half: Half) -> File:
        """Returns one half of the image as a file."""
        return replace(self, name=half.name(self.name), label=half.side, half=half)


class _Some(Sequence[File]):
    """Some files of a listing, with other labels if given."""

    def __init__(self, files: Sequence[File], rows: Sequence[int], labels: Sequence[int] | None) -> None:
        self._files, self._rows, self._labels = files, rows, labels

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> File: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[File]: ...
    def __getitem__(self, index: int | slice) -> File | Sequence[File]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        file = self._files[self._rows[index]]
        return file if self._labels is None else replace(file, label=self._labels[index])


class _Halves(Sequence[File]):
    """Both halves of each file of a listing, the input first."""

    def __init__(self, files: Sequence[File], side_by_side: SideBySide) -> None:
        self._files, self._halves = files, halves(side_by_side)

    def __len__(self) -> int:
        return 2 * len(self._files)

    @overload
    def __getitem__(self, index: int) -> File: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[File]: ...
    def __getitem__(self, index: int | slice) -> File | Sequence[File]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        row, side = divmod(range(len(self))[index], 2)
        return self._files[row].cut(self._halves[side])


@dataclass(frozen=True)
class Files:
    """`Source` of listed image files."""

    name: str
    title: str
    key: str
    files: Sequence[File]
    classes: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    doing: str = _("Reading images")

    @property
    def total(self) -> int:
        return len(self.files)

    def for_training(self) -> Files:
        """Returns the source with the images of training folders alone, if there are such folders.

        Classes are found again from the remaining folders.
        """
        paths = [tuple(file.name.split("/")) for file in self.files]
        level = training_level({path[:-1] for path in paths})
        chosen = [row for row, path in enumerate(paths) if is_for_training(path, level)]
        if not level or len(chosen) == len(paths):
            return self
        key, labels, classes = digest(self.key, "train"), None, self.classes
        if not classes:
            depth, classes = classes_of({paths[row][:-1] for row in chosen})
            labels = [classes.index(paths[row][depth]) for row in chosen] if classes else None
        return replace(self, key=key, files=_Some(self.files, chosen, labels), classes=tuple(map(printable, classes)))

    def cut(self, side_by_side: SideBySide) -> Files:
        """Returns the source with both halves of every file as the classes A and B."""
        key = digest(self.key, "halves", side_by_side)
        return replace(self, key=key, files=_Halves(self.files, side_by_side), classes=SIDES)

    def suggest(self) -> Generator[Progress, None, int]:
        """Suggests a resolution from the headers of at most 200 evenly chosen files."""
        count = min(SIZES_READ, len(self.files))
        sides: list[int] = []
        for index, row in enumerate(_evenly(len(self.files), SIZES_READ)):
            chosen = self.files[row]
            with suppress(Exception), chosen.open() as file:  # reading will name what is wrong with it
                width, height = header_size(file)
                sides.append(min(width // 2 if chosen.half else width, height))
            if index % 32 == 0:
                yield Progress(_("Looking at image sizes"), index, count)
        return resolution_for(sides)

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Yields every file as an image or as skipped, in the order of the listing."""
        whites = whites_of(evenly_chosen(self.files))
        done, spent = 0, 0.0
        while done < len(self.files) and (spent < _TRIAL or spent < done * _WORTH_HANDING_OVER):
            begun = perf_counter()
            picture = read(self.files[done], how, whites)
            spent += perf_counter() - begun
            done += 1
            yield picture
        yield from self._read_on_threads(done, how, whites)

    def _read_on_threads(self, start: int, how: Preparation, whites: Whites) -> Iterator[Picture | Skipped | None]:
        workers, over = min(8, os.cpu_count() or 1), Event()
        starts = range(start, len(self.files), _AT_ONCE)
        jobs = (partial(_read_some, self.files[start : start + _AT_ONCE], how, whites, over) for start in starts)
        with closing(in_order(jobs, workers, ahead=2 * workers)) as chunks:
            try:
                for chunk in chunks:
                    yield from chunk or (None,)
            finally:
                over.set()


def _read_some(files: Sequence[File], how: Preparation, whites: Whites, over: Event) -> list[Picture | Skipped]:
    """Reads some files; stops after the current one when `over` is set."""
    return [read(file, how, whites) for file in files if not over.is_set()]


def _evenly(count: int, most: int) -> list[int]:
    """Returns at most `most` evenly spaced integers below `count`."""
    chosen = min(count, most)
    return [index * count // chosen for index in range(chosen)]


def evenly_chosen(files: Sequence[File]) -> list[File]:
    """Returns the files of a dataset that determine its levels of black and white."""
    return [files[row] for row in _evenly(len(files), LOOKED_AT)]


def whites_of(files: Iterable[File]) -> Whites:
    """Returns the levels of black and white by mode, from some files of a dataset.

    Modes whose images use the full range, or are black, are omitted. A few dark images do not change the levels.
    """
    found: dict[str, ValueRange] = {}
    counts, looked_at = Counter[str](), 0
    for file in files:
        looked_at += 1
        with suppress(Exception), file.open() as stream:  # reading will name what is wrong with it
            if one := value_range(stream, [mode for mode, each in found.items() if _is_full(mode, each)]):
                mode, numbers = one
                found[mode] = numbers | found.get(mode, numbers)
                counts[mode] += 1
    some = [mode for mode in found if FULL.get(mode) == BYTE and counts[mode] < _FEWEST and looked_at >= LOOKED_AT]
    return {
        mode: each.likely
        for mode, each in found.items()
        if mode not in some and not _is_full(mode, each) and (each.low, each.high) != (0, 0)
    }


def _is_full(mode: str, numbers: ValueRange) -> bool:
    return white_for(numbers.high) == FULL.get(mode)


def first_images(files: Sequence[File]) -> Iterator[FirstImages]:
    """Yields the first readable images at once; nothing if there are none."""
    begun, planes = monotonic(), []
    for file in files[:FIRST_IMAGES]:
        picture = read(file, Preparation(THUMBNAIL))
        if isinstance(picture, Picture):
            planes.append(np.broadcast_to(picture.pixels, (3, *picture.pixels.shape[1:])))
        if monotonic() - begun > FIRST_IMAGES_SECONDS:
            break
    if planes:
        yield FirstImages(np.stack(planes).transpose(0, 2, 3, 1))


def read(file: File, how: Preparation, whites: Whites = NO_WHITES) -> Picture | Skipped:
    """Returns a file as an image or as skipped. `whites`: result of `whites_of` for its dataset."""
    try:
        with file.open() as stream:
            # Reading a fixed number of bytes would allocate as much memory for every file.
            if stream.seek(0, os.SEEK_END) > LARGEST_FILE:
                raise TooLargeError(_("larger than {size} MB").format(size=number(LARGEST_FILE // 2**20)))
            stream.seek(0)
            data = stream.read()
        # Both halves of a file are not duplicates of each other.
        content = 0 if file.half else int.from_bytes(blake2b(data, digest_size=8).digest(), "little")
        picture = decode(io.BytesIO(data), how, whites, file.half)
    except Exception as error:  # decoders raise any exception; it concerns only this file
        kind: SkippedKind = "too_large" if isinstance(error, TooLargeError) else "unreadable"
        return Skipped(printable(file.name), reason(error), passes(error), kind)
    return replace(picture, label=file.label, name=printable(file.name), bytes=len(data), content=content)
