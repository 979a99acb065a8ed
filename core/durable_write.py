"""Durable writes: files that appear under their name only when they are complete and on the disk."""

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

if sys.platform == "darwin":
    import fcntl

PARTIAL = re.compile(r"\.[0-9a-f]{16}\.partial")
"""The whole name of a file that is being written."""
UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM}
"""What some network drives answer to a flush of a folder."""


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Yields another name to write to, which becomes the target when all went well.

    The file is flushed to the disk before it takes the target's name, and the folder's list of names after it: a crash,
    a full disk or a power cut leaves the old file or the new one, never half of one. The name is random, so that no
    link can wait there. Raises `UserError` when the disk is full or the folder cannot be written to.
    """
    try:
        with written(target) as partial:
            yield partial
    except OSError as error:
        raise unwritable(target, error) from error


@contextmanager
def written(target: Path) -> Iterator[Path]:
    """As `replaced`, but raises `OSError`, for those who have their own words for it."""
    partial = target.with_name(f".{token_hex(8)}.partial")
    try:
        yield partial
        rename(partial, target)
    except BaseException:
        with suppress(OSError):  # on a disk that is gone
            partial.unlink(missing_ok=True)
        raise


def rename(whole: Path, target: Path) -> None:
    """Gives a complete file the name of the target, once it is on the disk. Raises `OSError`."""
    flush(whole)
    whole.replace(target)
    flush_folder(target.parent)


def append(file: Path, text: str) -> None:
    """Adds text to a file of ours, never through a link to another one, nor to a pipe, which would wait for a reader.
    Raises `OSError`.

    Names of files that are not UTF-8 are escaped.
    """
    with open(file, "a", encoding="utf-8", errors="backslashreplace", opener=without_links) as opened:
        opened.write(text)


def flush(file: Path) -> None:
    """Waits until a file's contents are on the disk. Raises `OSError`."""
    _sync(file, os.O_RDWR)


def flush_folder(folder: Path) -> None:
    """Waits until a folder's list of names is on the disk; without it a power cut can undo a rename. Raises
    `OSError`."""
    if os.name == "nt":
        return  # Windows cannot open folders, and needs no flush of them
    try:
        _sync(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def remove_partials(folder: Path) -> None:
    """Deletes what killed writes left in a folder, and nothing else. Raises `OSError`."""
    for left in folder.iterdir():
        if PARTIAL.fullmatch(left.name) and left.is_file():
            left.unlink()


def unwritable(path: Path, error: Exception) -> UserError:
    """The `UserError` of a file that could not be written."""
    full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
    if full:
        return UserError(f"The disk is full: {path.name} was not saved.", "Free some space and save again.", str(error))
    return UserError(f"{path.name} could not be saved in {path.parent}.", "Choose another folder.", str(error))


def without_links(path: str, flags: int) -> int:
    """Opener, for `open`, of regular files with a fixed name: it follows no link and waits for no pipe. Raises
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
        if sys.platform == "darwin":  # where fsync leaves it in the drive's own memory
            with suppress(OSError):  # a network drive
                fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
                return
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
