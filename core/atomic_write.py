"""Atomic writes: files that appear under their name only when they are complete."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import UserError


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Another name to write to, which becomes the target when all went well.

    Raises `UserError` when the disk is full or the folder cannot be written to.
    """
    partial = target.with_name(f".{target.name}.partial")
    try:
        yield partial
        partial.replace(target)
    except BaseException as error:
        with suppress(OSError):  # on a disk that is gone
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritable(target, error) from error
        raise


def unwritable(path: Path, error: Exception) -> UserError:
    """The `UserError` of a file that could not be written."""
    full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
    if full:
        return UserError(f"The disk is full: {path.name} was not saved.", "Free some space and save again.", str(error))
    return UserError(f"{path.name} could not be saved in {path.parent}.", "Choose another folder.", str(error))
