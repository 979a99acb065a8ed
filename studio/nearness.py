"""The training images that are nearest to a generated one, and how near others are: for the job thread to find."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import Problem
from core.events import Event, Images

if TYPE_CHECKING:
    from core.config import Settings
    from core.data import Dataset
    from core.neighbours import Space

E = TypeVar("E", bound=Event)

NEAREST = 6
"""Training images that are shown beside one of the generator's."""


@dataclass(frozen=True, eq=False)
class Asked:
    """Which of some generated images (n, H, W, C) is asked about, and what the generator was trained with.

    `in_features`: whether images are compared by what a network sees in them, and not pixel by pixel.
    """

    population: Images
    index: int
    settings: Settings
    in_features: bool = False

    def otherwise(self) -> Asked:
        """The same question in the other space."""
        return replace(self, in_features=not self.in_features)


@dataclass(frozen=True, eq=False)
class Nearest(Event):
    """The training images (k, H, W, C) that are nearest to what was asked about, and how far away they are, which
    `measured` explains. `flipped`: whether mirrored ones are meant. `generated` and `real`: how far from their nearest
    training image others are, see `core.neighbours.Nearness`."""

    asked: Asked
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


def find_nearest(asked: Asked, dataset: Dataset | None) -> Generator[Event, None, None]:
    """Yields `Progress`, and `Nearest` at the end. Raises `Problem` where no dataset is open, or another one."""
    from core.data.split import held_rows
    from core.neighbours import PIXELS, Nearness, Neighbours, nearest, nearness

    if dataset is None:
        raise Problem("The training images are not open.", "Open them in Data, prepared as for the training.")
    space = (yield from _features(dataset)) if asked.in_features else PIXELS
    held, image = held_rows(asked.settings, dataset), asked.population[asked.index]
    neighbours = yield from _last(nearest(image[None], dataset, NEAREST, space, held), Neighbours)
    spread = yield from _last(nearness(asked.population, dataset, space, held), Nearness)
    distances, flipped = neighbours.distances[0].tolist(), neighbours.flipped[0].tolist()
    yield Nearest(
        asked,
        neighbours.images[0],
        tuple(distances),
        tuple(flipped),
        space.text,
        spread.generated,
        spread.real,
        spread.held_out,
    )


def _features(dataset: Dataset) -> Generator[Event, None, Space]:
    from core.devices import resolve
    from core.features import build, default_for
    from core.neighbours import Space

    extractor = yield from build(default_for(dataset), dataset, resolve("auto"))

    def values(planes: Images) -> NDArray[np.float32]:
        images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
        starts = range(0, len(images), extractor.at_once)
        return np.concatenate([extractor(images[start : start + extractor.at_once]).values for start in starts])

    return Space("features", f"root mean square difference of what a network ({extractor.name}) sees in them", values)


def _last(events: Iterator[Event], kind: type[E]) -> Generator[Event, None, E]:
    """Passes on what comes before an event of this kind, and returns that."""
    for event in events:
        if isinstance(event, kind):
            return event
        yield event
    raise AssertionError("it yields one at its end")
