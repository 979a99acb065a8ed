"""Paths of the command line, in which `~` is the home folder: shells leave it alone in `--out=~/x`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.errors import UserError
from core.language import _, number


def place(text: str) -> Path:
    """Returns a path. Raises `UserError` for the home folder of a user who does not exist."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        what = _("The home folder in {path!r} is not known.").format(path=text)
        raise UserError(what, _("Write the whole path."), str(error)) from error


def source(text: str) -> str:
    """Returns what a dataset is opened by: a path, or a name such as `sample:digits`, which stays as it is."""
    return str(place(text)) if text.startswith("~") else text


def dataset(sources: Sequence[str]) -> str:
    """Returns what one dataset, or two as inputs and targets, are opened by. Raises `UserError` for more."""
    from core.data.sides.two_sources import pair_name

    if len(sources) > 2:
        what = _("{count} sources of images were given.").format(count=number(len(sources)))
        raise UserError(what, _("Give one, or the inputs and the targets of a translation."))
    return sources[0] if len(sources) == 1 else pair_name(*sources)


def checkpoint(text: str) -> Path:
    """Returns the path of a checkpoint; of a run's folder its newest that can be read. Raises `UserError`."""
    from core.runs.run import Run, is_run

    path = place(text)
    if is_run(path):
        return Run(path).newest()
    if path.is_dir():
        what = _("{path} is a folder, and not one of a training.").format(path=path)
        raise UserError(what, _("Give a checkpoint, or the folder of a run."))
    return path


PATHS = (place, source, checkpoint)
"""Types of arguments that a shell completes with the names of files."""
