"""CIFAR-10 and CIFAR-100 in their binary version: rows of labels and 32 x 32 px. The pickled version is refused."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.data.formats.compression import damaged, first_bytes, readable
from core.data.formats.raw_arrays import Arrays, RowStream, few_names
from core.data.names import absolute, digest, natural, opened, quoted, version
from core.errors import UserError
from core.events import Progress
from core.language import _

TITLE = "CIFAR"
RANK = 0

_PIXELS = (3, 32, 32)
_LONGEST_NAMES = 2**16


@dataclass(frozen=True)
class _Layout:
    """Layout of the files of a CIFAR version.

    `training`: pattern of the training files, which a folder stands for; `files`: pattern of all data files; `names`:
    file with a class name on each line; `labels`: bytes before each image, the last of which is its class.
    """

    training: str
    files: str
    names: str
    classes: int
    labels: int

    @property
    def row(self) -> np.dtype[Any]:
        return np.dtype(
            {
                "names": ["label", "pixels"],
                "formats": ["u1", ("u1", _PIXELS)],
                "offsets": [self.labels - 1, self.labels],
                "itemsize": self.labels + int(np.prod(_PIXELS)),
            }
        )

    def rows(self, file: Path, part: str) -> RowStream:
        """Returns the rows of a file. Raises `UserError` if it is incomplete."""
        count, rest = divmod(file.stat().st_size, self.row.itemsize)
        if rest or not count:
            raise damaged(
                file, _("{name} is not a CIFAR file, or it is incomplete."), f"rows: {count}, bytes after them: {rest}"
            )
        return RowStream(partial(opened, file), self.row, count, part)


_LAYOUTS = (
    _Layout(r"data_batch_\d\.bin", r"(data_batch_\d|test_batch)\.bin", "batches.meta.txt", 10, 1),
    _Layout(r"train\.bin", r"(train|test)\.bin", "fine_label_names.txt", 100, 2),
)
_FIRST_PICKLED = ("data_batch_1", "train")
_PICKLED = r"data_batch_\d|test_batch|batches\.meta|train|test|meta"


def opens(source: str) -> bool:
    path = Path(source)
    return _layout(path) is not None or _is_pickled(path)


def scan(source: str) -> Generator[Progress, None, Arrays]:
    """Finds the batches; in a folder, the training batches. Raises `UserError` for damaged and pickled files."""
    root = absolute(source)
    yield Progress(_("Looking for images"), 0, 0)
    if _is_pickled(root):
        what = _("{name} is the Python version of CIFAR: pickled data, which could run code when read.")
        raise UserError(
            what.format(name=quoted(root.name)),
            _("Download the binary version, whose files end in .bin."),
            str(root),
        )
    with readable(root):
        layout = _layout(root)
        if layout is None:
            raise FileNotFoundError(root)  # deleted since `opens`
        files = _training(root, layout) if root.is_dir() else [root]
        parts = tuple(layout.rows(file, "pixels") for file in files)
        labels = np.concatenate([layout.rows(file, "label").all() for file in files]).astype(np.int64)
        classes = _names(files[0].with_name(layout.names), layout.classes)
        key = digest(*map(version, files), *classes)
    if labels.max() >= len(classes):
        raise damaged(
            root, _("{name} is not a CIFAR file, or it is damaged."), f"class {labels.max()} of {len(classes)}"
        )
    return Arrays(root, key, parts, labels, classes)


def _layout(path: Path) -> _Layout | None:
    return next((layout for layout in _LAYOUTS if _is_of(path, layout)), None)


def _is_of(path: Path, layout: _Layout) -> bool:
    if path.is_dir():
        return bool(_training(path, layout)) and (path / layout.names).is_file()
    # "train.bin" is a common name, so the names file or the size must fit too.
    return bool(re.fullmatch(layout.files, path.name) and path.is_file()) and (
        path.with_name(layout.names).is_file() or path.stat().st_size % layout.row.itemsize == 0
    )


def _training(folder: Path, layout: _Layout) -> list[Path]:
    names = [name for name in few_names(folder) if re.fullmatch(layout.training, name)]
    return [folder / name for name in sorted(names, key=natural)]


def _is_pickled(path: Path) -> bool:
    files = [path / name for name in few_names(path) if name in _FIRST_PICKLED] if path.is_dir() else [path]
    return any(
        re.fullmatch(_PICKLED, file.name) and file.is_file() and first_bytes(file, 1) == b"\x80" for file in files
    )


def _names(file: Path, count: int) -> tuple[str, ...]:
    """Returns the class names, or the class numbers if the file with the names is missing or does not fit."""
    numbers = tuple(map(str, range(count)))
    if not file.is_file():
        return numbers
    with opened(file) as lines:
        names = tuple(lines.read(_LONGEST_NAMES).decode("utf-8", "replace").split())
    return names if len(names) == count else numbers
