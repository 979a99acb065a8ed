"""Folder of images, walked to any depth. Folders of one level are classes if they hold all images.

Label files beside the images (`core.data.formats.label_files`) take precedence.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import overload

from core.data.decode import reason
from core.data.formats.file_kinds import FIRST_BYTES, FORMATS, Kind, Recognizer, kind_by_name
from core.data.formats.image_files import FIRST_IMAGES, File, Files, first_images
from core.data.formats.label_files import ImageLabels, LabelFile, is_label_file, nearest, read_labels, too_large
from core.data.items import REMEDIES, Skipped
from core.data.names import Inside, absolute, digest, is_hidden, natural, opened, printable, quoted
from core.data.source import classes_of
from core.errors import UserError
from core.events import FirstImages, Progress
from core.language import _

TITLE = "Folder"
RANK = 2

RUN_MARKS = frozenset({"config.json", "stats.jsonl"})
"""Files by which a run folder is recognized. Its sample grids are not training images."""
RUN_SAMPLES = "samples"
RUN = _("a run folder")


class _Listing(Sequence[File]):
    """Image files below a folder, in the order of the walk, in a few dozen bytes each."""

    def __init__(self, root: Path) -> None:
        self.label: Callable[[str], int] = lambda path: 0  # set after the walk
        self._root = root
        self._paths, self._ends = bytearray(), array("Q")
        self._chosen: Sequence[int] | None = None
        self._contents = 0

    def add(self, path: Inside, status: os.stat_result) -> None:
        inside = "/".join(path)
        self._paths += os.fsencode(inside)
        self._ends.append(len(self._paths))
        # A sum does not depend on the order in which the file system lists files.
        self._contents += int(digest(inside, str(status.st_size), str(status.st_mtime_ns)), 16)

    def choose(self, labels: ImageLabels) -> Iterator[Skipped]:
        """Keeps images with a class; yields the others as skipped."""
        self.label = lambda path: labels.of(path) or 0
        chosen = array("Q")
        for index in range(len(self)):
            path = self.path(index)
            if labels.of(path) is None:
                yield labels.forgot(path)
            else:
                chosen.append(index)
        self._chosen = chosen

    @property
    def key(self) -> str:
        """Returns a key that changes with every name, size and modification time."""
        return digest(str(self._root), str(self._contents))

    def path(self, index: int) -> str:
        place = index if self._chosen is None else self._chosen[index]
        start = self._ends[place - 1] if place else 0
        return os.fsdecode(bytes(self._paths[start : self._ends[place]]))

    def paths(self) -> Iterator[str]:
        return map(self.path, range(len(self)))

    def __len__(self) -> int:
        return len(self._ends) if self._chosen is None else len(self._chosen)

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
    """Lists the images below `source`. Raises `UserError` if it cannot be read, has no images, or is a run folder."""
    root = absolute(source)
    title = root.name or str(root)
    if root.name == RUN_SAMPLES and all((root.parent / mark).exists() for mark in RUN_MARKS):
        raise of_a_training(root.parent)
    listing, walk = _Listing(root), _Walk(root)
    folders: set[Inside] = set()
    for path, status in walk.images():
        listing.add(path, status)
        folders.add(path[:-1])
        if len(listing) == FIRST_IMAGES:
            yield from first_images(listing)
        elif len(listing) % 2000 == 0:
            yield Progress(_("Looking for images"), len(listing), 0)
    if not listing and not walk.skipped:
        raise UserError(
            _("There are no images in {name}.").format(name=quoted(title)),
            _("Open a folder with {formats} files.").format(formats=FORMATS),
            printable(str(root)),
        )
    files, unread = _label_files(root, walk.label_files)
    classes, unused = _classified(listing, folders, files)
    return Files(
        name=str(root),
        title=printable(title),
        key=digest(listing.key, *(part for path, content in files for part in ("/".join(path), content))),
        files=listing,
        classes=tuple(map(printable, classes)),
        skipped=(*walk.skipped, *unread, *unused),
    )


def _classified(
    listing: _Listing, folders: set[Inside], files: Sequence[LabelFile]
) -> tuple[tuple[str, ...], Iterable[Skipped]]:
    """Sets the classes of the listing, from the label files, else from the folders.

    Returns the names of the classes, and skipped or unused files.
    """
    labels, unused = read_labels(files)
    if labels is not None:
        is_of_these, said = labels.compared(listing.paths())
        unused += said
        if is_of_these:
            return labels.classes, (*listing.choose(labels), *unused)
    level, classes = classes_of(folders)
    numbers = {name: label for label, name in enumerate(classes)}
    if classes:
        listing.label = lambda path: numbers[path.split("/", level + 1)[level]]
    return classes, unused


def _label_files(root: Path, paths: Iterable[Inside]) -> tuple[list[LabelFile], list[Skipped]]:
    """Reads the label files nearest to the top, up to a total size."""
    found: list[LabelFile] = []
    skipped: list[Skipped] = []
    total = 0
    for path in nearest(paths):
        try:
            with opened(root.joinpath(*path)) as file:
                status = os.fstat(file.fileno())
                why = too_large(total + status.st_size) if S_ISREG(status.st_mode) else _("not a regular file")
                if not why:
                    found.append((path, file.read(status.st_size)))
                    total += status.st_size
        except OSError as error:
            why = reason(error)
        if why:
            skipped.append(Skipped(printable("/".join(path)), why, kind="labels"))
    return found, skipped


def of_a_training(root: Path) -> UserError:
    """Returns the error for a run folder, or an archive of one, that is opened as a dataset."""
    return UserError(
        _("{name} is a run folder, not a dataset.").format(name=quoted(root.name)),
        REMEDIES["runs"],
        printable(str(root)),
    )


def _inside(root: Path, path: str) -> str:
    """Joins a path faster than `root / path`, which takes a tenth of the time with many small files."""
    return f"{root}{os.sep}{path.replace('/', os.sep)}"


class _Walk:
    """Walk through a folder: `images` lists it, and fills `label_files` and `skipped` on the way."""

    def __init__(self, root: Path) -> None:
        self.label_files: list[Inside] = []
        self.skipped: list[Skipped] = []
        self._root, self._recognizer = root, Recognizer()
        self._folders: list[Inside] = [()]
        self._links: list[Inside] = []

    def images(self) -> Iterator[tuple[Inside, os.stat_result]]:
        """Yields every image file once, folder by folder. Linked folders come last, unless seen already, so loops end.

        Raises `UserError` if the folder cannot be read, or is a run folder.
        """
        visited: set[tuple[int, int]] = set()
        while self._folders or self._links:
            path = self._folders.pop() if self._folders else self._links.pop(0)
            try:
                folder = self._root.joinpath(*path).stat()
                if (folder.st_dev, folder.st_ino) in visited:
                    continue
                visited.add((folder.st_dev, folder.st_ino))
                found = self._listed(path)
            except OSError as error:
                if not path:
                    raise _unreadable(self._root, error) from error
                self._skip("/".join(path), _("this folder cannot be opened"))
                continue
            for name, kind in found:
                inside = "/".join((*path, name))
                if (kind == "image" or self._is_image(inside)) and (status := self._status(inside)):
                    yield (*path, name), status
        self.skipped += self._recognizer.passed_over()

    def _listed(self, path: Inside) -> list[tuple[str, Kind | None]]:
        """Returns relevant names in a folder and their kinds; none in a run folder.

        Raises `OSError`, and `UserError` if the top folder is a run folder.
        """
        found: list[tuple[str, Kind | None]] = []
        inner: list[str] = []
        links: list[Inside] = []
        labels: list[Inside] = []
        marks = set(RUN_MARKS)
        with os.scandir(self._root.joinpath(*path)) as entries:
            for entry in entries:
                name = entry.name
                if is_hidden(name):
                    continue
                marks.discard(name)
                if _is_folder(entry):
                    if entry.is_symlink():
                        links.append((*path, name))
                    else:
                        inner.append(name)
                elif is_label_file(name):
                    labels.append((*path, name))
                elif (kind := kind_by_name(name)) != "nothing":
                    found.append((name, kind))
        if not marks:
            if not path:
                raise of_a_training(self._root)
            self.skipped.append(Skipped(printable("/".join(path)), RUN, kind="runs"))
            return []
        self.label_files += labels
        self._links += links
        self._folders += [(*path, name) for name in sorted(inner, key=natural, reverse=True)]
        return sorted(found, key=lambda each: natural(each[0]))

    def _is_image(self, inside: str) -> bool:
        found = self._recognizer.judge(inside, partial(_first_bytes, _inside(self._root, inside)))
        if isinstance(found, Skipped):
            self.skipped.append(found)
        return found is True

    def _status(self, inside: str) -> os.stat_result | None:
        """Returns the status of an image file; None if it is skipped."""
        place = _inside(self._root, inside)
        try:
            status = os.stat(place)  # noqa: PTH116
        except FileNotFoundError:
            is_link = Path(place).is_symlink()
            self._skip(inside, _("broken link") if is_link else _("deleted while the dataset was listed"))
        except OSError:
            self._skip(inside, _("it cannot be accessed"))
        else:
            if S_ISREG(status.st_mode):
                return status
            self.skipped.append(Skipped(printable(inside), _("not a regular file")))  # opening a pipe would block
        return None

    def _skip(self, inside: str, why: str) -> None:
        self.skipped.append(Skipped(printable(inside), why, kind="inaccessible"))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _first_bytes(path: str) -> bytes:
    """Returns the first bytes of a file; empty if it cannot be read, or is not a regular file."""
    try:
        if S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            with opened(path, 0) as file:
                return file.read(FIRST_BYTES)
    except OSError:  # said by the reader that opens it next, with its reason
        return b""
    return b""


def _unreadable(root: Path, error: OSError) -> UserError:
    title = quoted(root.name or str(root))
    if isinstance(error, PermissionError):
        what, remedy = _("No permission to read the folder {name}."), _("Change its permissions, or copy it.")
    else:
        what, remedy = _("The folder {name} cannot be read."), _("Check that its disk is connected.")
    return UserError(what.format(name=title), remedy, str(error))
