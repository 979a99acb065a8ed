"""Zip of images, decompressed in memory."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Generator, Mapping, Set
from functools import partial
from pathlib import Path
from typing import IO

from core.data.decode import reason
from core.data.formats.archive_entries import EntryRecognizer, Found, Labels, empty, in_a_run, named_runs, runs_among
from core.data.formats.compression import BOUNDED, readable, refuse_bomb
from core.data.formats.file_kinds import FIRST_BYTES
from core.data.formats.image_files import File, Files
from core.data.formats.label_files import LabelFile, nearest, too_large
from core.data.items import Skipped
from core.data.names import Inside, absolute, digest, inside, natural, printable
from core.events import Progress
from core.language import _

TITLE = "Zip"
RANK = 7

_ENCRYPTED = 0x1
_PIECE = 2**20
_NAME_IS_UTF8 = 0x800

_Entry = tuple[Inside, zipfile.ZipInfo]


def opens(source: str) -> bool:
    return Path(source).is_file() and (source.lower().endswith(".zip") or zipfile.is_zipfile(source))


def scan(source: str) -> Generator[Progress, None, Files]:
    """Lists the images in the zip. Raises `UserError` if it is damaged, a bomb, a run folder, or has no images."""
    root = absolute(source)
    yield Progress(_("Looking for images"), 0, 0)
    with readable(root):
        archive, status = zipfile.ZipFile(root), root.stat()
        found, skipped = _listed(archive)
        runs = runs_among(path for path, _info in found["run_mark"])
        pictures = [each for each in found["image"] if not in_a_run(each[0], runs)]
        refuse_bomb(root, sum(info.file_size for _path, info in pictures))
    if not pictures and (runs or not skipped):
        raise empty(root, runs)
    pictures.sort(key=lambda each: tuple(natural(part) for part in each[0]))
    label_files, unread = _label_files(archive, dict(found["labels"]), runs)
    labels = Labels([path for path, _info in pictures], label_files)
    return _files(root, status, archive, pictures, labels, [*skipped, *named_runs(runs), *unread])


def _listed(archive: zipfile.ZipFile) -> tuple[dict[Found, list[_Entry]], list[Skipped]]:
    """Returns the relevant entries by kind, and the skipped ones."""
    found: dict[Found, list[_Entry]] = {"image": [], "labels": [], "run_mark": []}
    skipped: list[Skipped] = []
    recognizer = EntryRecognizer()
    for info in archive.infolist():
        if info.filename.endswith("/"):  # not `is_dir`, which raises for a damaged entry without a name
            continue
        name = _name(info)
        path = inside(name)
        judged = recognizer.judge(name, path, info.file_size, _sealed(info), partial(_first_bytes, archive, info))
        if isinstance(judged, Skipped):
            skipped.append(judged)
        elif judged is not None:
            found[judged].append((path, info))
    return found, [*skipped, *recognizer.passed_over()]


def _label_files(
    archive: zipfile.ZipFile, infos: Mapping[Inside, zipfile.ZipInfo], runs: Set[Inside]
) -> tuple[list[LabelFile], list[Skipped]]:
    """Reads the label files nearest to the top, up to a total size."""
    found: list[LabelFile] = []
    skipped: list[Skipped] = []
    total = 0
    for path in nearest(path for path in infos if not in_a_run(path, runs)):
        why = too_large(total + infos[path].file_size)
        if not why:
            try:
                found.append((path, _open(archive, infos[path]).read()))
                total += infos[path].file_size
            except Exception as error:  # as with images, it concerns only this entry
                why = reason(error)
        if why:
            skipped.append(Skipped(printable("/".join(path)), why, kind="labels"))
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
        if isinstance(label, Skipped):
            skipped.append(label)
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


def _first_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Returns the first bytes of an entry; empty if it is unreadable or its compression has no memory bound."""
    if info.compress_type in BOUNDED:
        with contextlib.suppress(Exception), archive.open(info) as stream:
            return stream.read(FIRST_BYTES)
    return b""


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    # In memory: Pillow seeks, and a compressed entry would be decompressed again for every seek backward.
    # In pieces: an entry longer than it claims would be decompressed as a whole before it is cut.
    with archive.open(info) as stream:
        return io.BytesIO(b"".join(iter(partial(stream.read, _PIECE), b"")))


def _name(info: zipfile.ZipInfo) -> str:
    name = info.filename
    if not info.flag_bits & _NAME_IS_UTF8:
        # macOS writes UTF-8 without the flag, and zipfile then decodes it as CP437.
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _sealed(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _ENCRYPTED:
        return _("encrypted")
    return "" if info.compress_type in BOUNDED else _("unsupported compression method")
