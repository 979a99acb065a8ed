"""Receiving a prepared dataset or a checkpoint from another machine: piece by piece into a partial folder, which is
renamed at the end."""

from __future__ import annotations

import errno
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

from core.data.cache.copied import EXCLUDED, PREFIX, copies_folder, copy_folder
from core.data.cache.entries import opened_at
from core.durable_write import flush, flush_folder, without_links
from core.errors import UserError
from core.formatting import size_text
from core.language import _
from core.queue.folder import Queue

CHECKPOINT = "checkpoint.safetensors"
"""File of the copy of a checkpoint."""
FILES = {"meta.json", "images.npy", "labels.npy", "records.npy", "names.npy", EXCLUDED, CHECKPOINT}
UNFINISHED = ".unfinished"
"""Suffix of the folder of a copy that is not complete."""
SPARE = 2**28
"""Bytes that a copy leaves free on the disk."""
KEPT_SECONDS = 14 * 24 * 3600.0
"""Seconds without use after which a copy that no entry of the queue needs is deleted."""
BLOCK = 2**22


def copy_state(body: bytes, name: str, files: Mapping[str, int]) -> dict[str, Any]:
    """Returns whether a copy is complete, and the bytes of each of its files that are here. Raises `UserError` if the
    rest does not fit on the disk."""
    folder = copy_folder(name)
    if _sizes(folder, files) == files:
        return {"is_complete": True, "have": {}}
    if folder.exists():
        shutil.rmtree(folder)  # it was damaged
    _remove_unused()
    unfinished = _unfinished(name)
    unfinished.mkdir(parents=True, exist_ok=True)
    have = _sizes(unfinished, files)
    missing = sum(files.values()) - sum(have.values())
    if missing + SPARE > shutil.disk_usage(unfinished).free:
        raise UserError(
            _("The disk of the other machine is full: the copy needs {size}.").format(size=size_text(missing)),
            _("Free some space there, or set GAN_STUDIO_CACHE there to a folder on another disk."),
        )
    return {"is_complete": False, "have": have}


def put_piece(body: bytes, name: str, file: str, offset: int, checksum: int) -> dict[str, Any]:
    """Writes a piece of a file at its offset, at most the present end. Raises `UserError` if it cannot be written."""
    path = _unfinished(name) / _known(file)
    if crc32(body) != checksum:
        raise ValueError("damaged on its way")
    try:
        with open(path, "ab", opener=without_links) as opened:
            if not 0 <= offset <= opened.tell():
                raise ValueError(f"a gap before {offset}")
            opened.truncate(offset)
            opened.write(body)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = _("The disk of the other machine is full.") if full else _("The other machine cannot write the copy.")
        remedy = _("Free some space there, or set GAN_STUDIO_CACHE there to a folder on another disk.")
        raise UserError(what, remedy, str(error)) from error
    return {}


def finish_copy(body: bytes, name: str, digests: Mapping[str, str]) -> dict[str, Any]:
    """Compares the files with their SHA-256 and gives the copy its name. A file that differs is dropped, and copied
    again when the copy is repeated."""
    folder, unfinished = copy_folder(name), _unfinished(name)
    for file, digest in digests.items():
        path = unfinished / _known(file)
        if _digest(path) != digest:
            path.unlink()
            raise UserError(_("The copied files are damaged."), _("Try again: the damaged file is copied anew."))
        flush(path)
    flush_folder(unfinished)
    unfinished.replace(folder)
    flush_folder(folder.parent)
    return {}


def _sizes(folder: Path, files: Iterable[str]) -> dict[str, int]:
    """Returns the size of each file in a folder; 0 if it is not there."""
    paths = {file: folder / _known(file) for file in files}
    return {file: path.stat().st_size if path.is_file() else 0 for file, path in paths.items()}


def _unfinished(name: str) -> Path:
    return copy_folder(name).with_suffix(UNFINISHED)


def _known(file: str) -> str:
    if file not in FILES:
        raise ValueError(f"the file {file}")
    return file


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(BLOCK):
            digest.update(block)
        return digest.hexdigest()


def _remove_unused() -> None:
    """Deletes copies that were not used for long, complete or not, and that no entry of the queue needs."""
    entries = [each.entry for each in Queue().entries() if not each.state.has_ended]
    used = {entry.source.removeprefix(PREFIX) for entry in entries}
    used |= {entry.resume.parent.name for entry in entries if entry.resume}
    with suppress(FileNotFoundError):
        for folder in copies_folder().iterdir():
            name = folder.name.removesuffix(UNFINISHED)
            is_ours = re.fullmatch(r"[0-9a-f-]+", name) and folder.is_dir()
            if is_ours and name not in used and time.time() - opened_at(folder) > KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
