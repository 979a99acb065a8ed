"""Paths of the command line, in which `~` is the home folder: shells leave it alone in `--out=~/x`."""

from __future__ import annotations

from pathlib import Path

from core.errors import UserError


def place(text: str) -> Path:
    """Returns a path. Raises `UserError` for the home folder of a user who does not exist."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UserError(f"The home folder in {text!r} is not known.", "Write the whole path.", str(error)) from error


def source(text: str) -> str:
    """Returns what a dataset is opened by: a path, or a name such as `sample:digits`, which stays as it is."""
    return str(place(text)) if text.startswith("~") else text


def checkpoint(text: str) -> Path:
    """Returns the path of a checkpoint; of a run's folder its newest that can be read. Raises `UserError`."""
    from core.runs.run import Run, is_run

    path = place(text)
    if is_run(path):
        return Run(path).newest()
    if path.is_dir():
        raise UserError(f"{path} is a folder, and not one of a training.", "Give a checkpoint, or the folder of a run.")
    return path


PATHS = (place, source, checkpoint)
"""Types of arguments that a shell completes with the names of files."""
