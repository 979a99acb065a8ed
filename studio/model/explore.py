"""Values shown by the Explore workspace: the explored generator, projections and nearest images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.events import Event, Images
from core.generator_inputs import Conditions, Latents
from core.latent.explore_state import ExploreState, Pin, SavedPins
from core.latent.request import Point

if TYPE_CHECKING:
    from core.checkpoint import Meta
    from core.config.settings import Settings
    from core.latent.held_generator import HeldGenerator


@dataclass(frozen=True)
class PublishedWeights:
    """A running training's newest averaged generator, its run folder, and its torch device."""

    meta: Meta
    tensors: dict[str, Any]
    run: Path | None
    device: str


@dataclass(frozen=True, eq=False)
class ExploreSource:
    """The explored generator and its facts.

    `path`: of a checkpoint, or None for weights of a running training. `home`: the run folder, or the checkpoint
    outside of one, with which pins are saved; None for a training without a run. `directions` (k, numbers): closed-form
    ones. `style_layers`: 0 without styles. `pins_problem`: why saved pins could not be read; then none are saved
    either. `device`: kind of torch device. `title`: name of the run or checkpoint. `weights`: fingerprint of the
    averaged weights; empty while a training's are followed. `generator`: the weights themselves, for jobs.
    """

    path: Path | None
    home: Path | None
    step: int
    settings: Settings
    dataset: str
    conditions: Conditions
    classes: tuple[str, ...]
    directions: Latents
    style_layers: int
    saved: SavedPins
    pins_problem: UserError | None = None
    device: str = "cpu"
    title: str = ""
    weights: str = ""
    generator: HeldGenerator | None = None

    def made(self, pin: Pin) -> bool:
        """Returns whether this generator made the pin's image; True if the pin's maker is unknown."""
        return pin.maker is None or pin.maker.weights == self.weights

    def fits(self, point: Point) -> bool:
        """Returns whether the generator can draw the point; other generators may have other sizes."""
        sizes = (
            (point.z, self.settings.latent_dim),
            (point.offset, self.directions.shape[1]),
            (point.classes, self.conditions.classes),
            (point.codes, self.conditions.codes),
        )
        styled = bool(point.w) or point.mix is not None
        return all(len(given) in (0, size) for given, size in sizes) and (self.style_layers > 0 or not styled)

    def fitting(self, state: ExploreState) -> ExploreState:
        """Returns the state without what this generator cannot draw."""
        if not all(map(self.fits, state.points)):
            state = ExploreState(edit=state.edit, saved=state.saved)
        edit = state.edit
        edit = replace(
            edit,
            classes=edit.classes if len(edit.classes) == self.conditions.classes else (),
            codes=edit.codes if len(edit.codes) == self.conditions.codes else (),
            mix=edit.mix if self.style_layers else None,
        )
        return replace(state, edit=edit)

    def vectors(self, saved: SavedPins) -> Latents:
        """Returns custom directions, (k, numbers); one of another generator is 0."""
        numbers = self.directions.shape[1]
        vectors = (each.vector for each in saved.directions)
        rows = [vector if len(vector) == numbers else (0.0,) * numbers for vector in vectors]
        return np.array(rows, np.float32).reshape(len(rows), numbers)


@dataclass(frozen=True, eq=False)
class Translator:
    """A generator that makes images from images, which has no latent space to explore.

    `path`: of a checkpoint, or None for the weights of a running training. `home`, `step`, `settings`, `dataset` and
    `title`: as those of an `ExploreSource`. `weights`: those of a running training; None for a checkpoint.
    """

    path: Path | None
    home: Path | None
    step: int
    settings: Settings
    dataset: str
    title: str
    weights: PublishedWeights | None = None


@dataclass(frozen=True, eq=False)
class ProjectionProgress(Event):
    """Progress of a projection: the photo, and the closest image of the generator of `source` so far. `done`: from 0 to
    1; `psnr` in dB."""

    name: str
    picture: Images
    image: Images
    done: float
    psnr: float
    point: Point
    source: ExploreSource


@dataclass(frozen=True, eq=False)
class NearestQuery:
    """Query for the nearest training images of one generated image of (n, H, W, C), and the training's settings.

    `in_features`: compare features instead of pixels.
    """

    population: Images
    index: int
    settings: Settings
    in_features: bool = False

    def otherwise(self) -> NearestQuery:
        """Returns the same query in the other space."""
        return replace(self, in_features=not self.in_features)


@dataclass(frozen=True, eq=False)
class NearestImages:
    """Training images (k, H, W, C) nearest to the queried image, with their distances, explained by `measured`.
    `flipped`: whether mirrored ones are meant. `generated` and `real`: distances of other images to their nearest
    training image, see `core.evaluation.nearest_neighbors.NeighborDistances`."""

    asked: NearestQuery
    images: Images
    distances: tuple[float, ...]
    flipped: tuple[bool, ...]
    measured: str
    generated: NDArray[np.float64]
    real: NDArray[np.float64]
    held_out: bool

    @property
    def image(self) -> Images:
        """Returns the queried image, (H, W, C)."""
        image: Images = self.asked.population[self.asked.index]
        return image
