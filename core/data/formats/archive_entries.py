"""Entries of zip and tar archives: which are images, which are refused, and their class labels.

Nothing is ever unpacked to the disk, and no link is followed.
"""

from __future__ import annotations

import re
from collections.abc import Set
from itertools import takewhile
from pathlib import Path

from core.data.decode import EXTENSIONS, OTHER_PICTURES, other_picture
from core.data.formats.folder import FORMATS
from core.data.formats.image_files import LARGEST_FILE
from core.data.formats.label_files import FOREIGN, NAMES, ImageLabels, read_labels, too_large
from core.data.items import Skipped
from core.data.names import Inside, is_hidden, printable, quoted
from core.data.source import classes_of
from core.errors import UserError

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def wanted(path: Inside) -> bool:
    """Whether it looks like a picture, the labels, or what somebody may have hoped would be looked into."""
    if not path or any(map(is_hidden, path)):
        return False
    return path[-1] in NAMES or path[-1].lower().endswith((*EXTENSIONS, *OTHER_PICTURES, ".zip", *TARS))


def refusal_reason(name: str, path: Inside, size: int) -> str:
    """Why an entry is refused, if it is."""
    if name.startswith("/") or ".." in path or re.match(r"[A-Za-z]:", name):
        return "its path points outside the archive"
    if path[-1].lower().endswith((".zip", *TARS)):
        return "an archive inside the archive; unpack it first"
    if path[-1] in NAMES:
        return too_large(size)
    if path[-1].lower().endswith(OTHER_PICTURES):
        return other_picture(path[-1])
    if size > LARGEST_FILE:
        return f"larger than {LARGEST_FILE // 2**20} MB when unpacked"
    return ""


def rank(path: Inside) -> tuple[int, int]:
    """Returns the sorting key of a label file: the lowest counts, nearest to the top and then first in `NAMES`."""
    return len(path), NAMES.index(path[-1])


def empty(root: Path) -> UserError:
    """For an archive without a picture."""
    return UserError(
        f"There are no images in {quoted(root.name)}.",
        f"Open one that holds {FORMATS} files; unpack it first if it holds something else.",
        str(root),
    )


class Labels:
    """Which class each picture is of: as the note says where there is one, else by the folders of the first level.

    `folders` are those in which pictures lie. The ones around everything, which packing a folder makes, are no classes;
    `name` leaves them away. `note` is the path of a label file, and what stands in it.
    """

    def __init__(self, folders: Set[Inside], note: tuple[Inside, bytes] | None) -> None:
        self._around = _shared(folders)
        self._noted: ImageLabels | None = None
        self.file = ""
        """The name of the label file that counts."""
        self.skipped: tuple[Skipped, ...] = ()
        names = classes_of({folder[self._around :] for folder in folders})
        self._numbers = {name: number for number, name in enumerate(names)}
        self.classes = tuple(printable(name) for name in names)
        if note is not None:
            try:
                self._noted = read_labels(note[0][-1], note[1], note[0][:-1])
                self.file, self.classes = note[0][-1], self._noted.classes
            except Exception:  # a file of that name may hold anything
                self.skipped = (Skipped(printable("/".join(note[0])), FOREIGN),)

    def of(self, path: Inside) -> int | None:
        """The class of a picture, 0 where there are none; None where the note forgot this one."""
        if self._noted is not None:
            return self._noted.of("/".join(path))
        if not self.classes:
            return 0
        return self._numbers.get(path[self._around]) if len(path) > self._around else None

    def name(self, path: Inside) -> str:
        return "/".join(path[self._around :])


def _shared(folders: Set[Inside]) -> int:
    """How many parts all of the paths begin with."""
    pairs = zip(min(folders, default=()), max(folders, default=()), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
