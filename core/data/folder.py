"""A folder of images, walked to any depth; folders of the first level are classes when all images lie in them."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from core.data.dataset import Skipped
from core.data.decode import EXTENSIONS
from core.data.files import File, Files
from core.data.source import absolute, classes_of, digest, natural, printable, quoted
from core.errors import Problem
from core.events import Progress

FORMATS = "PNG, JPEG, WebP, BMP, GIF or TIFF"


@dataclass(frozen=True)
class _Found:
    path: tuple[str, ...]  # relative to the root
    size: int
    changed: int  # mtime in ns


def opens(source: str) -> bool:
    return bool(source) and Path(source).is_dir()  # Path("") is the current folder, which nobody asked for


def scan(source: str) -> Generator[Progress, None, Files]:
    """List the images below `source`. Raises `Problem` when it cannot be read or holds no images."""
    root = absolute(source)
    title = root.name or str(root)
    found: list[_Found] = []
    skipped: list[Skipped] = []
    for item in _walk(root):
        if isinstance(item, _Found):
            found.append(item)
            if len(found) % 2000 == 0:
                yield Progress("Looking for images", len(found), 0)
        else:
            skipped.append(item)
    if not found and not skipped:
        raise Problem(
            f"There are no images in {quoted(title)}.",
            f"Open a folder that holds {FORMATS} files.",
            printable(str(root)),
        )
    found.sort(key=lambda each: tuple(natural(part) for part in each.path))
    classes = classes_of(each.path for each in found)
    labels = {name: index for index, name in enumerate(classes)}
    return Files(
        name=str(root),
        title=printable(title),
        key=digest(str(root), *(f"{'/'.join(each.path)}\0{each.size}\0{each.changed}" for each in found)),
        files=tuple(
            File("/".join(each.path), partial(_open, root.joinpath(*each.path)), labels.get(each.path[0], 0))
            for each in found
        ),
        classes=tuple(printable(name) for name in classes),
        skipped=tuple(skipped),
    )


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _walk(root: Path) -> Iterator[_Found | Skipped]:
    """Every image file once. Linked folders come last and only if not seen yet, so a loop of links ends."""
    seen: set[tuple[int, int]] = set()
    folders: list[tuple[str, ...]] = [()]
    links: list[tuple[str, ...]] = []
    while folders or links:
        path = folders.pop() if folders else links.pop(0)
        try:
            status = root.joinpath(*path).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(root.joinpath(*path)) as listing:
                entries = list(listing)
        except OSError as error:
            if not path:
                raise _unreadable(root, error) from error
            yield Skipped(printable("/".join(path)), "this folder cannot be opened")
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            inner = (*path, entry.name)
            if _is_folder(entry):
                (links if entry.is_symlink() else folders).append(inner)
            elif entry.name.lower().endswith(EXTENSIONS):
                yield _look(entry, inner)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _look(entry: os.DirEntry[str], path: tuple[str, ...]) -> _Found | Skipped:
    name = printable("/".join(path))
    try:
        if not entry.is_file():  # a pipe would wait for ever
            return Skipped(name, "a link to nothing" if entry.is_symlink() else "not a regular file")
        status = entry.stat()
    except OSError:
        return Skipped(name, "it cannot be looked at")
    return _Found(path, status.st_size, status.st_mtime_ns)


def _unreadable(root: Path, error: OSError) -> Problem:
    title = quoted(root.name or str(root))
    if isinstance(error, PermissionError):
        return Problem(f"You may not read the folder {title}.", "Ask its owner for permission, or copy it.", str(error))
    return Problem(f"The folder {title} cannot be read.", "Check that its disk is connected.", str(error))
