"""Entries of zip and tar archives: which are images, which are refused, and their class labels.

Nothing is ever unpacked to the disk, and no link is followed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from itertools import takewhile
from pathlib import Path
from typing import Literal

from core.data.formats.file_kinds import FORMATS, Recognizer
from core.data.formats.folder import RUN, RUN_MARKS, of_a_training
from core.data.formats.image_files import LARGEST_FILE
from core.data.formats.label_files import ImageLabels, LabelFile, is_label_file, read_labels, too_large
from core.data.items import Skipped
from core.data.names import Inside, is_hidden, printable, quoted
from core.data.source import classes_of
from core.errors import UserError

Found = Literal["image", "labels", "run mark"]


class EntryRecognizer:
    """Says of the entries of an archive, one after the other in their order, what they are."""

    def __init__(self) -> None:
        self._recognizer = Recognizer(archived=True)
        self.passed_over = self._recognizer.passed_over

    def judge(
        self, name: str, path: Inside, size: int, refused: str, first: Callable[[], bytes]
    ) -> Found | Skipped | None:
        """Returns what is wanted of an entry, why it is left out, or None for what is none of the program's business.

        `refused`: why the archive cannot give it. `first` reads its first bytes.
        """
        if not path or any(map(is_hidden, path)):
            return None
        if path[-1] in RUN_MARKS:
            return "run mark"
        labels = is_label_file(path[-1])
        if not labels:
            judged = self._recognizer.judge(name, (lambda: b"") if refused else first)
            if judged is not True:
                return judged or None
        if why := _refusal(name, path) or refused or (too_large(size) if labels else _too_large(size)):
            return Skipped(printable(name), why, kind="labels" if labels else "refused")
        return "labels" if labels else "image"


def _refusal(name: str, path: Inside) -> str:
    outside = name.startswith("/") or ".." in path or re.match(r"[A-Za-z]:", name)
    return "its path points outside the archive" if outside else ""


def _too_large(size: int) -> str:
    return f"larger than {LARGEST_FILE // 2**20} MB when unpacked" if size > LARGEST_FILE else ""


def runs_among(marks: Iterable[Inside]) -> frozenset[Inside]:
    """Returns the folders of trainings: those in which all of `RUN_MARKS` lie."""
    beside: defaultdict[Inside, set[str]] = defaultdict(set)
    for path in marks:
        beside[path[:-1]].add(path[-1])
    return frozenset(folder for folder, names in beside.items() if names == RUN_MARKS)


def in_a_run(path: Inside, runs: Set[Inside]) -> bool:
    """Returns whether an entry lies in one of the runs, at any depth."""
    return bool(runs) and any(path[:depth] in runs for depth in range(len(path)))


def named_runs(runs: Set[Inside]) -> list[Skipped]:
    """Says that the runs are left out."""
    return [Skipped(printable("/".join(folder)), RUN, kind="runs") for folder in sorted(runs)]


def empty(root: Path, runs: Set[Inside]) -> UserError:
    """For an archive without an image, which may hold the folder of a training."""
    if runs:
        return of_a_training(root)
    return UserError(
        f"There are no images in {quoted(root.name)}.",
        f"Open one that holds {FORMATS} files; unpack it first if it holds something else.",
        str(root),
    )


class Labels:
    """Which class each image is of: as the label files say where there are some, else by the folders of one level.

    `paths` are those of the images. The folders around everything, which packing a folder makes, are no classes; `name`
    leaves them away.
    """

    def __init__(self, paths: Sequence[Inside], files: Iterable[LabelFile], around: int | None = None) -> None:
        """`around`: how many folders are around everything, where `paths` are only some of the images."""
        folders = {path[:-1] for path in paths}
        self.around = _shared(folders) if around is None else around
        self._level, names = classes_of(folders)
        self._numbers = {name: number for number, name in enumerate(names)}
        self.classes = tuple(printable(name) for name in names)
        self._noted: ImageLabels | None = None
        labels, self.skipped = read_labels(files)
        if labels is not None:
            is_of_these, said = labels.compared("/".join(path) for path in paths)
            self.skipped += said
            if is_of_these:
                self._noted, self.classes = labels, labels.classes

    def of(self, path: Inside) -> int | Skipped:
        """The class of an image, 0 where there are none; why it is left out where the label file forgot it."""
        if self._noted is not None:
            label = self._noted.of("/".join(path))
            return label if label is not None else self._noted.forgot(self.name(path))
        if not self.classes:
            return 0
        number = self._numbers.get(path[self._level]) if len(path) > self._level else None
        return number if number is not None else Skipped(printable(self.name(path)), "it was not there at first")

    def name(self, path: Inside) -> str:
        return "/".join(path[self.around :])


def _shared(folders: Set[Inside]) -> int:
    """How many parts all of the paths begin with."""
    pairs = zip(min(folders, default=()), max(folders, default=()), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
