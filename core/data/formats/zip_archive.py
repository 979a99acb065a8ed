"""A zip of images, read in memory."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import IO

from core.data.decode import reason
from core.data.formats.archive_entries import Labels, empty, rank, refusal_reason, wanted
from core.data.formats.compression import opened_zip, readable, refuse_bomb
from core.data.formats.image_files import File, Files
from core.data.formats.label_files import NAMES, unlabelled
from core.data.items import Skipped
from core.data.names import Inside, absolute, digest, inside, natural, printable
from core.events import Progress

TITLE = "Zip"
RANK = 7

_ENCRYPTED = 0x1
_PIECE = 2**20
_NAME_IS_UTF8 = 0x800

_Entry = tuple[Inside, zipfile.ZipInfo]


def opens(source: str) -> bool:
    return Path(source).is_file() and (source.lower().endswith(".zip") or zipfile.is_zipfile(source))


def scan(source: str) -> Generator[Progress, None, Files]:
    """List the images in the zip. Raises `UserError` when it is damaged, a bomb, or holds no images."""
    root = absolute(source)
    yield Progress("Looking for images", 0, 0)
    with readable(root):
        archive, status = opened_zip(root), root.stat()
        found, skipped = _listed(archive)
        pictures = [each for each in found if each[0][-1] not in NAMES]
        refuse_bomb(root, sum(info.file_size for _, info in pictures))
    if not pictures and not skipped:
        raise empty(root)
    note = min((each for each in found if each[0][-1] in NAMES), key=lambda each: rank(each[0]), default=None)
    said = None
    if note is not None:
        try:
            said = note[0], _open(archive, note[1]).read()
        except Exception as error:  # as with images, this is one entry's affair
            skipped.append(Skipped("/".join(note[0]), reason(error)))
    pictures.sort(key=lambda each: tuple(natural(part) for part in each[0]))
    return _files(root, status, archive, pictures, Labels({path[:-1] for path, _ in pictures}, said), skipped)


def _listed(archive: zipfile.ZipFile) -> tuple[list[_Entry], list[Skipped]]:
    """What looks like a picture or like the labels, and what of that is refused."""
    found: list[_Entry] = []
    skipped: list[Skipped] = []
    for info in archive.infolist():
        name = _name(info)
        path = inside(name)
        if info.is_dir() or not wanted(path):
            continue
        if refused := refusal_reason(name, path, info.file_size) or _sealed(info):
            skipped.append(Skipped(name, refused))
        else:
            found.append((path, info))
    return found, skipped


def _files(
    root: Path,
    status: os.stat_result,
    archive: zipfile.ZipFile,
    found: list[_Entry],
    labels: Labels,
    skipped: list[Skipped],
) -> Files:
    files: list[File] = []
    for path, info in found:
        label = labels.of(path)
        if label is None:
            skipped.append(Skipped(labels.name(path), unlabelled(labels.file)))
        else:
            files.append(File(labels.name(path), partial(_open, archive, info), label))
    entries = (f"{info.filename}\0{info.file_size}\0{info.CRC}" for info in archive.infolist())
    return Files(
        name=str(root),
        title=printable(root.name),
        key=digest(str(root), str(status.st_mtime_ns), *entries),
        files=tuple(files),
        classes=labels.classes,
        skipped=(*skipped, *labels.skipped),
    )


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    # Pillow jumps about in its file, and a compressed entry would be unpacked anew at every jump back.
    # In pieces: an entry that is longer than it says would be unpacked as a whole before it is cut to that.
    with archive.open(info) as stream:
        return io.BytesIO(b"".join(iter(partial(stream.read, _PIECE), b"")))


def _name(info: zipfile.ZipInfo) -> str:
    name = info.filename
    if not info.flag_bits & _NAME_IS_UTF8:
        # macOS writes UTF-8 without saying so, and zipfile then reads it as DOS letters.
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _sealed(info: zipfile.ZipInfo) -> str:
    return "encrypted with a password" if info.flag_bits & _ENCRYPTED else ""
