"""Entries of zip and tar archives: images, refused entries, and class labels.

Nothing is unpacked to the disk, and no link is followed.
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
from core.language import _, number

Found = Literal["image", "labels", "run_mark"]


class EntryRecognizer:
    """Classifies the entries of an archive one by one, in their order."""

    def __init__(self) -> None:
        self._recognizer = Recognizer(archived=True)
        self.passed_over = self._recognizer.passed_over

    def judge(
        self, name: str, path: Inside, size: int, refused: str, first: Callable[[], bytes]
    ) -> Found | Skipped | None:
        """Returns the kind of an entry, or why it is skipped, or None for an irrelevant file.

        `refused`: reason why the archive cannot read it, or empty. `first` reads its first bytes.
        """
        if not path or any(map(is_hidden, path)):
            return None
        if path[-1] in RUN_MARKS:
            return "run_mark"
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
    return _("its path leads outside the archive") if outside else ""


def _too_large(size: int) -> str:
    if size <= LARGEST_FILE:
        return ""
    return _("larger than {size} MB when unpacked").format(size=number(LARGEST_FILE // 2**20))


def runs_among(marks: Iterable[Inside]) -> frozenset[Inside]:
    """Returns the run folders, which contain all of `RUN_MARKS`."""
    beside: defaultdict[Inside, set[str]] = defaultdict(set)
    for path in marks:
        beside[path[:-1]].add(path[-1])
    return frozenset(folder for folder, names in beside.items() if names == RUN_MARKS)


def in_a_run(path: Inside, runs: Set[Inside]) -> bool:
    """Returns whether an entry is in one of the run folders, at any depth."""
    return bool(runs) and any(path[:depth] in runs for depth in range(len(path)))


def named_runs(runs: Set[Inside]) -> list[Skipped]:
    """Returns the run folders as skipped items."""
    return [Skipped(printable("/".join(folder)), RUN, kind="runs") for folder in sorted(runs)]


def empty(root: Path, runs: Set[Inside]) -> UserError:
    """Returns the error for an archive without images. `runs`: run folders in it."""
    if runs:
        return of_a_training(root)
    return UserError(
        _("There are no images in {name}.").format(name=quoted(root.name)),
        _("Open an archive with {formats} files. If this one holds other archives, unpack it first.").format(
            formats=FORMATS
        ),
        str(root),
    )


class Labels:
    """Classes of the images in an archive: from label files if there are any, else from the folders of one level.

    `paths`: paths of the images. Folders around all entries, which packing a folder creates, are not classes; `name`
    omits them.
    """

    def __init__(self, paths: Sequence[Inside], files: Iterable[LabelFile], around: int | None = None) -> None:
        """Finds the classes. `around`: number of folders around all entries, if `paths` are only some of the images."""
        folders = {path[:-1] for path in paths}
        self.around = _shared(folders) if around is None else around
        self._level, names = classes_of(folders)
        self._numbers = {name: label for label, name in enumerate(names)}
        self.classes = tuple(printable(name) for name in names)
        self._noted: ImageLabels | None = None
        labels, self.skipped = read_labels(files)
        if labels is not None:
            is_of_these, said = labels.compared("/".join(path) for path in paths)
            self.skipped += said
            if is_of_these:
                self._noted, self.classes = labels, labels.classes

    def of(self, path: Inside) -> int | Skipped:
        """Returns the class of an image (0 without classes), or why it is skipped if it has none."""
        if self._noted is not None:
            label = self._noted.of("/".join(path))
            return label if label is not None else self._noted.forgot(self.name(path))
        if not self.classes:
            return 0
        found = self._numbers.get(path[self._level]) if len(path) > self._level else None
        if found is None:
            return Skipped(printable(self.name(path)), _("added while the archive was read"))
        return found

    def name(self, path: Inside) -> str:
        return "/".join(path[self.around :])


def _shared(folders: Set[Inside]) -> int:
    """Returns the number of leading parts that all paths share."""
    pairs = zip(min(folders, default=()), max(folders, default=()), strict=False)
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], pairs))
