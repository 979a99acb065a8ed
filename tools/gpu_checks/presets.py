"""Presets: each one trains, reports and draws its grid, in every number format, and how long its step takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import isfinite

import torch

from core.devices.compute_format import ComputeFormat
from core.events import Points, Report, Samples
from core.presets import preset, presets
from tools.gpu_checks.bench import FAILED, OK, Bench, Case, Result
from tools.gpu_checks.trainings import FP32, advance, images_of_step, interval, precisions, trainer

SECONDS = 35
NEEDS_CUDA = False
STEPS = 5


def cases(bench: Bench) -> Iterator[Case]:
    for name in presets():
        yield Case(f"{name} fp32", partial(_trained, bench, name, FP32))
    if bench.is_cpu:
        return
    for precision in precisions():
        for name in presets():
            if precision != "fp32" and not preset(name).apply().points:
                choice = ComputeFormat(precision, "channels_last")
                yield Case(f"{name} {precision}", partial(_trained, bench, name, choice))


def _trained(bench: Bench, name: str, choice: ComputeFormat) -> Result:
    px = 16 if bench.is_cpu else 32
    training = trainer(bench, name, px, choice, steps=STEPS)
    events = list(training.events())
    numbers = next(event.stats for event in events if isinstance(event, Report))
    broken = [key for key, value in numbers.items() if not isfinite(value)]
    shown = [event for event in events if isinstance(event, Samples | Points)]
    advance(training, interval(training.settings) + 1)
    seconds = bench.timed({name: partial(advance, training)}, interval(training.settings))[name]
    figures = {"ms_per_step": 1000 * seconds, "images_per_second": images_of_step(training.settings) / seconds}
    text = (
        f"{1000 * seconds:.2f} ms a step, {figures['images_per_second']:,.0f} images/s, {len(numbers)} numbers, "
        f"{len(shown)} grids"
    )
    if bench.is_cuda:
        figures["reserved_mib"] = torch.cuda.memory_reserved(bench.device) / 2**20
        text += f", {figures['reserved_mib']:.0f} MiB"
    if broken:
        return Result(FAILED, f"no numbers: {', '.join(broken)}; {text}", figures)
    return Result(OK, text, figures)
