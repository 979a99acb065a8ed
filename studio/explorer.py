"""What the explore thread answers: owns the sampler, and is the only place of the window that renders."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.devices import Device, available
from core.errors import Problem
from core.events import Event, Images
from core.latent import LatentRequest
from studio.torch_import import import_torch

if TYPE_CHECKING:
    from core.checkpoint import Meta
    from core.config import Settings
    from core.sampler import Sampler


@dataclass(frozen=True)
class Weights:
    """A running training's newest averaged generator."""

    meta: Meta
    tensors: dict[str, Any]


@dataclass(frozen=True)
class NewestOf:
    """Asks for the newest checkpoint of a run's folder."""

    run: Path


@dataclass(frozen=True)
class Source:
    """What is explored: a checkpoint's path, or None for the running training, and facts about its generator."""

    path: Path | None
    step: int
    settings: Settings
    dataset: str
    directions: int
    classes: tuple[str, ...] = ()
    """Names; empty unless the generator is told which to draw."""
    categories: int = 0
    """Values of InfoGAN's categorical code."""
    continuous: int = 0
    """InfoGAN's continuous codes."""


class Explorer:
    """Lives in the explore thread; only `export` is called from another, and takes a copy of the sampler first."""

    DEVICES: Final = "devices"

    def __init__(self) -> None:
        self._sampler: Sampler | None = None
        self._turn = threading.Lock()

    def answer(self, request: object) -> list[Device] | Source | Images | None:
        """Devices for `DEVICES`, a `Source` for a checkpoint's path, `NewestOf` or `Weights`, images for a
        `LatentRequest`."""
        if request == self.DEVICES:
            import_torch()
            return available()
        with self._turn:
            if isinstance(request, Path):
                return self._open(request)
            if isinstance(request, NewestOf):
                return self._open_newest(request.run)
            if isinstance(request, Weights):
                return self._load(request)
            assert isinstance(request, LatentRequest)
            return self._sampler.render(request) if self._sampler else None

    def export(self, request: LatentRequest, folder: Path, overwrite: bool) -> Generator[Event, None, None]:
        """Exports the request's seeds with the generator as it is now, whatever the sliders do meanwhile."""
        from core.export import export_seeds

        with self._turn:
            sampler = self._sampler.copy() if self._sampler else None
        if sampler is None:
            raise Problem("There is no generator to make images with.", "Open a checkpoint, or train first.")
        yield from export_seeds(sampler, request, folder, overwrite)

    def _open(self, path: Path) -> Source:
        from core.sampler import Sampler

        self._sampler = Sampler.open(path)
        return self._source(path)

    def _open_newest(self, folder: Path) -> Source:
        from core.run import Run

        return self._open(Run(folder).newest())

    def _load(self, weights: Weights) -> Source:
        from core.sampler import Sampler

        if self._sampler is not None and self._sampler.fits(weights.meta):
            self._sampler.load(weights.meta, weights.tensors)
        else:
            self._sampler = Sampler(weights.meta, weights.tensors, weights.meta.device)
        return self._source(None)

    def _source(self, path: Path | None) -> Source:
        assert self._sampler is not None
        meta = self._sampler.meta
        settings = meta.settings
        return Source(
            path,
            meta.step,
            settings,
            meta.dataset,
            len(self._sampler.directions),
            meta.classes if settings.condition != "none" else (),
            settings.codes_categorical,
            settings.codes_continuous,
        )
