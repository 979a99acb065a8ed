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
    """A running training's newest averaged generator, the folder of its run, and its device by torch's name."""

    meta: Meta
    tensors: dict[str, Any]
    run: Path | None
    device: str


@dataclass(frozen=True, eq=False)
class ExploreSource:
    """What is explored, and facts about its generator.

    `path`: a checkpoint's, or None for weights of a training that lie in none. `home`: the run's folder, or the
    checkpoint where it lies in none, with which pins are saved; None for a training that keeps no run. `directions`
    (k, numbers): closed-form ones. `style_layers`: 0 where there are no styles. `pins_problem`: why its saved pins
    could not be read; then none are saved either. `device`: the kind that it is on, by torch's name. `title`: what a
    person calls the run or the checkpoint. `weights`: the fingerprint of the averaged weights; empty while a training's
    are followed. `generator`: the weights themselves, for jobs.
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
        """Returns whether this generator made the pin's image; True where the pin does not tell its maker."""
        return pin.maker is None or pin.maker.weights == self.weights

    def fits(self, point: Point) -> bool:
        """Returns whether the generator could draw the point; those of others can have other sizes."""
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
        """Returns a person's own directions, (k, numbers); one of another generator is 0."""
        numbers = self.directions.shape[1]
        vectors = (each.vector for each in saved.directions)
        rows = [vector if len(vector) == numbers else (0.0,) * numbers for vector in vectors]
        return np.array(rows, np.float32).reshape(len(rows), numbers)


@dataclass(frozen=True, eq=False)
class ProjectionProgress(Event):
    """A person's picture, and what the generator of `source` makes of it so far. `done`: from 0 to 1; `psnr` in dB."""

    name: str
    picture: Images
    image: Images
    done: float
    psnr: float
    point: Point
    source: ExploreSource


@dataclass(frozen=True, eq=False)
class NearestQuery:
    """Which of some generated images (n, H, W, C) is asked about, and what the generator was trained with.

    `in_features`: whether images are compared by what a network sees in them, and not pixel by pixel.
    """

    population: Images
    index: int
    settings: Settings
    in_features: bool = False

    def otherwise(self) -> NearestQuery:
        """The same question in the other space."""
        return replace(self, in_features=not self.in_features)


@dataclass(frozen=True, eq=False)
class NearestImages:
    """The training images (k, H, W, C) that are nearest to what was asked about, and how far away they are, which
    `measured` explains. `flipped`: whether mirrored ones are meant. `generated` and `real`: how far from their nearest
    training image others are, see `core.evaluation.nearest_neighbors.NeighborDistances`."""

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
        """What was asked about, (H, W, C)."""
        image: Images = self.asked.population[self.asked.index]
        return image
