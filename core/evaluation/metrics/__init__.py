"""Metrics of generated images against real ones: one module each, found by its name.

A module of this package that defines `TITLE` defines as well

* `RANK`: order among the metrics, the lowest first;
* `PAPER`;
* `NUMBERS`: its numbers and their titles; a name with the suffix `_std` is the standard deviation of the number without
  it, and is shown with it;
* `MEANINGS`: what each number measures, and its blind spots, in a sentence or two for beginners;
* `HIGHER_IS_BETTER`: False for distances, which are 0 for equal sets;
* `NEEDS`: "features" and "logits" of an extractor, "images", or "pairs" of images, where image k of either set belongs
  to image k of the other;
* `KINDS`: kinds of trainings (`core.config.translation_fields.Kind`) beside which it is measured;
* `measure(fake, real)`: a generator that yields at least about every 0.1 s, so that a training can go on beside it, and
  returns the numbers by name.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import NamedTuple, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.events import Images
from core.language import _
from core.registry import Component, components, module

T = TypeVar("T")

Work = Generator[None, None, T]
"""Generator that yields between pieces of work and returns the result."""
Floats = NDArray[np.float64]


class ImageSet(NamedTuple):
    """Set of generated or of real images; None for parts that no metric needs.

    `features` (N, F) and `logits` (N, K): float64, since float32 is too coarse for distances between points far from 0.
    `images`: uint8 NHWC.
    """

    features: Floats | None = None
    logits: Floats | None = None
    images: Images | None = None


class Metric(Protocol):
    """Interface of a metric's module."""

    def measure(self, fake: ImageSet, real: ImageSet) -> Work[dict[str, float]]: ...


def metric(name: str) -> Metric:
    """Imports and returns a metric's module."""
    return cast(Metric, module("evaluation.metrics", name))


def chosen(names: Iterable[str]) -> dict[str, Component]:
    """Returns the metrics by name, without duplicates. Raises `UserError` for an unknown name, and for none at all."""
    known = components("evaluation.metrics")
    wanted = list(dict.fromkeys(names))
    remedy = _("Choose from {names}.").format(names=", ".join(known))
    if not wanted:
        raise UserError(_("No metric was chosen."), remedy)
    for name in wanted:
        if name not in known:
            raise UserError(_("There is no metric {name!r}.").format(name=name), remedy)
    return {name: known[name] for name in wanted}
