"""Tar of images, compressed or not, read sequentially and never unpacked to the disk."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

from core.concurrency import in_order
from core.config.preparation import Preparation, SideBySide
from core.data.decode import Whites, header_size
from core.data.formats.archive_entries import EntryRecognizer, Found, Labels, empty, in_a_run, named_runs, runs_among
from core.data.formats.compression import readable
from core.data.formats.file_kinds import FIRST_BYTES, TARS
from core.data.formats.image_files import FIRST_IMAGES, LOOKED_AT, SIZES_READ, File, first_images, read, whites_of
from core.data.formats.label_files import LabelFile, too_large
from core.data.formats.tar_reader import Member, is_tar, walk
from core.data.items import Picture, Skipped
from core.data.names import Inside, absolute, digest, inside, printable, version
from core.data.sides.halves import SIDES, halves
from core.data.source import OneFile, is_for_training, resolution_for, training_level
from core.events import FirstImages, Progress
from core.language import _

TITLE = "Tar"
RANK = 6

_LARGE = 2**24
"""Size in bytes from which a file is not queued in memory."""


@dataclass(frozen=True)
class Tar(OneFile):
    """`Source` of image files in a tar, in the order of the archive."""

    total: int
    labels: Labels
    runs: frozenset[Inside]
    skipped: tuple[Skipped, ...]
    training: tuple[int, Labels]
    """Number of images in training folders, and their labels."""
    level: int
    """Number of levels at which folders split the dataset; 0 without a training folder."""
    is_training_only: bool = False
    side_by_side: SideBySide = "no"
    doing: str = _("Reading images")

    def for_training(self) -> Tar:
        """Returns the source with the images of training folders alone, if there are such folders."""
        if not self.level:
            return self
        total, labels = self.training
        return replace(self, key=digest(self.key, "train"), total=total, labels=labels, is_training_only=True)

    def cut(self, side_by_side: SideBySide) -> Tar:
        """Returns the source with both halves of every file as the classes A and B."""
        key = digest(self.key, "halves", side_by_side)
        return replace(self, key=key, total=2 * self.total, side_by_side=side_by_side)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.labels.classes if self.side_by_side == "no" else SIDES

    def suggest(self) -> Generator[Progress, None, int]:
        """Suggests a resolution from the headers of the first 200 readable files."""
        sides: list[int] = []
        with readable(self.root):
            for entry in self._pictures():
                if entry is None:
                    yield Progress(_("Looking at image sizes"), len(sides), SIZES_READ)
                    continue
                data = entry[1].content()
                with contextlib.suppress(Exception):  # `read` will report it
                    width, height = header_size(io.BytesIO(data))
                    sides.append(min(width if self.side_by_side == "no" else width // 2, height))
                if len(sides) == SIZES_READ:
                    break
        return resolution_for(sides)

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Yields every file as an image or as skipped. Raises `UserError` if the tar cannot be read further."""
        workers = min(8, os.cpu_count() or 1)
        with readable(self.root):
            first = (entry[1] for entry in self._pictures() if entry is not None)
            whites = whites_of(File(each.name, partial(_content, each)) for each in islice(first, LOOKED_AT))
            yield from in_order(self._jobs(how, whites), workers, ahead=4 * workers)

    def _jobs(self, how: Preparation, whites: Whites) -> Iterator[Callable[[], Picture | Skipped | None]]:
        for entry in self._pictures():
            if entry is None:
                yield _nothing
                continue
            path, member = entry
            label = self.labels.of(path)
            if isinstance(label, Skipped):
                yield partial(_given, label)
                continue
            for file in self._cut(File(self.labels.name(path), partial(io.BytesIO, member.content()), label)):
                job = partial(read, file, how, whites)
                yield job if member.size < _LARGE else partial(_given, job())

    def _cut(self, file: File) -> list[File]:
        """Returns the halves of a file if it holds two images, else the file."""
        return [file] if self.side_by_side == "no" else [file.cut(half) for half in halves(self.side_by_side)]

    def _pictures(self) -> Iterator[tuple[Inside, Member] | None]:
        """Yields the images; None is an opportunity to show progress or to stop."""
        for entry in _entries(self.root, EntryRecognizer()):
            if entry is None:
                yield None
            elif entry[2] == "image" and not in_a_run(entry[0], self.runs) and self._is_wanted(entry[0]):
                yield entry[:2]

    def _is_wanted(self, path: Inside) -> bool:
        return not self.is_training_only or is_for_training(path, self.level)


def _content(member: Member) -> IO[bytes]:
    return io.BytesIO(member.content())


def opens(source: str) -> bool:
    path = Path(source)
    return path.is_file() and (source.lower().endswith(TARS) or is_tar(path))


def scan(source: str) -> Generator[Progress | FirstImages, None, Tar]:
    """Lists the images in the tar. Raises `UserError` if it is damaged, a bomb, a run folder, or has no images."""
    root = absolute(source)
    yield Progress(_("Looking for images"), 0, 0)
    paths: list[Inside] = []
    marks: list[Inside] = []
    label_files: list[LabelFile] = []
    skipped: list[Skipped] = []
    first: list[File] = []
    recognizer = EntryRecognizer()
    with readable(root):
        key = digest(version(root))
        for entry in _entries(root, recognizer):
            if entry is None:
                yield Progress(_("Looking for images"), len(paths), 0)
                continue
            path, member, judged = entry
            if isinstance(judged, Skipped):
                skipped.append(judged)
            elif judged == "run_mark":
                marks.append(path)
            elif judged == "labels":
                skipped += _take(path, member, label_files)
            else:
                paths.append(path)
                if len(first) < FIRST_IMAGES and member.size < _LARGE:
                    first.append(File(member.name, partial(io.BytesIO, member.content())))
                    if len(first) == FIRST_IMAGES:
                        yield from first_images(first)
    runs = runs_among(marks)
    paths = [path for path in paths if not in_a_run(path, runs)]
    if not paths and (runs or not skipped):
        raise empty(root, runs)
    files = [file for file in label_files if not in_a_run(file[0], runs)]
    labels = Labels(paths, files)
    skipped += (*recognizer.passed_over(), *named_runs(runs), *labels.skipped)
    level = training_level({path[:-1] for path in paths})
    inside_training = [path for path in paths if is_for_training(path, level)]
    training = len(inside_training), Labels(inside_training, files, labels.around) if level else labels
    return Tar(root, key, len(paths), labels, runs, tuple(skipped), training, level)


def _take(path: Inside, member: Member, files: list[LabelFile]) -> list[Skipped]:
    """Adds a label file to those nearest to the top so far, unless their total size is too large."""
    if files and len(path) > len(files[0][0]):
        return []
    if files and len(path) < len(files[0][0]):
        files.clear()
    if why := too_large(member.size + sum(len(content) for _path, content in files)):
        return [Skipped(printable(member.name), why, kind="labels")]
    files.append((path, member.content()))
    return []


def _entries(root: Path, recognizer: EntryRecognizer) -> Iterator[tuple[Inside, Member, Found | Skipped] | None]:
    """Yields relevant entries and their kinds; None is an opportunity to show progress or to stop."""
    for member in walk(root):
        if member is None:
            yield None
            continue
        path = inside(member.name)
        judged = recognizer.judge(member.name, path, member.size, member.refused, partial(member.first, FIRST_BYTES))
        if judged is not None:
            yield path, member, judged


def _nothing() -> None:
    """Does nothing: a job whose result lets `in_order` yield."""


def _given(result: Picture | Skipped) -> Picture | Skipped:
    return result
