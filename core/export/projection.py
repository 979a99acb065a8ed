"""Export of a projection: the target image and the generator's image of it, in one folder."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from core.checkpoint import Checkpoint
from core.events import Images, Notice, Progress, Saved
from core.export.image_files import export_images, export_pictures, refuse_taken
from core.export.selection import FileOptions, RequestSelection
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
    recipe: bool = True,
) -> Generator[ProjectionStep | Progress | Notice, None, Saved]:
    """Projects an image, uint8 HWC, and writes `target.png` and `projected.png`, the latter with its recipe if
    `recipe` is set.

    `sampler`: sampler of the checkpoint, on the device to use. Yields every `ProjectionStep`, and returns `Saved` with
    the folder; nothing is written before the last step. Raises `UserError` as `core.projection.projector.project` does,
    and if a file exists and `overwrite` is not set.
    """
    search = project(checkpoint, picture, steps=steps, seed=seed, given=given, device=str(sampler.device))
    with closing(search):
        first = next(search)  # an invalid request raises before the folder is created
        refuse_taken(folder, [f"{TARGET}.png", f"{PROJECTED}.png"], overwrite)
        yield first
        best = yield from search
    projected = RequestSelection(LatentRequest.of(best.point), PROJECTED)
    yield from export_pictures(picture[None], [TARGET], folder, overwrite=overwrite, generated=False)
    return (yield from export_images(sampler, projected, folder, FileOptions(recipe=recipe), overwrite))
