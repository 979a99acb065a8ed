"""Durable writes: a file gets its name only when it is complete and on the disk."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG

from core.errors import UserError
from core.language import _

if sys.platform == "darwin":
    import fcntl

PARTIAL = re.compile(r"\.[0-9a-f]{16}\.partial")
"""Full name of a partial file."""
UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM}
"""Errors with which some network drives answer the flush of a folder."""


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Yields a temporary path, which is renamed to the target if the block succeeds.

    The file is flushed to the disk before it is renamed, and the folder after it: a crash, a full disk or a power cut
    leaves the old file or the new one, never half of one. The temporary name is random, so that no link can be planted
    there. Raises `UserError` if the disk is full or the folder is not writable.
    """
    try:
        with written(target) as partial:
            yield partial
    except OSError as error:
        raise unwritable(target, error) from error


@contextmanager
def written(target: Path) -> Iterator[Path]:
    """Works as `replaced`, but raises `OSError`, for callers with a message of their own."""
    partial = target.with_name(f".{token_hex(8)}.partial")
    try:
        yield partial
        rename(partial, target)
    except BaseException:
        with suppress(OSError):  # on a disk that is gone
            partial.unlink(missing_ok=True)
        raise


def rename(whole: Path, target: Path) -> None:
    """Flushes a complete file to the disk and renames it to the target. Raises `OSError`."""
    flush(whole)
    whole.replace(target)
    flush_folder(target.parent)


def append(file: Path, text: str) -> None:
    """Appends text to a regular file, without following links. Raises `OSError`.

    File names in the text that are not UTF-8 are escaped.
    """
    with open(file, "a", encoding="utf-8", errors="backslashreplace", opener=without_links) as opened:
        opened.write(text)


def flush(file: Path) -> None:
    """Flushes a file's contents to the disk. Raises `OSError`."""
    _sync(file, os.O_RDWR)


def flush_folder(folder: Path) -> None:
    """Flushes a folder's list of names to the disk, so that a power cut cannot undo a rename. Raises `OSError`."""
    if os.name == "nt":
        return  # Windows cannot open folders, and does not need it
    try:
        _sync(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def remove_partials(folder: Path) -> None:
    """Deletes the partial files that interrupted writes left in a folder. Raises `OSError`."""
    for left in folder.iterdir():
        if PARTIAL.fullmatch(left.name) and left.is_file():
            left.unlink()


def unwritable(path: Path, error: Exception) -> UserError:
    """Returns the `UserError` for a file that could not be written."""
    full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
    if full:
        what = _("The disk is full: {file} was not saved.").format(file=path.name)
        return UserError(what, _("Free some space and save again."), str(error))
    what = _("{file} could not be saved in {folder}.").format(file=path.name, folder=path.parent)
    return UserError(what, _("Choose another folder."), str(error))


def without_links(path: str, flags: int) -> int:
    """Opens regular files only, without following links or waiting for pipes; for the `opener` of `open`. Raises
    `OSError`."""
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags, 0o666)
    if S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(f"{path} is not a regular file")


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        if sys.platform == "darwin":  # fsync leaves the data in the drive's cache there
            with suppress(OSError):  # on network drives
                fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
                return
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
