"""Images to files: generators that yield `Progress`, and leave no half-written file when they are closed."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.checkpoint import unwritable
from core.errors import Problem
from core.events import Images, Progress, Saved
from core.latent import LatentRequest, parse_seeds
from core.run import write_png
from core.sampler import Sampler

__all__ = ["export_images", "export_seeds", "parse_seeds"]

CHUNK = 32


def export_seeds(
    sampler: Sampler, request: LatentRequest, folder: Path, overwrite: bool = False
) -> Generator[Progress | Saved, None, None]:
    """Writes `seed0000.png` ... for each of the request's seeds, with all else that it asks for but its positions.

    Yields `Progress`, and `Saved` with the folder at the end. Raises `Problem` before anything is written when a file
    exists and `overwrite` is not set.
    """
    names = [f"seed{seed:04d}.png" for seed in request.seeds]
    _make(folder, names, overwrite)
    for start in range(0, len(names), CHUNK):
        yield Progress("Exporting images", start, len(names))
        seeds = request.seeds[start : start + CHUNK]
        chunk = replace(request, seeds=seeds, positions=tuple(float(position) for position in range(len(seeds))))
        yield from _write(sampler.render(chunk), names[start : start + CHUNK], folder, start, len(names))
    yield Saved(folder, sampler.meta.step)


def export_images(
    images: Images, names: Sequence[str], folder: Path, overwrite: bool = False
) -> Generator[Progress | Saved, None, None]:
    """Writes images that are on screen as PNGs of the given names. Yields and raises as `export_seeds`."""
    _make(folder, names, overwrite)
    yield from _write(images, names, folder, 0, len(names))
    yield Saved(folder, 0)


def _make(folder: Path, names: Sequence[str], overwrite: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    taken = [name for name in names if (folder / name).exists()]
    if taken and not overwrite:
        raise Problem(
            f"{len(taken)} of the files exist already in {folder}, such as {taken[0]}.",
            "Choose an empty folder, or allow overwriting.",
        )


def _write(images: Images, names: Sequence[str], folder: Path, done: int, total: int) -> Iterator[Progress]:
    for index, (image, name) in enumerate(zip(images, names, strict=True)):
        try:
            write_png(folder / name, image)
        except OSError as error:
            raise unwritable(folder / name, error) from error
        yield Progress("Exporting images", done + index + 1, total)
