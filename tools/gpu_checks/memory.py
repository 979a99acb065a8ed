"""Memory: what does not fit is split, or ends in a sentence; nothing stays allocated, and the next training starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor

from core.errors import UserError
from core.events import Notice, Samples, Stepped
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from tools.gpu_checks.bench import FAILED, OK, SKIPPED, Bench, Case, Result
from tools.gpu_checks.trainings import advance, parts, trainer

SECONDS = 25
NEEDS_CUDA = True
LIMIT = 2**30
"""Bytes that a case may take: any GPU has so many."""
LEFT = 2**23
"""Bytes of them that are left for what is not to fit."""
HELD = 2**26
"""Bytes that may stay allocated."""
BATCH, STEPS = 1024, 3


def cases(bench: Bench) -> Iterator[Case]:
    yield Case("batch", partial(_batch, bench))
    yield Case("sample grid", partial(_refused, bench, _grid))
    yield Case("sampler", partial(_refused, bench, _render))
    yield Case("next training", partial(_next_training, bench))


def _batch(bench: Bench) -> Result:
    """A batch that does not fit is worked on in parts."""
    with _limited(bench):
        training = trainer(bench, "dcgan", 64, batch=BATCH, steps=STEPS)
        events = list(training.events())
    notices = " ".join(event.text for event in events if isinstance(event, Notice))
    steps = sum(isinstance(event, Stepped) for event in events)
    if steps < STEPS:
        return Result(FAILED, f"{steps} of {STEPS} steps; {notices}")
    if parts(training) == 1:
        return Result(SKIPPED, f"a batch of {BATCH} fitted into {LIMIT / 2**30:.0f} GiB")
    return Result(OK, f"{steps} steps in {parts(training)} parts: {notices}", {"parts": parts(training)})


def _refused(bench: Bench, work: Callable[[Bench, int], str]) -> Result:
    """Work under full memory ends in a notice or a `UserError`, and frees what it took."""
    before = torch.cuda.memory_allocated(bench.device)
    with _limited(bench) as limit:
        try:
            sentence = work(bench, limit)
        except UserError as error:
            sentence = f"{error.what} {error.remedy}"
    bench.tidy()
    held = torch.cuda.memory_allocated(bench.device) - before
    figures = {"held_mib": held / 2**20}
    if not sentence:
        return Result(SKIPPED, f"it fitted into {LEFT / 2**20:.0f} MiB", figures)
    return Result(OK if held < HELD else FAILED, f"{sentence} {held / 2**20:.0f} MiB stay allocated", figures)


def _grid(bench: Bench, limit: int) -> str:
    """Returns the notice in place of a sample grid; empty where the grid was drawn."""
    training = trainer(bench, "dcgan", 128, batch=2, samples=256)
    filler = _fill(bench, limit)
    first = next(training.events())
    del filler
    return "" if isinstance(first, Samples) else str(getattr(first, "text", first))


def _render(bench: Bench, limit: int) -> str:
    """Renders more than fits."""
    training = trainer(bench, "stylegan2_ada", 128, batch=4)
    sampler = Sampler(training.meta(), training.published(), str(bench.device))
    filler = _fill(bench, limit)
    sampler.render(LatentRequest.of_seeds(range(64)))
    del filler
    return ""


def _next_training(bench: Bench) -> Result:
    training = trainer(bench, "dcgan", 64)
    notices = advance(training, 4)
    allocated = torch.cuda.memory_allocated(bench.device) / 2**20
    return Result(FAILED if notices else OK, " ".join([f"4 steps, {allocated:.0f} MiB", *notices]))


def _fill(bench: Bench, limit: int) -> Tensor:
    """A tensor that takes what the limit leaves, but for `LEFT`."""
    bench.tidy()
    size = limit - torch.cuda.memory_reserved(bench.device) - LEFT
    return torch.empty(max(size, 1), dtype=torch.uint8, device=bench.device)


@contextmanager
def _limited(bench: Bench) -> Iterator[int]:
    """Limits what torch may reserve to `LIMIT` more than it has, and yields that number of bytes."""
    bench.tidy()
    total = torch.cuda.get_device_properties(bench.device).total_memory
    limit = min(torch.cuda.memory_reserved(bench.device) + LIMIT, total)
    torch.cuda.set_per_process_memory_fraction(limit / total, bench.device)
    try:
        yield limit
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, bench.device)
