"""Lookup of the checkpoint that made an exported image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.checkpoint import summary
from core.data.names import is_plain
from core.errors import UserError
from core.export.recipe import FOLDERS, Recipe
from core.runs.pinned_generators import FOLDER


def find_checkpoint(recipe: Recipe, image: Path, runs: Path) -> Path | None:
    """The file with the recipe's digest, where exports and runs lie; None if it is not there."""
    return next((path for path in _candidates(recipe, image, runs) if _digest(path) == recipe.checkpoint), None)


def missing(recipe: Recipe, image: Path) -> UserError:
    """Says which checkpoint is needed."""
    if not recipe.checkpoint:
        return UserError(
            f"{image.name} was made while a training ran, at step {recipe.step:,}, and nothing was saved then.",
            "Open a checkpoint of that run that is near to it, and drop the image again.",
        )
    return UserError(
        f"{image.name} was made with {recipe.file} (step {recipe.step:,}), which was not found.",
        "Open that checkpoint, and drop the image again.",
        f"Its digest is {recipe.checkpoint}.",
    )


def _candidates(recipe: Recipe, image: Path, runs: Path) -> Iterator[Path]:
    run, _, file = recipe.file.rpartition("/")
    if is_plain(run) and is_plain(file):
        yield from (runs / run / kind / file for kind in FOLDERS)
    if is_plain(file):
        # Beside the image, and around it: a run holds what was exported of it.
        for folder in (image.parent, *list(image.parents)[1:4]):
            yield folder / file
            yield from (folder / kind / file for kind in FOLDERS)
    # A run that was renamed, or a file that was.
    with suppress(OSError):  # a disk that is gone
        yield from sorted(runs.glob(f"*/checkpoints/{recipe.step:09d}.safetensors"))
        yield from sorted(runs.glob(f"*/{FOLDER}/{recipe.step:09d}-*.safetensors"))


def _digest(path: Path) -> str:
    try:
        return summary(path).digest
    except UserError:  # not there, not ours, or a name that no disk would take
        return ""
