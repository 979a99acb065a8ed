"""Speed: a training beside the plain recipe of the same networks, what recording its steps gains, and variants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import torch

from core.devices.compute_format import ComputeFormat
from tools.gpu_checks import plain
from tools.gpu_checks.bench import FAILED, Bench, Case, Result, Step, reason
from tools.gpu_checks.machine import tf32
from tools.gpu_checks.trainings import (
    FP32,
    advance,
    dataset_of,
    images_of_step,
    interval,
    recordings,
    settings_of,
    trainer,
    warm,
)

SECONDS = 130
NEEDS_CUDA = False
WORKLOADS = (
    ("dcgan", 64),
    ("sngan", 32),
    ("stylegan2_ada", 64),
    ("r3gan", 64),
    ("studio", 64),
    ("studio", 32),
    ("wgan_gp", 32),
    ("dcgan", 32),
    ("dcgan", 128),
    ("stylegan2_ada", 128),
)
VARIED = WORKLOADS[:5]
"""Workloads whose variants are timed as well."""
BF16 = ComputeFormat("bf16", "channels_last")


@contextmanager
def cudnn_benchmark() -> Iterator[None]:
    """Lets cuDNN time its algorithms for each shape, and take the fastest."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


class Variant(NamedTuple):
    """Number format and layout, a context in which a training runs, and by how much its batch is larger."""

    choice: ComputeFormat
    context: Callable[[], AbstractContextManager[object]] = nullcontext
    factor: int = 1


VARIANTS = {
    "fp32 without TF32": Variant(FP32, partial(tf32, False)),
    "TF32": Variant(FP32, partial(tf32, True)),
    "TF32, channels_last": Variant(ComputeFormat("fp32", "channels_last"), partial(tf32, True)),
    "bf16": Variant(ComputeFormat("bf16", "contiguous")),
    "bf16, channels_last": Variant(BF16),
    "bf16, channels_last, cudnn.benchmark": Variant(BF16, cudnn_benchmark),
    "bf16, channels_last, batch x 4": Variant(BF16, factor=4),
}


def cases(bench: Bench) -> Iterator[Case]:
    for name, px in WORKLOADS:
        if bench.is_cpu and px > 32:
            continue  # a step would take seconds
        yield Case(f"{name} {px} px", partial(_beside_plain, bench, name, px))
    if bench.is_cuda:
        for name, px in VARIED:
            for title, variant in VARIANTS.items():
                yield Case(f"{name} {px} px, {title}", partial(_varied, bench, name, px, variant))


def _beside_plain(bench: Bench, name: str, px: int) -> Result:
    """All sides in turn, on batches of one size."""
    fixed: dict[str, Any] = {"width": 64} if name == "dcgan" else {}  # the textbook's
    settings = settings_of(bench, name, px, **fixed)
    sides: dict[str, Step] = {"plain": partial(next, plain.steps(settings, dataset_of(bench, settings)))}
    failures = []
    for side, choice, recorded in _sides(bench):
        try:
            sides[side] = _warm_step(bench, name, px, choice, recorded, **fixed)
        except Exception as error:  # the other sides still tell something
            failures.append(f"{side}: {reason(error)}")
    for _ in range(3):
        sides["plain"]()
    seconds = bench.timed(sides, interval(settings))
    images = images_of_step(settings)
    best = max((seconds["plain"] / each for side, each in seconds.items() if side != "plain"), default=0.0)
    text = f"batch {settings.batch}; {', '.join([*_texts(seconds, images), *failures])}"
    figures = {f"{side} images_per_second": images / each for side, each in seconds.items()}
    return Result(FAILED if failures else f"{best:.2f}x", text, figures)


def _texts(seconds: Mapping[str, float], images: int) -> Iterator[str]:
    """Each side's time, how it compares with the plain recipe and, where it is recorded, with its eager step."""
    for side, each in seconds.items():
        rate = f"{side} {1000 * each:.2f} ms, {images / each:,.0f} images/s"
        ratios = [] if side == "plain" else [f"{seconds['plain'] / each:.2f}x"]
        if (eager := side.replace("recorded", "eager")) != side and eager in seconds:
            ratios.append(f"{seconds[eager] / each:.2f}x its eager step")
        yield f"{rate} ({', '.join(ratios)})" if ratios else rate


def _sides(bench: Bench) -> list[tuple[str, ComputeFormat, bool]]:
    eager = [("eager fp32", FP32, False)]
    if bench.is_cpu:
        return eager
    if not bench.is_cuda:
        return [*eager, ("eager bf16", BF16, False)]
    return [*eager, ("eager bf16", BF16, False), ("recorded fp32", FP32, True), ("recorded bf16", BF16, True)]


def _warm_step(
    bench: Bench, name: str, px: int, choice: ComputeFormat, recorded: bool = True, **values: Any
) -> partial[list[str]]:
    """A training's step, which is recorded where it is to be. Raises `RuntimeError` where it cannot be."""
    training = trainer(bench, name, px, choice, recorded=recorded, **values)
    notices = warm(training)
    if recorded and not recordings(training):
        raise RuntimeError(f"not recorded: {' '.join(notices)}")
    return partial(advance, training)


def _varied(bench: Bench, name: str, px: int, variant: Variant) -> Result:
    """Recorded steps of a training alone."""
    batch = variant.factor * settings_of(bench, name, px).batch
    settings = settings_of(bench, name, px, batch=batch)
    with variant.context():
        step = _warm_step(bench, name, px, variant.choice, batch=batch)
        seconds = bench.timed({name: step}, interval(settings))[name]
    rate = images_of_step(settings) / seconds
    figures = {"ms_per_step": 1000 * seconds, "images_per_second": rate}
    return Result(f"{rate:,.0f} images/s", f"batch {batch}, recorded, {1000 * seconds:.2f} ms a step", figures)
