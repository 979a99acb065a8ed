"""A folder of images, walked to any depth; folders of the first level are classes when all images lie in them."""

from __future__ import annotations

import os
from array import array
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import overload

from core.data.dataset import Skipped
from core.data.decode import EXTENSIONS
from core.data.files import GLIMPSED, File, Files, glimpse
from core.data.source import absolute, classes_of, digest, natural, opened, printable, quoted
from core.errors import Problem
from core.events import Glimpse, Progress

FORMATS = "PNG, JPEG, WebP, BMP, GIF or TIFF"


class _Listing(Sequence[File]):
    """Image files below a folder, in the order of the walk: a few dozen bytes for each, however many there are."""

    def __init__(self, root: Path) -> None:
        self.labels: Mapping[str, int] = {}  # by the names of folders, which are all known only after the walk
        self._root = root
        self._paths, self._ends = bytearray(), array("Q")
        self._contents = 0

    def add(self, path: tuple[str, ...], status: os.stat_result) -> None:
        inside = "/".join(path)
        self._paths += os.fsencode(inside)
        self._ends.append(len(self._paths))
        # A sum does not depend on the order in which the disk happens to name its files.
        self._contents += int(digest(inside, str(status.st_size), str(status.st_mtime_ns)), 16)

    @property
    def key(self) -> str:
        """Changes with every name, size and time."""
        return digest(str(self._root), str(self._contents))

    def path(self, index: int) -> str:
        start = self._ends[index - 1] if index else 0
        return os.fsdecode(bytes(self._paths[start : self._ends[index]]))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> File: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[File]: ...
    def __getitem__(self, index: int | slice) -> File | Sequence[File]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        path = self.path(range(len(self))[index])
        label = self.labels.get(path.split("/", 1)[0], 0)
        return File(path, partial(opened, _inside(self._root, path), 0), label)


def opens(source: str) -> bool:
    return Path(source).is_dir()


def scan(source: str) -> Generator[Progress | Glimpse, None, Files]:
    """List the images below `source`. Raises `Problem` when it cannot be read or holds no images."""
    root = absolute(source)
    title = root.name or str(root)
    listing, skipped = _Listing(root), []
    folders: set[tuple[str, ...]] = set()
    for item in _walk(root):
        if isinstance(item, Skipped):
            skipped.append(item)
            continue
        listing.add(*item)
        folders.add(item[0][:-1])
        if len(listing) == GLIMPSED:
            yield from glimpse(listing)
        elif len(listing) % 2000 == 0:
            yield Progress("Looking for images", len(listing), 0)
    if not listing and not skipped:
        raise Problem(
            f"There are no images in {quoted(title)}.",
            f"Open a folder that holds {FORMATS} files.",
            printable(str(root)),
        )
    classes = classes_of(folders)
    listing.labels = {name: label for label, name in enumerate(classes)}
    return Files(
        name=str(root),
        title=printable(title),
        key=listing.key,
        files=listing,
        classes=tuple(printable(name) for name in classes),
        skipped=tuple(skipped),
    )


def _inside(root: Path, path: str) -> str:
    """As `root / path`, which for many small files would take a tenth of all the time."""
    return f"{root}{os.sep}{path.replace('/', os.sep)}"


def _walk(root: Path) -> Iterator[tuple[tuple[str, ...], os.stat_result] | Skipped]:
    """Every image file once, folder by folder. Linked folders come last and only if not seen yet, so a loop ends."""
    seen: set[tuple[int, int]] = set()
    folders: list[tuple[str, ...]] = [()]
    links: list[tuple[str, ...]] = []
    while folders or links:
        path = folders.pop() if folders else links.pop(0)
        names: list[str] = []
        inner: list[tuple[str, ...]] = []
        try:
            status = root.joinpath(*path).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(root.joinpath(*path)) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if _is_folder(entry):
                        (links if entry.is_symlink() else inner).append((*path, entry.name))
                    elif entry.name.lower().endswith(EXTENSIONS):
                        names.append(entry.name)
        except OSError as error:
            if not path:
                raise _unreadable(root, error) from error
            yield Skipped(printable("/".join(path)), "this folder cannot be opened")
        names.sort(key=natural)
        for name in names:
            yield _look(root, (*path, name))
        folders += sorted(inner, key=lambda each: natural(each[-1]), reverse=True)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _look(root: Path, path: tuple[str, ...]) -> tuple[tuple[str, ...], os.stat_result] | Skipped:
    inside = "/".join(path)
    try:
        status = os.stat(_inside(root, inside))  # noqa: PTH116
    except FileNotFoundError:
        return Skipped(
            printable(inside), "a link to nothing" if root.joinpath(*path).is_symlink() else "it disappeared"
        )
    except OSError:
        return Skipped(printable(inside), "it cannot be looked at")
    if not S_ISREG(status.st_mode):  # a pipe would wait for ever
        return Skipped(printable(inside), "not a regular file")
    return path, status


def _unreadable(root: Path, error: OSError) -> Problem:
    title = quoted(root.name or str(root))
    if isinstance(error, PermissionError):
        return Problem(f"You may not read the folder {title}.", "Ask its owner for permission, or copy it.", str(error))
    return Problem(f"The folder {title} cannot be read.", "Check that its disk is connected.", str(error))
