"""Resume: a training that continues from its checkpoint, or is rewound, goes on as if nothing had happened."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from torch import Tensor

from core.checkpoint import Checkpoint, load, save
from core.events import Tuned
from core.presets import presets
from core.trainer import Trainer
from tools.gpu_checks.bench import Bench, Case, Result
from tools.gpu_checks.trainings import advance, dataset_of, deterministic, difference, state, trainer, verdict

SECONDS = 40
NEEDS_CUDA = False
STEPS = 4
"""Before the checkpoint, and as many after it."""
FIRST = ("dcgan", "stylegan2_ada", "r3gan", "wgan", "sngan")
"""Presets of all kinds of optimizers and networks; the others follow."""


def cases(bench: Bench) -> Iterator[Case]:
    for name in dict.fromkeys((*FIRST, *presets())):
        yield Case(name, partial(_resumed, bench, name))


def _resumed(bench: Bench, name: str) -> Result:
    px = 16 if bench.is_cpu else 32
    with tempfile.TemporaryDirectory() as folder, deterministic():
        path = Path(folder, "checkpoint.safetensors")
        training = trainer(bench, name, px)
        advance(training, STEPS)
        save(training.checkpoint(), path)
        kept = Checkpoint(training.meta(), state(training))
        expected = _after(training)
        continued = _after(trainer(bench, name, px, checkpoint=load(path)))
        training.rewind(kept)
        found = {"continued:": difference(expected, continued), "rewound:": difference(expected, _after(training))}
        return verdict(found, "" if bench.is_cpu else _on_the_cpu(bench, load(path)))


def _after(training: Trainer) -> dict[str, Tensor]:
    advance(training, STEPS)
    return state(training)


def _on_the_cpu(bench: Bench, checkpoint: Checkpoint) -> str:
    """One step there, of a small batch."""
    settings = checkpoint.meta.settings.changed(device="cpu", batch=4, d_steps=1)
    training = Trainer(settings, dataset_of(bench, settings), Tuned("cpu", "fp32", "contiguous", {}), checkpoint)
    advance(training)
    return "; on the CPU: goes on"
