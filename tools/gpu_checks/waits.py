"""Waits: none of a preset's steps waits for the device; torch raises at the first that does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch

from core.presets import presets
from tools.gpu_checks.bench import OK, Bench, Case, Result
from tools.gpu_checks.trainings import advance, trainer

SECONDS = 25
NEEDS_CUDA = True


def cases(bench: Bench) -> Iterator[Case]:
    for name in presets():
        yield Case(name, partial(_step, bench, name))


def _step(bench: Bench, name: str) -> Result:
    """One step after two warm ones: as it comes, and again with all penalties due and all signals watched."""
    training = trainer(bench, name, 16 if bench.is_cpu else 32, recorded=False)
    advance(training, 2)
    with _no_waits():
        plan = training._prepare(training.settings.d_steps)
        training._train_step(plan)
        training._count_step()
    penalties = bool(training.settings.penalties)
    everything = plan._replace(due=(penalties,) * len(plan.due), watched=True)
    with _no_waits():
        training._train_step(everything)
    return Result(OK, "no wait in staging, step and average; none with every penalty and signal")


@contextmanager
def _no_waits() -> Iterator[None]:
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")
