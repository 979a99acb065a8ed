"""Devices: a second GPU trains and samples, and nothing lands on the first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch

from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from tools.gpu_checks.bench import FAILED, OK, SKIPPED, Bench, Case, Result
from tools.gpu_checks.trainings import advance, recordings, trainer

SECONDS = 5
NEEDS_CUDA = True
STEPS = 5


def cases(bench: Bench) -> Iterator[Case]:
    yield Case("second GPU", partial(_second, bench))


def _second(bench: Bench) -> Result:
    if torch.cuda.device_count() < 2:
        return Result(SKIPPED, "one GPU")
    other = torch.device("cuda", 1 if bench.device.index != 1 else 0)
    before = torch.cuda.memory_reserved(bench.device)
    training = trainer(Bench(other, bench.left()), "dcgan", 32)
    advance(training, STEPS)
    sampler = Sampler(training.meta(), training.published(), str(other))
    images = sampler.render(LatentRequest.of_seeds(range(4)))
    strayed = torch.cuda.memory_reserved(bench.device) - before
    text = f"{other}: {STEPS} steps, {recordings(training)} kinds recorded, {len(images)} images by {sampler.device}"
    if strayed or sampler.device != other:
        return Result(FAILED, f"{text}; {strayed / 2**20:.1f} MiB on {bench.device}")
    return Result(OK, text)
