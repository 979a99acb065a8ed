"""Files and folders that the person opens: generators that recognise and read them away from the GUI thread."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Literal

from core.errors import UserError
from core.events import Event
from core.runs.run import is_checkpoint, is_run
from studio.model.data import BUILT_IN, DOWNLOADED, Recognised


def recognise(source: str) -> Generator[Event, None, None]:
    """Looks at what was dropped or chosen. Raises `UserError` for a file that is none of ours."""
    from core.data.prepare import opens

    path = Path(source)
    if source.startswith((*BUILT_IN, DOWNLOADED)):
        yield Recognised(source, "data")
    elif path.is_dir():
        yield Recognised(source, "run" if is_run(path) else "data")
    elif not path.exists():
        raise UserError(f"{source} is not there any more.", "Choose another folder or file.")
    elif is_checkpoint(path):
        yield Recognised(source, "checkpoint")
    elif opens(source):
        yield Recognised(source, "data")
    elif (kind := _picture(path)) is not None:
        yield Recognised(source, kind)
    else:
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
