"""Work of the Apply panel, in threads: listing pictures, translating one, and writing all."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import UserError
from core.events import Event, Images, Progress, Saved
from core.imaging.grid import png
from core.language import _, titled
from core.registry import components
from studio.background.threads import as_problem
from studio.background.torch_import import import_torch
from studio.model.apply import Picture, Pictures, Thumbnail, Translation
from studio.model.explore import Translator

if TYPE_CHECKING:
    from core.checkpoint import Checkpoint
    from core.jobs.apply_job import Applied, LoadedTranslator

THUMBNAILS = 200
"""Most pictures of which a thumbnail is made."""
SIDE = 96
"""Largest side of a thumbnail in pixels."""


class TranslatorWeights:
    """Weights of a translator, loaded by the first thread that needs them."""

    def __init__(self, translator: Translator) -> None:
        self.translator = translator
        self._loaded: LoadedTranslator | None = None
        self._lock = threading.Lock()

    def loaded(self) -> LoadedTranslator:
        """Returns the translator, ready for pictures. Raises `UserError`."""
        with self._lock:
            if self._loaded is None:
                checkpoint = self.checkpoint()
                from core.export.recipe import stored_name
                from core.jobs.apply_job import LoadedTranslator

                published = self.translator.weights
                device = published.device if published else "auto"
                self._loaded = LoadedTranslator(checkpoint, stored_name(self.translator.path), device)
            return self._loaded

    def checkpoint(self) -> Checkpoint:
        """Returns the averaged weights. Raises `UserError` as `core.checkpoint.load` does."""
        import_torch()
        from core.checkpoint import Checkpoint, load

        if self.translator.weights is None:
            assert self.translator.path is not None
            return load(self.translator.path, ("G_ema",))
        published = self.translator.weights
        return Checkpoint(published.meta, {f"G_ema.{name}": value for name, value in published.tensors.items()})


def list_pictures(translator: Translator, paths: Sequence[Path]) -> Generator[Event, None, None]:
    """Yields the `Pictures` in files and folders, then a `Thumbnail` of each of the first."""
    import_torch()
    from core.jobs.apply_job import Source, listed, read_picture

    repairs = bool(components("translation.tasks")[translator.settings.task].facts.get("MASKED"))
    sources, skipped = yield from listed(paths, repairs)
    found = [Picture(source.name, source.path, source.is_film) for source in sources]
    yield Pictures(tuple(found), tuple(titled(each.name, each.reason) for each in skipped))
    for picture in found[:THUMBNAILS]:
        try:
            yield Thumbnail(picture, _shrunk(read_picture(Source.of(picture.path))))
        except UserError as problem:
            yield Thumbnail(picture, problem)


def translate(weights: TranslatorWeights, picture: Picture) -> Generator[Progress, None, Translation | UserError]:
    """Translates a picture; returns the error if that is not possible."""
    try:
        loaded = weights.loaded()
        from core.jobs.apply_job import Source, read
        from core.translation.preview import preview

        yield Progress(_("Reading {name}").format(name=picture.name), 0, 0)
        pixels, mask = read(loaded.translator, Source.of(picture.path))
        made = yield from preview(loaded.translator, picture.name, pixels, mask)
    except (UserError, MemoryError, OSError) as error:
        return as_problem(error)
    return Translation(picture, made.before, made.after, made.width, made.height)


def write_all(
    weights: TranslatorWeights, paths: tuple[Path, ...], removed: frozenset[Path], target: Path, strength: float
) -> Generator[Event, None, tuple[Applied, ...]]:
    """Translates pictures, folders and films into the folder `target`, but for the removed ones; see
    `core.jobs.apply_job.apply`."""
    loaded = weights.loaded()
    from core.jobs.apply_job import Application, apply

    return (yield from apply(loaded, Application(paths, target, strength, left_out=removed)))


def export_model(weights: TranslatorWeights, target: Path, overwrite: bool) -> Generator[Progress, None, Saved]:
    """Writes the translator as .onnx or .pt2, or its weights as .safetensors for programs that know the network."""
    checkpoint = weights.checkpoint()
    from core.export.generator import export_checkpoint
    from core.export.translator import WEIGHTS, export_weights

    export = export_weights if target.suffix.lower() == WEIGHTS else export_checkpoint
    return (yield from export(checkpoint, target, overwrite))


def write_image(image: Images, path: Path) -> None:
    """Writes a generated image as a PNG into a folder of its own. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(image, generated=True))


def _shrunk(planes: Images) -> Images:
    """Returns planes (C, H, W) as an image (H, W, C) of at most `SIDE` pixels, the means of its pixels."""
    from PIL import Image

    pixels = np.ascontiguousarray(planes.transpose(1, 2, 0))
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((SIDE, SIDE), reducing_gap=2)
    return np.asarray(image).reshape(image.height, image.width, -1)
