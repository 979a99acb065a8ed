"""Lookup of the checkpoint that made an exported image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.checkpoint import summary
from core.data.names import is_plain
from core.errors import UserError
from core.export.recipe import FOLDERS, Recipe
from core.language import _, number
from core.runs.pinned_generators import FOLDER


def find_checkpoint(recipe: Recipe, image: Path, runs: Path) -> Path | None:
    """Returns the checkpoint with the digest of the recipe, near the image or in `runs`; None if it is not found."""
    return next((path for path in _candidates(recipe, image, runs) if _digest(path) == recipe.checkpoint), None)


def missing(recipe: Recipe, image: Path) -> UserError:
    """Returns the error for a missing checkpoint."""
    if not recipe.checkpoint:
        return UserError(
            _("{image} was made during a training, at step {step}, without a saved checkpoint.").format(
                image=image.name, step=number(recipe.step)
            ),
            _("Open a checkpoint of that run near that step, and drop the image again."),
        )
    return UserError(
        _("{checkpoint} (step {step}), the checkpoint of {image}, was not found.").format(
            checkpoint=recipe.file, step=number(recipe.step), image=image.name
        ),
        _("Open that checkpoint, and drop the image again."),
        f"Its digest is {recipe.checkpoint}.",
    )


def _candidates(recipe: Recipe, image: Path, runs: Path) -> Iterator[Path]:
    run, _, file = recipe.file.rpartition("/")
    if is_plain(run) and is_plain(file):
        yield from (runs / run / kind / file for kind in FOLDERS)
    if is_plain(file):
        # Near the image, because exports are saved in the run folder.
        for folder in (image.parent, *list(image.parents)[1:4]):
            yield folder / file
            yield from (folder / kind / file for kind in FOLDERS)
    # The run or the file was renamed.
    with suppress(OSError):  # disconnected disk
        yield from sorted(runs.glob(f"*/checkpoints/{recipe.step:09d}.safetensors"))
        yield from sorted(runs.glob(f"*/{FOLDER}/{recipe.step:09d}-*.safetensors"))


def _digest(path: Path) -> str:
    try:
        return summary(path).digest
    except UserError:  # missing, not a checkpoint, or an invalid name
        return ""
