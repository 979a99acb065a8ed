"""Paths of the command line."""

from __future__ import annotations

from pathlib import Path

from core.errors import UserError


def place(text: str) -> Path:
    """Returns a path, with `~` as the home folder: shells leave it alone in `--out=~/x`."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # there is no such user
        raise UserError(f"The home folder in {text!r} is not known.", "Write the whole path.", str(error)) from error


def checkpoint(text: str) -> Path:
    """Returns the path of a checkpoint; of a run's folder its newest that can be read. Raises `UserError`."""
    from core.runs.run import Run, is_run

    path = place(text)
    if is_run(path):
        return Run(path).newest()
    if path.is_dir():
        raise UserError(f"{path} is a folder, and not one of a training.", "Give a checkpoint, or the folder of a run.")
    return path
