"""Autotuning: a short trial that finds the fastest number format and memory layout for a pair of networks on a device.

What is best cannot be assumed: channels_last in fp32 doubles the speed of one CPU and halves that of another, and bf16
is twice as fast where there are matrix units for it and twenty times slower where there are none.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from itertools import product
from math import isfinite
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from torch import nn

from core.config.settings import Settings
from core.data.cache.entries import cache_folder, write_note
from core.data.names import content
from core.devices.memory import batch_too_large, left_out_if_full
from core.errors import FOREIGN_ERRORS
from core.events import Progress, Tuned
from core.generator_inputs import Conditions, GeneratorInputs
from core.models.conditioning import build_pair

TRIAL_BATCH = 32
LEAST_SECONDS = 0.1
"""A timing shorter than this is of several steps: a single quick one says little."""
ROUNDS = 4
BF16_ROUNDS = 6
HOPELESS = 2.5
"""A candidate that is this many times slower than the best is not tried again."""


@dataclass(frozen=True)
class ComputeFormat:
    """Number format of convolutions and products (`fp32`, `bf16`, `fp16`) and order of image data in memory."""

    precision: str
    memory_format: str

    def autocast(self, device: torch.device) -> contextlib.AbstractContextManager[object]:
        """The context in which networks run forward."""
        if self.precision != "fp32":
            return torch.autocast(device.type, torch.bfloat16 if self.precision == "bf16" else torch.float16)
        return contextlib.nullcontext()

    @property
    def title(self) -> str:
        return f"{self.precision}, {self.memory_format}"

    @property
    def layout(self) -> torch.memory_format:
        return torch.channels_last if self.memory_format == "channels_last" else torch.contiguous_format


def candidates(settings: Settings, device: torch.device) -> list[ComputeFormat]:
    """What may be tried: the settings' own choice where it is not `auto`."""
    found = _allowed(settings)
    if settings.precision == "auto" and not _bf16_pays(device):
        found = [choice for choice in found if choice.precision == "fp32"]
    return found


def _allowed(settings: Settings) -> list[ComputeFormat]:
    precisions = ["fp32", "bf16"] if settings.precision == "auto" else [settings.precision]
    layouts = ["contiguous", "channels_last"] if settings.memory_format == "auto" else [settings.memory_format]
    return [ComputeFormat(precision, layout) for precision, layout in product(precisions, layouts)]


def trial(settings: Settings, channels: int, classes: int, device: torch.device) -> Generator[Progress, None, Tuned]:
    """Times a few training steps of throw-away networks with every candidate; returns the `Tuned` that won.

    The first candidate (fp32, contiguous) is kept unless another is at least 3 % faster; candidates that do not fit
    into memory are left out, and where none fits `UserError` is raised. The result is remembered for
    this machine: the next start is quicker, and two trainings of one seed do not differ because a trial was noisy.
    """
    choices = candidates(settings, device)
    if len(choices) == 1:
        return Tuned(device.type, choices[0].precision, choices[0].memory_format, {})
    conditions = Conditions.of(settings, classes)
    note = _note(settings, channels, conditions, device)
    if known := _remembered(note, settings, device):
        return known
    batch = min(settings.batch, TRIAL_BATCH) if device.type == "cpu" else settings.batch
    steps: dict[ComputeFormat, _TrialStep] = {}
    for choice in choices:
        with left_out_if_full(device):
            steps[choice] = _TrialStep(choice, settings, channels, conditions, device, batch)
    times: dict[ComputeFormat, list[float]] = {choice: [] for choice in choices}
    for done, (round_, choice) in enumerate(product(range(ROUNDS + 1), choices)):
        yield Progress("Finding the fastest settings for this device", done, (ROUNDS + 1) * len(choices))
        best = min((min(seconds) for seconds in times.values() if seconds), default=float("inf"))
        if choice not in steps or (round_ and min(times[choice]) > HOPELESS * best):
            continue
        step = steps.pop(choice)
        with left_out_if_full(device):
            seconds = step.seconds()
            if round_ == 0:
                seconds = min(seconds, step.seconds())  # the first call also prepares kernels
            times[choice].append(seconds)
            steps[choice] = step
        del step  # the networks of one that does not fit are gone before the next is tried
    rates = {choice: batch / median(seconds) for choice, seconds in times.items() if choice in steps}
    if not rates:
        raise batch_too_large(settings)
    winner = max(rates, key=lambda choice: rates[choice])
    first = next(iter(rates))
    if rates[winner] < 1.03 * rates[first]:
        winner = first
    named = {choice.title: round(rate, 1) for choice, rate in rates.items()}
    tuned = Tuned(device.type, winner.precision, winner.memory_format, named)
    _remember(note, tuned)
    return tuned


