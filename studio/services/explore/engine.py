"""What the explore thread answers: owns the sampler, and is the only place of the window that renders."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.concurrency import run_to_end
from core.devices import Device, available
from core.errors import UserError
from core.events import Images
from core.latent.explore_state import Direction, SavedPins
from core.latent.request import LatentRequest, Point
from core.runs.pin_store import keep_pins, saved_pins_of
from core.runs.retention import pin
from core.runs.run import is_run
from studio.background.torch_import import import_optimizers, import_torch
from studio.model.explore import ExploreSource, PublishedWeights

if TYPE_CHECKING:
    from core.checkpoint import Checkpoint
    from core.latent.sampler import Sampler


@dataclass(frozen=True)
class NewestOf:
    """Asks for the newest checkpoint of a run's folder."""

    run: Path


@dataclass(frozen=True)
class Bake:
    """Asks for the request's first place as a `Point` of its own."""

    request: LatentRequest


@dataclass(frozen=True)
class Contrast:
    """Asks for the `Direction` from points that a person does not like to those that they do."""

    liked: tuple[Point, ...]
    disliked: tuple[Point, ...]
    name: str


@dataclass(frozen=True)
class Add:
    """Asks for plus - minus + also, of the means of three groups of points."""

    plus: tuple[Point, ...]
    minus: tuple[Point, ...]
    also: tuple[Point, ...]


@dataclass(frozen=True)
class Restore:
    """Asks for what made an exported image. `runs`: where checkpoints may be."""

    image: Path
    runs: Path


@dataclass(frozen=True, eq=False)
class Restored:
    """`source`: the generator that made it, unless it is explored already; `notice`: what may differ."""

    source: ExploreSource | None
    request: LatentRequest
    notice: str = ""


@dataclass(frozen=True)
class Keep:
    """Asks to keep a board where that of `home` is."""

    home: Path
    board: SavedPins


@dataclass(frozen=True)
class Write:
    """Asks for the request's first image as a PNG at `path`, that says how it was made."""

    request: LatentRequest
    path: Path


