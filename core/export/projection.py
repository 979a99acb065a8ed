"""A picture and what a generator makes of it, side by side in a folder."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from itertools import chain
from pathlib import Path

from core.checkpoint import Checkpoint
from core.events import Images, Progress, Saved
from core.export.image_files import export_images, export_pictures, refuse_taken
from core.export.selection import OfRequest
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from core.projection.projector import STEPS, ProjectionStep, project
from core.projection.search_space import FixedConditions

TARGET, PROJECTED = "target", "projected"


def export_projection(
    checkpoint: Checkpoint,
    sampler: Sampler,
    picture: Images,
    folder: Path,
    *,
    given: FixedConditions | None = None,
    steps: int = STEPS,
    seed: int = 0,
    overwrite: bool = False,
) -> Generator[ProjectionStep | Progress | Saved, None, None]:
    """Projects a picture, uint8 HWC, and writes it as `target.png`, and as `projected.png`, which carries its recipe.

    `sampler`: of the checkpoint, on the device that does it. Yields every `ProjectionStep`, and `Saved` with the folder
    at the end; nothing is written before. Raises `UserError` as `core.projection.projector.project` does, and when a
    file exists and `overwrite` is not set.
    """
    search = project(checkpoint, picture, steps=steps, seed=seed, given=given, device=str(sampler.device))
    with closing(search) as events:
        best = next(events)  # what is wrong with the request is said before a folder is made
        refuse_taken(folder, [f"{TARGET}.png", f"{PROJECTED}.png"], overwrite)
        for event in chain([best], events):
            best = event
            yield event
    projected = OfRequest(LatentRequest.of(best.point), PROJECTED)
    for written in export_pictures(picture[None], [TARGET], folder, overwrite=overwrite):
        if isinstance(written, Progress):
            yield written
    yield from export_images(sampler, projected, folder, overwrite=overwrite)
