"""Recorded steps: every preset's step can be recorded as a CUDA graph, and its replays do what the eager step does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from core.presets import preset, presets
from tools.gpu_checks.bench import FAILED, Bench, Case, Result
from tools.gpu_checks.trainings import advance, deterministic, difference, recordings, state, trainer, verdict

SECONDS = 50
NEEDS_CUDA = True
STEPS = 8
"""Kinds of steps run once, are recorded at the second, and replayed from the third on."""


def cases(bench: Bench) -> Iterator[Case]:
    for name in presets():
        yield Case(name, partial(_compared, bench, name))


def _compared(bench: Bench, name: str) -> Result:
    px = 16 if bench.is_cpu else 32
    values: dict[str, Any] = (
        {"penalty_interval": 2} if preset(name).apply().penalty_interval > 1 else {}
    )  # so that both kinds come
    with deterministic():
        eager = trainer(bench, name, px, recorded=False, **values)
        advance(eager, STEPS)
        expected = state(eager)
        del eager
        training = trainer(bench, name, px, **values)
        notices = advance(training, STEPS)
        found = state(training)
    if notices or not recordings(training):
        return Result(FAILED, f"not recorded: {' '.join(notices) or 'no kind of step came three times'}")
    return verdict({f"recorded and eager, {STEPS} steps:": difference(expected, found)})