def to_device(network: nn.Module, device: torch.device, layout: torch.memory_format) -> nn.Module:
    """The network on a device with its convolution weights in one memory layout."""
    return network.to(device).to(memory_format=layout)


def synchronise(device: torch.device) -> None:
    """Waits until the device has done all that it was given, so that a clock can be read."""
    if device.type == "mps":
        torch.mps.synchronize()
    elif device.type != "cpu":
        torch.get_device_module(device).synchronize(device)


def _note(settings: Settings, channels: int, conditions: Conditions, device: torch.device) -> Path:
    """The file that remembers this trial: its name holds everything that the result depends on."""
    title = f"{device.type}-{torch.get_num_threads()}"
    if device.type in ("cuda", "xpu"):
        title = torch.get_device_module(device).get_device_name(device)
    what = (
        torch.__version__,
        title,
        settings.network,
        settings.size,
        settings.width,
        settings.latent_dim,
        channels,
        conditions,
        settings.batch,
        settings.precision,
        settings.memory_format,
    )
    return cache_folder().parent / "tuning" / f"{blake2b(repr(what).encode(), digest_size=12).hexdigest()}.json"


def _remembered(note: Path, settings: Settings, device: torch.device) -> Tuned | None:
    """What was found here; None where nothing was, or what is none of the choices that these settings leave."""
    choices = _allowed(settings)
    try:
        known = Tuned(**json.loads(content(note)))
        rates = {choice.title: float(known.rates[choice.title]) for choice in choices if choice.title in known.rates}
        chosen = ComputeFormat(known.precision, known.memory_format)
        is_right = chosen in choices and chosen.title in rates and all(map(isfinite, rates.values()))
    except FOREIGN_ERRORS:
        return None  # the trial is short
    return replace(known, rates=rates) if is_right and known.device == device.type else None


def _remember(note: Path, tuned: Tuned) -> None:
    with contextlib.suppress(OSError):  # without a cache the trial is repeated, nothing more
        write_note(note, asdict(tuned))


class _TrialStep:
    """One discriminator and one generator step without optimizer, whose cost does not depend on the choice."""

    def __init__(
        self,
        choice: ComputeFormat,
        settings: Settings,
        channels: int,
        conditions: Conditions,
        device: torch.device,
        batch: int,
    ) -> None:
        G, D = build_pair(settings, channels, conditions)
        self.G, self.D = to_device(G, device, choice.layout), to_device(D, device, choice.layout)
        self.choice, self.device = choice, device
        z, classes, codes = (
            torch.randn(batch, size, device=device)
            for size in (settings.latent_dim, conditions.classes, conditions.codes)
        )
        self.drawn = GeneratorInputs(z, classes, codes)
        width, height = settings.size
        self.real = torch.zeros(batch, channels, height, width, device=device)
        self.real = self.real.to(memory_format=choice.layout)

    def seconds(self) -> float:
        """Of one step."""
        start, steps = perf_counter(), 0
        while not steps or perf_counter() - start < LEAST_SECONDS:
            self._step()
            synchronise(self.device)
            steps += 1
        return (perf_counter() - start) / steps

    def _step(self) -> None:
        self.D.requires_grad_(True)
        with self.choice.autocast(self.device):
            fake = self.G(self.drawn)
            logits = [self.D(images, self.drawn.classes).logits for images in (self.real, fake.detach())]
        (logits[1].float().mean() - logits[0].float().mean()).backward()
        self.D.requires_grad_(False)
        with self.choice.autocast(self.device):
            logits = self.D(fake, self.drawn.classes).logits
        (-logits.float().mean()).backward()


def _bf16_pays(device: torch.device) -> bool:
    """Whether bf16 may be faster at all, by one small convolution: a whole step can take a minute where it is emulated.

    Only what is hopeless is ruled out here, and the timing of whole steps decides the rest: on a busy machine a single
    quick convolution says no more than that.
    """
    if device.type in ("cuda", "xpu"):
        own = torch.get_device_module(device)
        with own.device(device):  # torch asks the current device
            return bool(own.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    times: dict[torch.dtype, list[float]] = {torch.float32: [], torch.bfloat16: []}
    for dtype in list(times) * BF16_ROUNDS:  # in turn: what slows the machine down slows both
        x, weight = torch.zeros(8, 64, 16, 16, dtype=dtype), torch.zeros(64, 64, 4, 4, dtype=dtype)
        times[dtype].append(_convolution_seconds(x, weight))
    return min(times[torch.bfloat16]) < HOPELESS * min(times[torch.float32])


def _convolution_seconds(x: torch.Tensor, weight: torch.Tensor) -> float:
    start = perf_counter()
    torch.nn.functional.conv2d(x, weight, stride=2, padding=1)
    return perf_counter() - start
