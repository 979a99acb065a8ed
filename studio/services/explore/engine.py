"""Engine that owns the explored generator and renders all images of the window."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.concurrency import run_to_end
from core.errors import UserError
from core.events import Images
from core.imaging.grid import png
from core.language import _, number
from core.latent.explore_state import PICTURE_SIDE, Direction, Maker, Pin, SavedPins
from core.latent.request import LatentRequest, Point, to_numbers
from core.runs.pin_store import save_pins, saved_pins_of
from core.runs.pinned_generators import generator_file, keep_generator, remove_unneeded
from core.runs.retention import pin
from core.runs.run import is_run
from core.runs.run_name import dataset_title, run_title
from studio.background.torch_import import import_torch
from studio.model.explore import ExploreSource, PublishedWeights, Translator

if TYPE_CHECKING:
    from core.checkpoint import Meta
    from core.export.recipe import Recipe
    from core.latent.sampler import Sampler


@dataclass(frozen=True, eq=False)
class RestoredImage:
    """The recipe of an exported image.

    `source`: its generator, or None if it is explored already; `notice`: possible differences from the image.
    """

    source: ExploreSource | None
    request: LatentRequest
    notice: str = ""


class ExploreEngine:
    """Owns the sampler. Its methods are serialized, and raise `UserError`.

    They are for the explore thread. Other threads work with the `generator` of an `ExploreSource`.
    """

    def __init__(self) -> None:
        self._sampler: Sampler | None = None
        self._home: Path | None = None
        self._saved = SavedPins()
        self._pins_problem: UserError | None = None
        self._kept: set[Maker] = set()
        """Generators of this session's pins: an undo may restore the pins."""
        self._lock = threading.Lock()

    # Explored generator

    def open(self, path: Path) -> ExploreSource | Translator:
        """Opens a chosen checkpoint, and protects it from automatic deletion."""
        with self._turn():
            source = self._recognized(path)
            if source.home != path:
                with suppress(UserError):  # a read-only disk deletes nothing either
                    pin(path)
            return source

    def open_newest(self, run: Path) -> ExploreSource | Translator:
        """Opens the newest checkpoint of a run."""
        with self._turn():
            return self._recognized(_newest(run))

    def load(self, weights: PublishedWeights) -> ExploreSource | Translator:
        """Takes over the weights published by a training."""
        if weights.meta.settings.translates:
            return replace(_translator(weights.meta, None, weights.run), weights=weights)
        with self._turn():
            from core.latent.sampler import Sampler

            if self._sampler is not None and self._sampler.fits(weights.meta):
                self._sampler.load(weights.meta, weights.tensors)
            else:
                self._sampler = Sampler(weights.meta, weights.tensors, weights.device)
            return self._source(None, weights.run)

    def open_maker(self, home: Path, maker: Maker) -> ExploreSource:
        """Opens the generator that made a pin of a run or checkpoint."""
        with self._turn():
            path = generator_file(home, maker) if is_run(home) else home
            if not path.is_file():
                what = _("The generator of step {step}, which made this pin, was deleted.")
                raise UserError(what.format(step=number(maker.step)), _("The pin keeps its image."))
            source = self._open(path)
            if source.weights != maker.weights:
                what = _("{name} now holds other weights than those that made this pin.")
                raise UserError(what.format(name=path.name), _("The pin keeps its image."))
            return source

    def recall(self, source: ExploreSource) -> ExploreSource:
        """Explores an earlier source again."""
        with self._turn():
            assert source.generator is not None
            sampler = self._sampler = source.generator.sampler()
            path = source.path
            if path is None and source.home is not None:  # it may have been kept for a pin meanwhile
                file = generator_file(source.home, Maker(source.step, sampler.fingerprint()))
                path = file if file.is_file() else None
            return replace(self._source(path, source.home), weights=sampler.fingerprint())

    def restore(self, image: Path, runs: Path) -> RestoredImage:
        """Reads the recipe of an exported image, and opens its checkpoint; `runs`: where that may be."""
        with self._turn():
            from core.export.recipe import read

            recipe = read(image)
            if recipe is None:
                raise UserError(
                    _("{name} contains no recipe.").format(name=image.name),
                    _("Drop a PNG that was exported by GAN Studio."),
                )
            if self._sampler is not None and recipe.checkpoint and self._sampler.digest == recipe.checkpoint:
                return RestoredImage(None, recipe.request)
            return self._restored_elsewhere(recipe, image, runs)

    # Requests

    def render(self, request: LatentRequest) -> Images | None:
        """Renders the request's images; None before a generator is open."""
        with self._turn():
            return self._sampler.render(request) if self._sampler is not None else None

    def pin(self, request: LatentRequest) -> tuple[Pin, ExploreSource]:
        """Returns the request's first image as a pin, and keeps its generator with the run."""
        with self._turn():
            sampler, first = self._opened(), request.part(0, 1)
            maker = Maker(sampler.meta.step, sampler.fingerprint())
            image = sampler.render(first)[0]
            point = sampler.bake(first)
            source = self._with_maker_kept(maker, image)
            return Pin(point, maker=maker, picture=_picture(image)), source

    def bake(self, request: LatentRequest) -> Point:
        """Returns the request's first image as a point of its own."""
        with self._turn():
            return self._opened().bake(request)

    def add(self, plus: Sequence[Point], minus: Sequence[Point], also: Sequence[Point]) -> Point:
        """Returns plus - minus + also, each the mean of a group of points."""
        with self._turn():
            from core.latent.directions import arithmetic

            return arithmetic(self._opened(), plus, minus, also)

    def contrast(self, liked: Sequence[Point], disliked: Sequence[Point], name: str) -> Direction:
        """Returns the direction from the negative to the positive points."""
        with self._turn():
            from core.latent.directions import from_groups

            return Direction(name, to_numbers(from_groups(self._opened(), liked, disliked)))

    def write(self, request: LatentRequest, path: Path) -> None:
        """Writes the request's first image as a PNG with its recipe."""
        with self._turn():
            from core.export.image_files import export_images
            from core.export.selection import RequestSelection

            run_to_end(export_images(self._opened(), RequestSelection(request.part(0, 1), path.stem), path.parent))

    def save_pins(self, home: Path, saved: SavedPins) -> None:
        """Saves pins and directions with their run or checkpoint."""
        with self._turn():
            save_pins(home, saved)
            if is_run(home):
                remove_unneeded(home, {pin.maker for pin in saved.pins if pin.maker} | self._kept)
            if home == self._home:
                self._saved = saved

    # With the lock held

    @contextmanager
    def _turn(self) -> Iterator[None]:
        import_torch()
        with self._lock:
            yield

    def _opened(self) -> Sampler:
        if self._sampler is None:
            raise UserError(_("There is no generator to render images."), _("Open a checkpoint, or train first."))
        return self._sampler

    def _recognized(self, path: Path) -> ExploreSource | Translator:
        from core.checkpoint import summary

        meta = summary(path).meta
        return _translator(meta, path, _home(path)) if meta.settings.translates else self._open(path)

    def _open(self, path: Path) -> ExploreSource:
        from core.latent.sampler import Sampler

        self._sampler = Sampler.open(path)
        return self._source(path, _home(path))

    def _restored_elsewhere(self, recipe: Recipe, image: Path, runs: Path) -> RestoredImage:
        from core.export.checkpoint_lookup import find_checkpoint, missing

        path = find_checkpoint(recipe, image, runs) if recipe.checkpoint else None
        if path is not None:
            return RestoredImage(self._open(path), recipe.request)
        if not recipe.checkpoint and self._sampler is not None:
            here = self._source(self._sampler.path, self._home)
            if all(here.fits(point) for point in recipe.request.trajectory.points):
                text = _("The image was made at step {made}; this generator is at step {step}.")
                text = text.format(made=number(recipe.step), step=number(here.step))
                return RestoredImage(None, recipe.request, text)
        raise missing(recipe, image)

    def _source(self, path: Path | None, home: Path | None) -> ExploreSource:
        if home != self._home:
            self._home = home
            self._saved, self._pins_problem = _read_pins(home)
        from core.latent.held_generator import HeldGenerator

        sampler = self._opened()
        meta = sampler.meta
        return ExploreSource(
            path,
            home,
            meta.step,
            meta.settings,
            meta.dataset,
            sampler.conditions,
            meta.classes if sampler.conditions.classes else (),
            sampler.directions,
            sampler.style_layers,
            self._saved,
            self._pins_problem,
            sampler.device.type,
            _title(path, home, meta.dataset),
            sampler.fingerprint() if path is not None else "",
            HeldGenerator.of(sampler),
        )

    def _with_maker_kept(self, maker: Maker, image: Images) -> ExploreSource:
        """Keeps the generator with its run, and returns the source, which may belong to that checkpoint now."""
        import torch

        from core.checkpoint import summary

        sampler, home = self._opened(), self._home
        if home is not None and is_run(home):
            preview = torch.from_numpy(np.ascontiguousarray(image))
            file = keep_generator(home, maker, sampler.meta, sampler.weights(), preview)
            self._kept.add(maker)
            if sampler.path is None:
                sampler.path, sampler.digest = file, summary(file).digest
        return self._source(sampler.path, home)


