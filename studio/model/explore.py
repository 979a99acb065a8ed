"""What is explored and what is found there: values that the Explore workspace and its services exchange."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.events import Event, Images
from core.generator_inputs import Conditions, Latents
from core.latent.explore_state import SavedPins
from core.latent.request import Point

if TYPE_CHECKING:
    from core.checkpoint import Meta
    from core.config.settings import Settings


@dataclass(frozen=True)
class PublishedWeights:
    """A running training's newest averaged generator, and the folder of its run."""

    meta: Meta
    tensors: dict[str, Any]
    run: Path | None


@dataclass(frozen=True, eq=False)
class ExploreSource:
    """What is explored, and facts about its generator.

    `path`: a checkpoint's, or None for the running training. `home`: the run's folder, or the checkpoint where it lies
    in none: that is whose `board` is shown; None for a training that keeps no run. `directions` (k, numbers): closed-
    form ones. `style_layers`: 0 where there are no styles. `trouble`: why the board could not be read, and is not kept.
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
    board: SavedPins
    trouble: UserError | None = None

    def fits(self, point: Point) -> bool:
        """Whether the generator could draw the point: another one has other numbers."""
        sizes = (
            (point.z, self.settings.latent_dim),
            (point.offset, self.directions.shape[1]),
            (point.classes, self.conditions.classes),
            (point.codes, self.conditions.codes),
        )
        styled = bool(point.w) or point.mix is not None
        return all(len(given) in (0, size) for given, size in sizes) and (self.style_layers > 0 or not styled)


@dataclass(frozen=True, eq=False)
class ProjectionProgress(Event):
    """A person's picture, and what the generator makes of it so far. `done`: from 0 to 1; `psnr` in dB."""

    name: str
    picture: Images
    image: Images
    done: float
    psnr: float
    point: Point


@dataclass(frozen=True, eq=False)
class NeighbourQuery:
    """Which of some generated images (n, H, W, C) is asked about, and what the generator was trained with.

    `in_features`: whether images are compared by what a network sees in them, and not pixel by pixel.
    """

    population: Images
    index: int
    settings: Settings
    in_features: bool = False

    def otherwise(self) -> NeighbourQuery:
        """The same question in the other space."""
        return replace(self, in_features=not self.in_features)


@dataclass(frozen=True, eq=False)
class NearestImages:
    """The training images (k, H, W, C) that are nearest to what was asked about, and how far away they are, which
    `measured` explains. `flipped`: whether mirrored ones are meant. `generated` and `real`: how far from their nearest
    training image others are, see `core.evaluation.nearest_neighbours.Nearness`."""

    asked: NeighbourQuery
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
