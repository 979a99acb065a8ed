"""Built-in toy datasets: points in the plane instead of images, for the 2-D playground.

The ring and the grid are the usual tests for mode collapse (Srivastava et al. 2017, VEEGAN, arXiv:1705.07761; Lin et
al. 2018, PacGAN, arXiv:1712.04086). Toys are too small to be cached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.names import digest
from core.data.records import Records
from core.errors import UserError
from core.language import _

COUNT = 10_000

_PREFIX = "toy:"
_VERSION = "1"  # increase it when a formula changes

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
Draw = Callable[[Labels, np.random.RandomState], Floats]
"""Function that draws points (N, 2) of the classes (N,), in the units of the papers."""


@dataclass(frozen=True)
class Toy:
    """Toy dataset. `scale`: factor that maps the points into [-1, 1]. `classes`: 1 means no labels."""

    title: str
    draw: Draw
    scale: float
    classes: int
    class_name: str = ""


def _ring(labels: Labels, random: np.random.RandomState) -> Floats:
    """Draws from eight Gaussians of standard deviation 0.02 on a circle of radius 2."""
    angles = 2 * np.pi * labels / 8
    return 2.0 * np.stack([np.cos(angles), np.sin(angles)], 1) + 0.02 * random.standard_normal((len(labels), 2))


def _grid(labels: Labels, random: np.random.RandomState) -> Floats:
    """Draws from 25 Gaussians of standard deviation 0.05 at -4, -2, 0, 2 and 4."""
    centers = 2.0 * np.stack([labels % 5, labels // 5], 1) - 4.0
    return centers + 0.05 * random.standard_normal((len(labels), 2))


def _moons(labels: Labels, random: np.random.RandomState) -> Floats:
    """Draws from two interleaved half circles of radius 1, with noise of standard deviation 0.05."""
    angles = np.pi * random.random_sample(len(labels))
    upper = np.stack([np.cos(angles) - 0.5, np.sin(angles) - 0.25], 1)
    signs = np.where(labels == 0, 1.0, -1.0)[:, None]
    return signs * upper + 0.05 * random.standard_normal((len(labels), 2))


def _spiral(labels: Labels, random: np.random.RandomState) -> Floats:
    """Draws uniformly from two turns of an Archimedean spiral of radius 1, with noise of standard deviation 0.02."""
    reach = np.sqrt(random.random_sample(len(labels)))
    angles = 4 * np.pi * reach
    curve: Floats = reach[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    return curve + 0.02 * random.standard_normal((len(labels), 2))


TOYS: dict[str, Toy] = {
    "ring8": Toy(_("ring of 8"), _ring, 1 / 2.5, 8, "mode"),
    "grid25": Toy(_("grid of 25"), _grid, 1 / 5, 25, "mode"),
    "moons": Toy(_("two moons"), _moons, 1 / 2, 2, "moon"),
    "spiral": Toy(_("spiral"), _spiral, 1 / 1.2, 1),
}


def opens(source: str) -> bool:
    return source.startswith(_PREFIX)


def dataset(source: str) -> Dataset:
    """Returns the toy of that name, identical at every call and on every machine. Raises `UserError` if unknown."""
    short = source.removeprefix(_PREFIX)
    if short not in TOYS:
        known = ", ".join(_PREFIX + name for name in TOYS)
        raise UserError(
            _("There is no toy dataset {name!r}.").format(name=short),
            _("Choose one of {names}.").format(names=known),
        )
    toy = TOYS[short]
    random = np.random.RandomState(0)  # its stream is frozen by numpy, unlike that of newer generators
    labels = random.permutation(np.arange(COUNT, dtype=np.int64) % toy.classes)
    points = (toy.draw(labels, random) * toy.scale).astype(np.float32)
    images = points[:, :, None, None]
    for array in (images, labels):
        array.flags.writeable = False
    return Dataset(
        source=source,
        title=_("Toy: {name}").format(name=toy.title),
        size=(1, 1),
        images=images,
        labels=labels if toy.classes > 1 else None,
        classes=tuple(f"{toy.class_name} {number}" for number in range(toy.classes)) if toy.classes > 1 else (),
        skipped=(),
        # Hash of the recipe, because the last bits of the points depend on the CPU's sine.
        fingerprint=digest(source, _VERSION),
        records=Records.none(),
    )
