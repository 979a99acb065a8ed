"""Feature extractors of the metrics: one module each, found by its name.

A module of this package that defines `TITLE` defines as well

* `LABELED`: whether it needs a dataset with labels;
* `FETCHED`: whether it needs a file of weights, which a person has to point to or download;
* `LOGITS`: whether it tells classes apart, which the Inception Score needs;
* `build(dataset, weights, device)`: a generator of `Progress` and `Notice` that returns an `Extractor`.

None of them touches torch's default random generators or its global settings: a training may be using both.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from core.concurrency import run_in_thread
from core.data.dataset import Dataset
from core.devices.memory import enough_memory
from core.errors import UserError
from core.events import Images, Notice, Progress
from core.registry import components, module

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float32]


class Features(NamedTuple):
    """Of N images: `values` (N, F) and, of an extractor that tells K classes apart, `logits` (N, K)."""

    values: Floats
    logits: Floats | None


class Extractor(Protocol):
    """A network that is ready, on its device."""

    @property
    def name(self) -> str:
        """As numbers are labeled; weights that are not the same everywhere go by their digest."""

    @property
    def classifies(self) -> bool:
        """Whether there are logits."""

    @property
    def key(self) -> str:
        """Changes whenever the features of the same images may."""

    @property
    def at_once(self) -> int:
        """Images that are about a tenth of a second of work, as far as can be known."""

    def __call__(self, images: Images) -> Features:
        """Of uint8 images NHWC; several sizes of batch give the same numbers but for rounding."""


class _Module(Protocol):
    def build(
        self, dataset: Dataset, weights: Path | None, device: torch.device
    ) -> Generator[Progress | Notice, None, Extractor]: ...


def build(
    name: str, dataset: Dataset, device: torch.device, weights: Path | None = None
) -> Generator[Progress | Notice, None, Extractor]:
    """The extractor of that name, ready for this dataset. `weights`: the file of one that needs one.

    Raises `UserError` for a name that does not exist, for weights that are not there or not what they should be, and
    where labels are needed and there are none.
    """
    known = components("evaluation.features")
    if name not in known:
        raise UserError(f"There is no feature extractor {name!r}.", f"Choose one of {', '.join(known)}.")
    if weights is not None and not known[name].facts["FETCHED"]:
        raise UserError(f"The features of {name} need no file of weights.", "Leave it out, or choose inception.")
    if known[name].facts["LABELED"] and not dataset.classes:
        others = ", ".join(other for other, found in known.items() if not found.facts["LABELED"])
        raise UserError("A classifier needs classes to tell apart, and this dataset has none.", f"Choose {others}.")
    reading = Progress(f"Preparing {known[name].title}", 0, 0)
    found = yield from run_in_thread(lambda: cast(_Module, module("evaluation.features", name)), reading)
    with enough_memory(f"for the features of {known[name].title}", device=device):
        return (yield from found.build(dataset, weights, device))


def default_for(dataset: Dataset) -> str:
    """The extractor that suits a dataset and needs nothing fetched: its own labels know best what matters in it."""
    return "classifier" if dataset.classes else "vgg16"