def _home(path: Path) -> Path:
    """Returns the run folder of a checkpoint, or the checkpoint outside of one."""
    around = list(path.absolute().parents)[:2]
    return next((folder for folder in around if is_run(folder)), path)


def _translator(meta: Meta, path: Path | None, home: Path | None) -> Translator:
    return Translator(path, home, meta.step, meta.settings, meta.dataset, _title(path, home, meta.dataset))


def _title(path: Path | None, home: Path | None, dataset: str) -> str:
    """Returns the title of the explored source."""
    if home is not None and is_run(home):
        return run_title(home)
    return path.stem if path is not None else dataset_title(dataset)


def _picture(image: Images) -> str:
    """Returns an image (H, W, C) as `Pin.picture`."""
    if max(image.shape[:2]) > PICTURE_SIDE:
        picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
        picture.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
        image = np.asarray(picture).reshape(picture.height, picture.width, -1)
    return b64encode(png(image, generated=True)).decode()


def _newest(run: Path) -> Path:
    from core.runs.run import Run

    return Run(run).newest()


def _read_pins(home: Path | None) -> tuple[SavedPins, UserError | None]:
    """Returns the saved pins, or why they cannot be read."""
    try:
        return saved_pins_of(home), None
    except UserError as problem:
        return SavedPins(), problem
    except OSError as error:
        return SavedPins(), UserError(
            _("The pins of this run cannot be read."), _("Check that its disk is connected."), str(error)
        )
