"""Metrics of generated images against real ones: one module each, found by its name.

A module of this package that defines `TITLE` defines as well

* `RANK`: which stands first among them, the lowest;
* `PAPER`;
* `NUMBERS`: the numbers that it gives, and what people call each; one whose name is another's with `_std` behind it is
  that one's standard deviation, and is shown with it;
* `MEANINGS`: what each says, and what it does not see, in a sentence or two for beginners;
* `HIGHER_IS_BETTER`: otherwise it is a distance, 0 for equal sets;
* `NEEDS`: "features" and "logits" of an extractor, or "images";
* `measure(fake, real)`: a generator that yields between pieces of work of at most about a tenth of a second, so that a
  training may go on beside it, and returns the numbers by name.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import NamedTuple, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.events import Images
from core.registry import Component, components, module

T = TypeVar("T")

Work = Generator[None, None, T]
"""Yields between two pieces of work, and returns what came out."""
Floats = NDArray[np.float64]


class ImageSet(NamedTuple):
    """Generated images, or real ones. `features` (N, F) and `logits` (N, K) are float64: distances between points far
    from 0 lose in float32 what they are about. `images` are uint8 NHWC. None where no metric needs them."""

    features: Floats | None = None
    logits: Floats | None = None
    images: Images | None = None


class Metric(Protocol):
    """What every module of this package offers."""

    def measure(self, fake: ImageSet, real: ImageSet) -> Work[dict[str, float]]: ...


def metric(name: str) -> Metric:
    """The metric of that name; imports torch."""
    return cast(Metric, module("evaluation.metrics", name))


def chosen(names: Iterable[str]) -> dict[str, Component]:
    """The metrics of these names, each once. Raises `UserError` for one that does not exist, and for none at all."""
    known = components("evaluation.metrics")
    wanted = list(dict.fromkeys(names))
    remedy = f"Choose of {', '.join(known)}."
    if not wanted:
        raise UserError("No metric was chosen.", remedy)
    for name in wanted:
        if name not in known:
            raise UserError(f"There is no metric {name!r}.", remedy)
    return {name: known[name] for name in wanted}
