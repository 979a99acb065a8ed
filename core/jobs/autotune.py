"""Autotuning: a short trial that finds the fastest number format and memory layout for a training on a device.

The best choice cannot be predicted: channels_last in fp32 doubles the speed of one CPU and halves that of another, and
bf16 is twice as fast with matrix units for it and twenty times slower without.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, replace
from functools import partial
from hashlib import blake2b
from itertools import product
from math import isfinite
from pathlib import Path
from statistics import median
from time import perf_counter

import torch

from core.config.settings import Settings
from core.data.cache.entries import cache_folder, write_note
from core.data.dataset import Dataset
from core.data.names import content
from core.devices.compute_format import ComputeFormat
from core.devices.memory import batch_too_large, left_out_if_full
from core.devices.stream import synchronize
from core.errors import FOREIGN_ERRORS
from core.events import Notice, Progress, Stepped, Tuned
from core.generator_inputs import Conditions
from core.jobs.trainer import trainer_for
from core.language import _, number

TRIAL_BATCH = 32
"""Batch size of a trial step on a CPU, which is enough for a comparison."""
LEAST_SECONDS = 0.1
"""Minimum seconds of a timing; shorter steps are repeated."""
WARM_UP = 3
"""Steps on a GPU before timing: the first steps prepare kernels, and one is captured."""
ROUNDS = 4
LONG = 20.0
"""Seconds after which no further round starts."""
BF16_ROUNDS = 6
HOPELESS = 2.5
"""Ratio to the best time from which a candidate is dropped."""
LARGER, WORTH = 4, 2.0
"""Factor of the larger trial batch, and factor in images/s from which it is recommended."""

Rates = dict[ComputeFormat, float]
"""Images per second of each candidate."""


def candidates(settings: Settings, device: torch.device) -> list[ComputeFormat]:
    """Returns the candidates to try; settings other than `auto` are fixed."""
    found = _allowed(settings)
    if settings.precision == "auto":
        half = "bf16" if _bf16_pays(device) else "fp16" if device.type == "cuda" else ""
        found = [choice for choice in found if choice.precision in ("fp32", half)]
    return found


def _allowed(settings: Settings) -> list[ComputeFormat]:
    precisions = ["fp32", "bf16", "fp16"] if settings.precision == "auto" else [settings.precision]
    layouts = ["contiguous", "channels_last"] if settings.memory_format == "auto" else [settings.memory_format]
    return [ComputeFormat(precision, layout) for precision, layout in product(precisions, layouts)]


def trial(settings: Settings, dataset: Dataset, device: torch.device) -> Generator[Progress | Notice, None, Tuned]:
    """Times a few steps of temporary trainings with every candidate; returns the fastest as `Tuned`.

    Steps are complete, with penalties, augmentation and optimizers, and captured if the device does so. The first
    candidate (fp32, contiguous) is kept unless another is at least 3 % faster; candidates that do not fit into memory
    are dropped. Raises `UserError` if none fits and batches may not be split. The result is stored for this machine, so
    that the next start is faster, and noise does not make two trainings with the same seed differ.
    """
    choices = candidates(settings, device)
    if len(choices) == 1:
        return Tuned(device.type, choices[0].precision, choices[0].memory_format, {})
    channels, conditions = dataset.images.shape[1], Conditions.of(settings, len(dataset.classes))
    note = _note(settings, channels, conditions, device)
    if known := _remembered(note, settings, device):
        return known
    tried = settings.changed(steps=None, minutes=None, split_batches=False, samples=1)
    if device.type == "cpu":
        tried = tried.changed(batch=min(settings.batch, TRIAL_BATCH))
    rates: Rates = {}
    # On a GPU one candidate at a time, as memory is limited. On a CPU in turn, so that other load slows all equally.
    groups = [choices] if device.type == "cpu" else [[choice] for choice in choices]
    for done, group in enumerate(groups):
        rates |= yield from _rates(tried, dataset, device, group, done, len(groups))
    if not rates:
        if not settings.split_batches:
            raise batch_too_large(settings)
        return Tuned(device.type, choices[0].precision, choices[0].memory_format, {})
    winner = max(rates, key=lambda choice: rates[choice])
    first = next(iter(rates))
    if rates[winner] < 1.03 * rates[first]:
        winner = first
    named = {choice.title: round(rate, 1) for choice, rate in rates.items()}
    tuned = Tuned(device.type, winner.precision, winner.memory_format, named)
    _remember(note, tuned)
    larger = LARGER * tried.batch
    if device.type != "cpu" and larger <= len(dataset.images) // 2:
        more = yield from _rates(tried.changed(batch=larger), dataset, device, [winner], 0, 1)
        if more and more[winner] > WORTH * rates[winner]:
            times = more[winner] / rates[winner]
            yield Notice(
                _(
                    "A batch size of {larger} would train {times} times as many images/s on this device. Results may "
                    "differ, so the batch size stays {size} unless you change it."
                ).format(larger=number(larger), times=number(times, 1), size=number(settings.batch))
            )
    return tuned


def _rates(
    settings: Settings, dataset: Dataset, device: torch.device, choices: Sequence[ComputeFormat], done: int, total: int
) -> Generator[Progress, None, Rates]:
    """Times some candidates in turn, as part number `done` of `total` parts of the trial."""
    candidates: dict[ComputeFormat, _Candidate] = {}
    times: dict[ComputeFormat, list[float]] = {choice: [] for choice in choices}
    begun, steps = perf_counter(), (ROUNDS + 1) * len(choices)
    try:
        for turn, (round_, choice) in enumerate(product(range(ROUNDS + 1), choices)):
            yield Progress(_("Finding the fastest settings for this device"), done * steps + turn, total * steps)
            best = min((min(seconds) for seconds in times.values() if seconds), default=float("inf"))
            is_late = round_ > 1 and perf_counter() - begun > LONG
            if round_ and (is_late or choice not in candidates or min(times[choice]) > HOPELESS * best):
                continue
            with left_out_if_full(device):
                make = partial(_Candidate, choice, settings, dataset, device)
                times[choice].append(_timed(candidates, choice, make))
    finally:
        for each in candidates.values():
            each.close()
    return {choice: settings.batch * settings.d_steps / median(times[choice]) for choice in candidates}


def _timed(candidates: dict[ComputeFormat, _Candidate], choice: ComputeFormat, make: Callable[[], _Candidate]) -> float:
    """Returns the seconds of a step; removes a candidate that raises, for example out of memory."""
    candidate = candidates.pop(choice, None) or make()
    seconds = candidate.seconds()
    candidates[choice] = candidate
    return seconds


def _note(settings: Settings, channels: int, conditions: Conditions, device: torch.device) -> Path:
    """Returns the file with the result of this trial; its name hashes everything that the result depends on."""
    title = f"{device.type}-{torch.get_num_threads()}"
    if device.type in ("cuda", "xpu"):
        title = torch.get_device_module(device).get_device_name(device)
    what = (
        torch.__version__,
        title,
        settings.network,
        settings.task,
        settings.translator,
        settings.method,
        settings.factor,
        settings.patch,
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
    """Returns the stored result; None if there is none, or if the settings do not allow it."""
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
    with contextlib.suppress(OSError):  # without a cache, the trial is only repeated
        write_note(note, asdict(tuned))


class _Candidate:
    """Temporary training in one number format and memory layout."""

    def __init__(self, choice: ComputeFormat, settings: Settings, dataset: Dataset, device: torch.device) -> None:
        tuned = Tuned(device.type, choice.precision, choice.memory_format, {})
        self._device = device
        self._events = trainer_for(settings, dataset, tuned, signals=False).events()
        for _step in range(1 if device.type == "cpu" else WARM_UP):
            self._step()

    def seconds(self) -> float:
        """Returns the time of one step in seconds."""
        synchronize(self._device)
        start, steps = perf_counter(), 0
        while not steps or perf_counter() - start < LEAST_SECONDS:
            self._step()
            steps += 1
        synchronize(self._device)
        return (perf_counter() - start) / steps

    def close(self) -> None:
        """Ends the training."""
        self._events.close()

    def _step(self) -> None:
        while not isinstance(next(self._events), Stepped):
            pass


def _bf16_pays(device: torch.device) -> bool:
    """Returns whether bf16 may be faster, by timing a small convolution; an emulated step could take a minute.

    It rules out only hopeless cases, because short timings are noisy on a busy machine; the timing of whole steps
    decides.
    """
    if device.type in ("cuda", "xpu"):
        own = torch.get_device_module(device)
        with own.device(device):  # torch uses the current device
            return bool(own.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    times: dict[torch.dtype, list[float]] = {torch.float32: [], torch.bfloat16: []}
    for dtype in list(times) * BF16_ROUNDS:  # in turn, so that other load slows both equally
        x, weight = torch.zeros(8, 64, 16, 16, dtype=dtype), torch.zeros(64, 64, 4, 4, dtype=dtype)
        times[dtype].append(_convolution_seconds(x, weight))
    return min(times[torch.bfloat16]) < HOPELESS * min(times[torch.float32])


def _convolution_seconds(x: torch.Tensor, weight: torch.Tensor) -> float:
    start = perf_counter()
    torch.nn.functional.conv2d(x, weight, stride=2, padding=1)
    return perf_counter() - start
