"""Trial: what the search for the fastest settings at a first start costs, holds in memory, and chooses."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from unittest.mock import patch

import torch

from core.concurrency import run_to_end
from core.jobs.autotune import trial
from tools.gpu_checks.bench import Bench, Case, Result
from tools.gpu_checks.trainings import dataset_of, settings_of

SECONDS = 25
NEEDS_CUDA = False


def cases(bench: Bench) -> Iterator[Case]:
    for name, px in (("dcgan", 32), ("studio", 16)) if bench.is_cpu else (("dcgan", 64), ("stylegan2_ada", 128)):
        yield Case(f"{name} {px} px", partial(_tried, bench, name, px))


def _tried(bench: Bench, name: str, px: int) -> Result:
    settings = settings_of(bench, name, px, precision="auto", memory_format="auto")
    before = torch.cuda.memory_allocated(bench.device) if bench.is_cuda else 0
    if bench.is_cuda:
        torch.cuda.reset_peak_memory_stats(bench.device)
    start = perf_counter()
    with _nothing_remembered():
        tuned = run_to_end(trial(settings, dataset_of(bench, settings), bench.device))
    figures = {"seconds": perf_counter() - start, **tuned.rates}
    rates = ", ".join(f"{choice} {rate:,.0f}" for choice, rate in tuned.rates.items())
    text = f"chose {tuned.precision}, {tuned.memory_format}; images/s: {rates}"
    if bench.is_cuda:
        figures["peak_mib"] = (torch.cuda.max_memory_allocated(bench.device) - before) / 2**20
        text += f"; peak {figures['peak_mib']:.0f} MiB"
    return Result(f"{figures['seconds']:.1f} s", text, figures)


@contextmanager
def _nothing_remembered() -> Iterator[None]:
    """A cache of its own: results of earlier trials lie in the usual one."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"GAN_STUDIO_CACHE": folder}):
        yield
