"""A folder of images, walked to any depth; folders of the first level are classes when all images lie in them.

Where a file of labels lies beside them (`core.data.formats.label_files`), the classes are those that it names.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Generator, Iterator, Sequence, Set
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import overload

from core.data.decode import EXTENSIONS, OTHER_PICTURES, is_picture, other_picture, reason
from core.data.formats.image_files import FIRST_IMAGES, File, Files, first_images
from core.data.formats.label_files import FOREIGN, NAMES, ImageLabels, read_labels, too_large, unlabelled
from core.data.items import Skipped
from core.data.names import absolute, digest, is_hidden, natural, opened, printable, quoted
from core.data.source import classes_of
from core.errors import UserError
from core.events import FirstImages, Progress

TITLE = "Folder"
RANK = 2

RUN_MARKS = ("config.json", "stats.jsonl")
"""What lies in the folder of a run; its sample grids are no images to train on."""
FORMATS = "PNG, JPEG, WebP, HEIC, AVIF, BMP, GIF or TIFF"


class _Listing(Sequence[File]):
    """Image files below a folder, in the order of the walk: a few dozen bytes for each, however many there are."""

    def __init__(self, root: Path) -> None:
        self.label: Callable[[str], int] = lambda path: 0  # which class, known only after the walk
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
        return File(path, partial(opened, _inside(self._root, path), 0), self.label(path))


def opens(source: str) -> bool:
    return Path(source).is_dir()


def scan(source: str) -> Generator[Progress | FirstImages, None, Files]:
    """List the images below `source`. Raises `UserError` when it cannot be read or holds no images."""
    root = absolute(source)
    title = root.name or str(root)
    listing = _Listing(root)
    note, name, text, unread = _note(root)
    skipped: list[Skipped] = []
    folders: set[tuple[str, ...]] = set()
    for item in _walk(root):
        if isinstance(item, Skipped):
            skipped.append(item)
            continue
        if note is not None and note.of("/".join(item[0])) is None:
            skipped.append(Skipped(printable("/".join(item[0])), unlabelled(name)))
            continue
        listing.add(*item)
        folders.add(item[0][:-1])
        if len(listing) == FIRST_IMAGES:
            yield from first_images(listing)
        elif len(listing) % 2000 == 0:
            yield Progress("Looking for images", len(listing), 0)
    if not listing and not skipped:
        raise UserError(
            f"There are no images in {quoted(title)}.",
            f"Open a folder that holds {FORMATS} files.",
            printable(str(root)),
        )
    return Files(
        name=str(root),
        title=printable(title),
        key=digest(listing.key, name, text),
        files=listing,
        classes=tuple(printable(name) for name in _classified(listing, folders, note)),
        skipped=(*skipped, *unread),
    )


def _classified(listing: _Listing, folders: Set[tuple[str, ...]], note: ImageLabels | None) -> tuple[str, ...]:
    """Tells the listing which class each file is of, as the note says, or else its folder; their names."""
    if note is not None:
        listing.label = lambda path: note.of(path) or 0
        return note.classes
    classes = classes_of(folders)
    numbers = {name: label for label, name in enumerate(classes)}
    listing.label = lambda path: numbers.get(path.split("/", 1)[0], 0)
    return classes


def _note(root: Path) -> tuple[ImageLabels | None, str, bytes, tuple[Skipped, ...]]:
    """The labels that lie in the folder, if any do, in which file, as they stand there, and why they are not used."""
    for name in NAMES:
        try:
            with opened(root / name) as file:
                status = os.fstat(file.fileno())
                if not S_ISREG(status.st_mode):
                    return None, "", b"", (Skipped(name, "not a regular file"),)
                if refused := too_large(status.st_size):
                    return None, "", b"", (Skipped(name, refused),)
                text = file.read(status.st_size)
        except FileNotFoundError:
            continue
        except OSError as error:
            return None, "", b"", (Skipped(name, reason(error)),)
        try:
            return read_labels(name, text), name, text, ()
        except Exception:  # a file of that name may hold anything
            return None, name, text, (Skipped(name, FOREIGN),)
    return None, "", b"", ()


def _inside(root: Path, path: str) -> str:
    """As `root / path`, which for many small files would take a tenth of all the time."""
    return f"{root}{os.sep}{path.replace('/', os.sep)}"


def _walk(root: Path) -> Iterator[tuple[tuple[str, ...], os.stat_result] | Skipped]:
    """Every image file once, folder by folder. Linked folders come last and only if not seen yet, so a loop ends."""
    visited: set[tuple[int, int]] = set()
    folders: list[tuple[str, ...]] = [()]
    links: list[tuple[str, ...]] = []
    while folders or links:
        path = folders.pop() if folders else links.pop(0)
        names: list[str] = []
        inner: list[tuple[str, ...]] = []
        marks = set(RUN_MARKS)
        try:
            status = root.joinpath(*path).stat()
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(root.joinpath(*path)) as entries:
                for entry in entries:
                    if is_hidden(entry.name):
                        continue
                    marks.discard(entry.name)
                    if _is_folder(entry):
                        (links if entry.is_symlink() else inner).append((*path, entry.name))
                    elif entry.name.lower().endswith((*EXTENSIONS, *OTHER_PICTURES)) or "." not in entry.name:
                        names.append(entry.name)
        except OSError as error:
            if not path:
                raise _unreadable(root, error) from error
            yield Skipped(printable("/".join(path)), "this folder cannot be opened")
        if path and not marks:
            yield Skipped(printable("/".join(path)), "the folder of a training")
            continue
        names.sort(key=natural)
        for name in names:
            found = _stat(root, (*path, name))
            if found is not None:
                yield found
        folders += sorted(inner, key=lambda each: natural(each[-1]), reverse=True)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _stat(root: Path, path: tuple[str, ...]) -> tuple[tuple[str, ...], os.stat_result] | Skipped | None:
    """Returns the file's path with its status, or why it is left out; None if it is no picture and not called one."""
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
        return Skipped(printable(inside), "not a regular file") if "." in path[-1] else None
    if path[-1].lower().endswith(OTHER_PICTURES):
        return Skipped(printable(inside), other_picture(path[-1]))
    if "." not in path[-1] and not _begins_like_a_picture(_inside(root, inside)):
        return None
    return path, status


def _begins_like_a_picture(path: str) -> bool:
    try:
        with opened(path, 0) as file:
            return is_picture(file.read(16))
    except OSError:
        return False


def _unreadable(root: Path, error: OSError) -> UserError:
    title = quoted(root.name or str(root))
    if isinstance(error, PermissionError):
        return UserError(
            f"You may not read the folder {title}.", "Ask its owner for permission, or copy it.", str(error)
        )
    return UserError(f"The folder {title} cannot be read.", "Check that its disk is connected.", str(error))
