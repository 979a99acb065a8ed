"""Recognises what the person opens, away from the GUI thread."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from core.errors import UserError
from core.runs.run import is_checkpoint, is_run
from studio.model.data import BUILT_IN, DOWNLOADED, Recognised


def recognise(source: str) -> Recognised:
    """Looks at what was dropped or chosen. Raises `UserError` for a file that is none of ours."""
    from core.data.prepare import opens

    path = Path(source)
    if source.startswith((*BUILT_IN, DOWNLOADED)):
        return Recognised(source, "data")
    if path.is_dir():
        return Recognised(source, "run" if is_run(path) else "data")
    if not path.exists():
        raise UserError(f"{source} is not there any more.", "Choose another folder or file.")
    if is_checkpoint(path):
        return Recognised(source, "checkpoint")
    if opens(source):
        return Recognised(source, "data")
    if (kind := _picture(path)) is not None:
        return Recognised(source, kind)
    raise UserError(
        f"{path.name} is not something to open here.",
        "Drop a folder of images, a zip, tar, array or video of them, a run's folder, a checkpoint, or a picture.",
    )


def _picture(path: Path) -> Literal["recipe", "picture"] | None:
    from core.export.recipe import read

    try:
        return "picture" if read(path) is None else "recipe"
    except OSError:  # no image
        return None