class ExploreEngine:
    """Lives in the explore thread; only `sampler` and `checkpoint` are called from others, which get a copy."""

    DEVICES: Final = "devices"
    OPTIMIZERS: Final = "optimizers"

    def __init__(self) -> None:
        self._sampler: Sampler | None = None
        self._home: Path | None = None
        self._board = SavedPins()
        self._trouble: UserError | None = None
        self._turn = threading.Lock()

    def answer(self, request: object) -> list[Device] | ExploreSource | Restored | Images | Point | Direction | None:
        """Devices for `DEVICES`, a `ExploreSource` for a checkpoint's path, `NewestOf` or `PublishedWeights`, what made
        it for `Restore`, images for a `LatentRequest`, a `Point` for `Bake` and `Add`, a `Direction` for `Contrast`;
        nothing for `OPTIMIZERS`, which is only to have them imported, `Keep` and `Write`."""
        import_torch()
        if request == self.DEVICES:
            return available()
        if request == self.OPTIMIZERS:
            import_optimizers()
            return None
        with self._turn:
            if isinstance(request, Path):
                return self._open_chosen(request)
            if isinstance(request, NewestOf):
                return self._open_newest(request.run)
            if isinstance(request, PublishedWeights):
                return self._load(request)
            if isinstance(request, Restore):
                return self._restore(request)
            if isinstance(request, Keep):
                self._keep(request)
                return None
            if self._sampler is None:
                return None
            if isinstance(request, Bake):
                return self._sampler.bake(request.request)
            if isinstance(request, Add):
                return _sum(self._sampler, request)
            if isinstance(request, Contrast):
                return _direction(self._sampler, request)
            if isinstance(request, Write):
                _write(self._sampler, request)
                return None
            assert isinstance(request, LatentRequest)
            return self._sampler.render(request)

    def sampler(self) -> Sampler:
        """A copy of the generator that is on screen, for another thread. Raises `UserError` if there is none."""
        with self._turn:
            if self._sampler is not None:
                return self._sampler.copy()
        raise UserError("There is no generator to make images with.", "Open a checkpoint, or train first.")

    def checkpoint(self) -> Checkpoint:
        """The one that is explored, or the newest of the training that is followed. Raises `UserError`."""
        from core.checkpoint import load
        from core.runs.run import Run

        with self._turn:
            path, home = self._sampler.path if self._sampler else None, self._home
        if path is None and home is not None:
            path = Run(home).newest()
        if path is None:
            raise UserError("There is no generator to work with.", "Open a checkpoint, or train first.")
        return load(path)

    def _open(self, path: Path) -> ExploreSource:
        from core.latent.sampler import Sampler

        self._sampler = Sampler.open(path)
        around = list(path.absolute().parents)[:2]
        return self._source(path, next((folder for folder in around if is_run(folder)), path))

    def _open_chosen(self, path: Path) -> ExploreSource:
        """One that a person chose: what is found in it shall be found again, so it does not make room for others."""
        source = self._open(path)
        if source.home != path:
            with suppress(UserError):  # a disk that may only be read deletes nothing either
                pin(path)
        return source

    def _open_newest(self, folder: Path) -> ExploreSource:
        from core.runs.run import Run

        return self._open(Run(folder).newest())

    def _load(self, weights: PublishedWeights) -> ExploreSource:
        from core.latent.sampler import Sampler

        if self._sampler is not None and self._sampler.fits(weights.meta):
            self._sampler.load(weights.meta, weights.tensors)
        else:
            self._sampler = Sampler(weights.meta, weights.tensors, weights.meta.device)
        return self._source(None, weights.run)

    def _restore(self, asked: Restore) -> Restored:
        from core.export.checkpoint_lookup import find_checkpoint, missing
        from core.export.recipe import read

        recipe = read(asked.image)
        if recipe is None:
            raise UserError(f"{asked.image.name} does not say how it was made.", "Drop a PNG that was exported here.")
        if self._sampler is not None and recipe.checkpoint and self._sampler.digest == recipe.checkpoint:
            return Restored(None, recipe.request)
        path = find_checkpoint(recipe, asked.image, asked.runs) if recipe.checkpoint else None
        if path is not None:
            return Restored(self._open(path), recipe.request)
        if not recipe.checkpoint and self._sampler is not None:
            here = self._source(self._sampler.path, self._home)
            if all(here.fits(point) for point in recipe.request.way.points):
                step = f"The image was made at step {recipe.step:,} of a training; this generator is at {here.step:,}."
                return Restored(None, recipe.request, step)
        raise missing(recipe, asked.image)

    def _keep(self, request: Keep) -> None:
        keep_pins(request.home, request.board)
        if request.home == self._home:
            self._board = request.board

    def _source(self, path: Path | None, home: Path | None) -> ExploreSource:
        assert self._sampler is not None
        if home != self._home:
            self._home = home
            self._board, self._trouble = _read_pins(home)
        sampler, meta = self._sampler, self._sampler.meta
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
            self._board,
            self._trouble,
        )


def _sum(sampler: Sampler, groups: Add) -> Point:
    from core.latent.directions import arithmetic

    return arithmetic(sampler, groups.plus, groups.minus, groups.also)


def _write(sampler: Sampler, asked: Write) -> None:
    from core.export.image_files import export_images
    from core.export.selection import OfPlaces

    single = OfPlaces(asked.request.part(0, 1), asked.path.stem)
    run_to_end(export_images(sampler, single, asked.path.parent))


def _direction(sampler: Sampler, contrast: Contrast) -> Direction:
    from core.latent.directions import from_groups

    vector = from_groups(sampler, contrast.liked, contrast.disliked)
    return Direction(contrast.name, tuple(map(float, vector.tolist())))


def _read_pins(home: Path | None) -> tuple[SavedPins, UserError | None]:
    """What was kept, or why it cannot be read."""
    try:
        return saved_pins_of(home), None
    except UserError as problem:
        return SavedPins(), problem
    except OSError as error:
        return SavedPins(), UserError(
            "The pins of this run cannot be read.", "Check that its disk is connected.", str(error)
        )
