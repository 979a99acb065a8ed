"""Feature extractors of the metrics: one module each, found by its name.

A module of this package that defines `TITLE` defines as well

* `LABELED`: whether it needs a dataset with labels;
* `FETCHED`: whether it needs a file of weights, which the user downloads or points to;
* `LOGITS`: whether it has class logits, which the Inception Score needs;
* `build(dataset, weights, device)`: a generator of `Progress` and `Notice` that returns an `Extractor`.

Extractors do not use torch's default random generators or global settings, which a training may be using.
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
from core.language import _
from core.registry import components, module

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float32]


class Features(NamedTuple):
    """Features of N images: `values` (N, F), and `logits` (N, K) of an extractor with K classes."""

    values: Floats
    logits: Floats | None


class Extractor(Protocol):
    """Feature extractor: a network on its device."""

    @property
    def name(self) -> str:
        """Name in the keys of metrics; with a digest if the weights are not the same everywhere."""

    @property
    def classifies(self) -> bool:
        """True if it computes logits."""

    @property
    def key(self) -> str:
        """Key of the cache, which changes whenever the features of an image may change."""

    @property
    def at_once(self) -> int:
        """Number of images that take about 0.1 s."""

    def __call__(self, images: Images) -> Features:
        """Computes the features of uint8 images NHWC, independent of the batch size but for rounding."""


class _Module(Protocol):
    def build(
        self, dataset: Dataset, weights: Path | None, device: torch.device
    ) -> Generator[Progress | Notice, None, Extractor]: ...


def build(
    name: str, dataset: Dataset, device: torch.device, weights: Path | None = None
) -> Generator[Progress | Notice, None, Extractor]:
    """Builds an extractor for a dataset. `weights`: file of its weights, if it needs one.

    Raises `UserError` for an unknown name, for missing or wrong weights, and for missing labels.
    """
    known = components("evaluation.features")
    if name not in known:
        raise UserError(
            _("There is no feature extractor {name!r}.").format(name=name),
            _("Choose one of {names}.").format(names=", ".join(known)),
        )
    if weights is not None and not known[name].facts["FETCHED"]:
        raise UserError(
            _("The extractor {name} needs no file of weights.").format(name=name),
            _("Leave it out, or choose inception."),
        )
    if known[name].facts["LABELED"] and not dataset.classes:
        others = ", ".join(other for other, found in known.items() if not found.facts["LABELED"])
        raise UserError(
            _("A label classifier needs classes, and this dataset has none."),
            _("Choose {names}.").format(names=others),
        )
    reading = Progress(_("Preparing {extractor}").format(extractor=known[name].title), 0, 0)
    found = yield from run_in_thread(lambda: cast(_Module, module("evaluation.features", name)), reading)
    what = _("There is not enough memory for the features of {name}.").format(name=known[name].title)
    with enough_memory(what, device=device):
        return (yield from found.build(dataset, weights, device))


def default_for(dataset: Dataset) -> str:
    """Returns the best extractor for a dataset that needs no download: a classifier of its labels if it has any."""
    return "classifier" if dataset.classes else "vgg16"
