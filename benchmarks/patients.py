"""Trainings with one deliberate fault each, and some healthy ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from core.checkpoint import Checkpoint
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.prepare import prepare
from core.events import Tuned
from core.generator_inputs import GeneratorInputs
from core.presets import FitContext, preset
from core.trainer import Trainer

SMALL = {"resolution": 32, "device": "cpu"}
"""Settings at the resolution of sample:digits."""
NARROW = {**SMALL, "width": 16, "batch": 16}
"""Settings for networks that would otherwise take some ten steps in two minutes."""
POISONED_STEP = 150


class Noiseless(Trainer):
    """Trainer whose fully connected generator gets zeros for every z, so that it makes a single image."""

    def _build(self, signals: bool) -> None:
        super()._build(signals)
        if self.settings.network == "mlp":
            for generator in (self.G, self.G_ema):
                generator.register_forward_pre_hook(_silence)


def _silence(_: torch.nn.Module, inputs: tuple[GeneratorInputs[torch.Tensor]]) -> tuple[GeneratorInputs[torch.Tensor]]:
    (drawn,) = inputs
    return (drawn._replace(z=torch.zeros_like(drawn.z)),)


class Poisoned(Trainer):
    """Trainer in which a weight of D becomes NaN once, and not again after continuing from a checkpoint."""

    poisoned = False

    def _restore(self, checkpoint: Checkpoint) -> None:
        super()._restore(checkpoint)
        self.poisoned = True

    def _count_step(self) -> None:
        super()._count_step()
        if self.step == POISONED_STEP and not self.poisoned:
            self.poisoned = True
            with torch.no_grad():
                next(self.D.parameters()).view(-1)[0] = float("nan")


@dataclass(frozen=True)
class Patient:
    """Training with a fault: `preset` fitted to a small machine, with `values`, on the first `images` of `source`.

    `kinds`: findings that identify the fault; empty for a healthy training.
    """

    what: str
    preset: str
    values: dict[str, Any]
    kinds: tuple[str, ...] = ()
    source: str = "sample:digits"
    images: int = 0
    trainer: type[Trainer] = Trainer

    @property
    def settings(self) -> Settings:
        return preset(self.preset).fitted(FitContext(10_000, accelerator=False, classes=10), **self.values)

    def treated(self, changes: Mapping[str, Any]) -> Patient:
        """Returns this training with changed settings, from its beginning."""
        return replace(self, values={**self.values, **changes})

    def dataset(self) -> Dataset:
        whole = run_to_end(prepare(self.source, Preparation(self.settings.size)))
        if not self.images:
            return whole
        images = np.array(whole.images[: self.images])
        labels = None if whole.labels is None else whole.labels[: self.images]
        return replace(whole, images=images, labels=labels, fingerprint=f"{whole.fingerprint}-{self.images}")

    def begin(self, checkpoint: Checkpoint | None = None) -> Trainer:
        settings = checkpoint.meta.settings if checkpoint else self.settings
        return self.trainer(settings, self.dataset(), Tuned("cpu", "fp32", "contiguous", {}), checkpoint)


SICK = {
    "fast_d": Patient("D's learning rate x 100", "dcgan", {**SMALL, "lr_d": 0.04}, ("divergence",)),
    "noiseless": Patient("a generator without noise", "gan", SMALL, ("mode_collapse",), trainer=Noiseless),
    "unbounded": Patient(
        "no penalty with a strong critic",
        "wgan",
        {**NARROW, "weight_clip": 0.0, "d_norm": "layer", "lr_d": 5e-4, "lr_g": 5e-4},
        ("divergence",),
    ),
    "few": Patient("20 images only", "dcgan", {**SMALL, "batch": 16}, ("memorisation",), images=20),
    "nan": Patient("NaN in a weight", "dcgan", SMALL, ("divergence",), trainer=Poisoned),
}
WELL = {
    "studio": Patient("", "studio", SMALL),
    "dcgan": Patient("", "dcgan", SMALL, source="sample:shapes"),
    "lsgan": Patient("", "lsgan", {**SMALL, "width": 32, "batch": 32, "lr_g": 4e-4, "lr_d": 4e-4}),
    "sngan": Patient("", "sngan", NARROW),
    "wgan": Patient("", "wgan", {**NARROW, "lr_d": 5e-4, "lr_g": 5e-4}),
    "wgan_gp": Patient("", "wgan_gp", NARROW),
    "r3gan": Patient("", "r3gan", NARROW),
}
