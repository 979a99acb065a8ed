"""A zip of images, read in memory: nothing is ever unpacked to the disk."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import IO

from core.data.dataset import Skipped
from core.data.decode import EXTENSIONS
from core.data.files import File, Files
from core.data.folder import FORMATS
from core.data.source import absolute, classes_of, digest, natural, printable, quoted
from core.errors import Problem
from core.events import Progress

_LARGEST_ENTRY = 512 * 2**20
_ENCRYPTED = 0x1
_NAME_IS_UTF8 = 0x800

_Entry = tuple[tuple[str, ...], zipfile.ZipInfo]


def opens(source: str) -> bool:
    return Path(source).is_file() and (source.lower().endswith(".zip") or zipfile.is_zipfile(source))


def scan(source: str) -> Generator[Progress, None, Files]:
    """List the images in the zip. Raises `Problem` when it is damaged or holds no images."""
    root = absolute(source)
    yield Progress("Looking for images", 0, 0)
    archive, changed = _opened(root)
    found: list[_Entry] = []
    skipped: list[Skipped] = []
    for info in archive.infolist():
        name = _name(info)
        path = tuple(part for part in name.split("/") if part not in ("", "."))
        if info.is_dir() or not _wanted(path):
            continue
        trouble = _trouble(name, path, info)
        if trouble:
            skipped.append(Skipped(name, trouble))
        else:
            found.append((path, info))
    if not found and not skipped:
        raise Problem(
            f"There are no images in {quoted(root.name)}.", f"Open a zip that holds {FORMATS} files.", str(root)
        )
    found.sort(key=lambda each: tuple(natural(part) for part in each[0]))
    return _files(root, changed, archive, _unwrapped(found), skipped)


def _files(root: Path, changed: int, archive: zipfile.ZipFile, found: list[_Entry], skipped: list[Skipped]) -> Files:
    classes = classes_of(path for path, _ in found)
    labels = {name: index for index, name in enumerate(classes)}
    return Files(
        name=str(root),
        title=printable(root.name),
        key=digest(
            str(root), str(changed), *(f"{'/'.join(path)}\0{info.file_size}\0{info.CRC}" for path, info in found)
        ),
        files=tuple(
            File("/".join(path), partial(_open, archive, info), labels.get(path[0], 0)) for path, info in found
        ),
        classes=classes,
        skipped=tuple(skipped),
    )


def _opened(root: Path) -> tuple[zipfile.ZipFile, int]:
    title = quoted(root.name)
    try:
        return zipfile.ZipFile(root), root.stat().st_mtime_ns
    except PermissionError as error:
        raise Problem(
            f"You may not read the file {title}.", "Ask its owner for permission, or copy it.", str(error)
        ) from error
    except Exception as error:  # zipfile lets struct, value and Unicode errors of damaged directories through
        raise Problem(
            f"{title} is not a zip, or it is damaged.", "Copy or download it again, or unpack it yourself.", str(error)
        ) from error


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    # Pillow jumps about in its file, and a compressed entry would be unpacked anew at every jump back.
    return io.BytesIO(archive.read(info))


def _name(info: zipfile.ZipInfo) -> str:
    name = info.filename
    if not info.flag_bits & _NAME_IS_UTF8:
        # macOS writes UTF-8 without saying so, and zipfile then reads it as DOS letters.
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _wanted(path: tuple[str, ...]) -> bool:
    if not path or path[0] == "__MACOSX" or any(part.startswith(".") and part != ".." for part in path):
        return False
    return path[-1].lower().endswith((*EXTENSIONS, ".zip"))


def _trouble(name: str, path: tuple[str, ...], info: zipfile.ZipInfo) -> str:
    if name.startswith("/") or ".." in path or re.match(r"[A-Za-z]:", name):
        return "its path points outside the zip"
    if path[-1].lower().endswith(".zip"):
        return "a zip inside the zip; unpack it first"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted with a password"
    if info.file_size > _LARGEST_ENTRY:
        return f"larger than {_LARGEST_ENTRY // 2**20} MB when unpacked"
    return ""


def _unwrapped(found: list[_Entry]) -> list[_Entry]:
    """Paths without the one folder that packing a folder puts around everything."""
    while found and len(found[0][0]) > 1 and all(len(path) > 1 and path[0] == found[0][0][0] for path, _ in found):
        found = [(path[1:], info) for path, info in found]
    return found
