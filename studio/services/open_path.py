"""Recognition of a path that the user opens: a dataset, a run, a checkpoint, an image with a recipe, or another
image."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any, Literal

from core.data.sides import two_sources
from core.errors import UserError
from core.events import Event
from core.language import _
from core.runs.run import is_checkpoint, is_run
from studio.model.data import BUILT_IN, DOWNLOADED, DataRequest, Recognized, SourceKind
from studio.services.data.loader import open_dataset
from studio.services.train.run_loader import read_run


def open_path(request: DataRequest) -> Generator[Event, None, Any]:
    """Recognizes a source, yields `Recognized`, and reads it if it is a dataset or a run.

    A checkpoint, a recipe or another image goes to the explorer's generator, which lives in another thread. Raises
    `UserError` for what cannot be opened.
    """
    kind = recognize(request.source)
    yield Recognized(request.source, kind)
    if kind == "data":
        return (yield from open_dataset(request))
    if kind == "run":
        return (yield from read_run(Path(request.source)))
    return None


def recognize(source: str) -> SourceKind:
    """Returns the kind of a source. Raises `UserError` if it is unknown or missing."""
    from core.data.prepare import opens

    path = Path(source)
    if source.startswith((*BUILT_IN, DOWNLOADED)) or two_sources.opens(source):
        return "data"
    if path.is_dir():
        return "run" if is_run(path) else "data"
    if not path.exists():
        raise UserError(_("{name} does not exist any more.").format(name=source), _("Choose another folder or file."))
    if is_checkpoint(path):
        return "checkpoint"
    if opens(source):
        return "data"
    if kind := _picture(path):
        return kind
    raise UserError(
        _("GAN Studio cannot open {name}.").format(name=path.name),
        _("Open a folder of images, a zip, tar, array or video, a run folder, a checkpoint, or an image."),
    )


def _picture(path: Path) -> Literal["recipe", "picture"] | None:
    from core.export.recipe import read

    try:
        return "picture" if read(path) is None else "recipe"
    except OSError:  # not an image
        return None
