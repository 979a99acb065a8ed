"""Translations: each preset's first steps on the device are those on the CPU, and so is a picture made in tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import dropout
from torch.overrides import TorchFunctionMode

from core.jobs.apply_job import LoadedTranslator
from core.presets import all_presets, presets
from core.translation.tiles import whole
from tools.gpu_checks.bench import FAILED, OK, Bench, Case, Result
from tools.gpu_checks.machine import tf32
from tools.gpu_checks.trainings import advance, deterministic, difference, state, translation, verdict

SECONDS = 30
NEEDS_CUDA = False
STEPS = 2
TILE = 152
"""Side in pixels, the least that every network takes."""
LEVELS = 1
"""Difference of two pixels from 0 to 255 that rounding explains."""
CPU = Bench(torch.device("cpu"), 1.0)


def cases(bench: Bench) -> Iterator[Case]:
    for name in [name for name in all_presets() if name not in presets()]:
        yield Case(name, partial(_trained, bench, name))
        yield Case(f"{name} in tiles", partial(_applied, bench, name))


def _trained(bench: Bench, name: str) -> Result:
    expected, found = _after_steps(CPU, name), _after_steps(bench, name)
    return verdict({f"on the CPU and on {bench.device}, {STEPS} steps:": difference(expected, found)})


def _after_steps(bench: Bench, name: str) -> dict[str, Tensor]:
    with deterministic(), tf32(False), _DrawnOnCpu():
        training = translation(bench, name)
        advance(training, STEPS)
    return state(training)


def _applied(bench: Bench, name: str) -> Result:
    checkpoint = translation(CPU, name).checkpoint()
    colors = LoadedTranslator(checkpoint, device="cpu").translator.colors
    picture = np.random.default_rng(0).integers(0, 256, (colors, TILE + 8, TILE), np.uint8)
    with deterministic(), tf32(False):
        expected, found = (
            whole(LoadedTranslator(checkpoint, device=str(each.device), tile=TILE).translator.translate(picture))
            for each in (CPU, bench)
        )
    largest = int(np.abs(expected.astype(int) - found).max())
    text = f"{picture.shape[2]} x {picture.shape[1]} px in tiles of {TILE} px: differ by at most {largest} of 255"
    return Result(OK if largest <= LEVELS else FAILED, text, {"levels": largest})


class _DrawnOnCpu(TorchFunctionMode):
    """Draws all random numbers on the CPU, so that they are the same on every device."""

    def __init__(self) -> None:
        super().__init__()
        self._random = torch.Generator().manual_seed(0)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if func in (torch.rand, torch.randn):
            device = given.pop("device", "cpu")
            return func(*args, **{**given, "generator": self._random}).to(device)
        if func is dropout and given["training"]:
            kept: Tensor = torch.rand(args[0].shape, generator=self._random) >= given["p"]
            return args[0] * kept.to(args[0].device) / (1 - given["p"])
        return func(*args, **given)
