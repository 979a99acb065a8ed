"""Expectation before a training begins: how long until first shapes and until good images. Imports no torch.

All numbers are of docs/measurements/studio-preset.md ("What to expect on two cores", "What the preset does on a GPU")
but for the relative costs of the networks (`COST` in `core.models`) and of their widths, updates and penalties, which
are processor seconds of whole steps at 64 px on one core of the same machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from core.config.settings import Settings
from core.errors import UserError
from core.presets import FitContext, preset
from core.registry import components

RATES = {16: 1500.0, 32: 450.0, 64: 118.0, 128: 39.5, 256: 11.0, 512: 3.0}
"""Images/s of the preset `studio` on two cores of an AMD EPYC, by resolution. 32 to 128 px were measured."""
FIRST_SHAPES = {16: 50_000, 32: 54_000, 64: 14_000, 128: 18_000, 256: 25_000, 512: 35_000}
"""Images that `studio` has seen when outlines in the right colors appear."""
GOOD = {16: 230_000, 32: 233_000, 64: 187_000, 128: 71_000, 256: 150_000, 512: 300_000}
"""Images that it has seen when most of what it draws can be named."""
MEASURED_RESOLUTIONS = (32, 64, 128)
FEWEST_IMAGES = 100
"""Images of the smallest dataset that was measured."""
BATCHES = {16: 32, 32: 32, 64: 16, 128: 16, 256: 16, 512: 16}
"""Batches of those trainings. Larger ones need more images, by the root of their ratio: batches 8 times as large took
2.8 times as many on a GPU."""
WIDTH_EXPONENT = 1.5
"""Twice the width costs 2.6 (`smooth`) to 3.2 times (`mlp`) as much."""
PENALTY_COST = 0.3
"""Share that a gradient penalty on each update adds."""
D_SHARE = 0.6
"""Share of a step that is the update of the discriminator, where there is one for each of the generator."""
POINTS_RATE, POINTS_GOOD = 29_000.0, 1_200_000
"""Points/s of the playground, and points seen when it covers all modes (40 seconds; "How many modes are covered")."""
H200_RATES = {32: 7600.0, 64: 1500.0}
"""Images/s of `studio` on an NVIDIA H200 that trained seven others beside it."""
MOST_CORES = 8
"""Cores beyond which a training of this size hardly gets faster."""
LONG_HOURS = 24.0
"""A training longer than this is warned of."""
SHORT_HOURS = 8.0
"""A resolution that needs no longer is suggested instead."""


@dataclass(frozen=True)
class Expectation:
    """A sentence for the person, and whether it warns of something."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class Machine:
    """The device of a training. `kind`: "cpu", "cuda", "mps" or "xpu". `speed`: measured images/s relative to
    `table_rate`, None before anything was measured on it."""

    kind: str
    cores: int
    speed: float | None = None

    @property
    def title(self) -> str:
        return "this CPU" if self.kind == "cpu" else "this GPU"


def table_rate(settings: Settings) -> float:
    """Images/s of a training with these settings on two cores of the machine of the table."""
    if settings.points:
        return POINTS_RATE
    cost, width = components("models")[settings.network].facts.get("COST", (1.0, settings.width))
    cost *= (settings.width / width) ** WIDTH_EXPONENT
    cost *= settings.size[0] * settings.size[1] / settings.resolution**2
    cost *= D_SHARE + (1 - D_SHARE) / settings.d_steps
    cost *= 1 + PENALTY_COST * len(settings.penalties) / settings.penalty_interval
    return float(RATES[settings.resolution] / cost)


def expect(settings: Settings, images: int, machine: Machine) -> Expectation:
    """Estimates how long a training with these settings takes on a dataset of so many images."""
    speed = machine.speed
    if speed is None and machine.kind != "cpu":
        return _of_unmeasured_gpu(settings)
    if speed is None:
        speed = min(machine.cores, MOST_CORES) / 2
    rate = speed * table_rate(settings)
    if settings.points:
        return Expectation(f"On {machine.title}: all modes of a ring in {about(POINTS_GOOD / rate)}.")
    shapes, good = (seen / rate for seen in _images_needed(settings))
    if good > LONG_HOURS * 3600:
        remedy = _remedy(settings, machine, speed)
        return Expectation(f"{_capital(about(good))} on {machine.title} until the images are good: {remedy}.", True)
    text = f"On {machine.title}: first shapes in {about(shapes)}, good in {about(good)}."
    if settings.minutes and 60 * settings.minutes < shapes:
        limit = about(60 * settings.minutes).removeprefix("about ")
        return Expectation(f"{text} The training ends before, after {limit}.", True)
    if settings.preset != "studio" or settings.resolution not in MEASURED_RESOLUTIONS or images < FEWEST_IMAGES:
        text += " A rough guess: not measured for these settings."
    return Expectation(text)


def about(seconds: float) -> str:
    """A duration as it is said: "about 3 minutes", "about 2 days"."""
    minutes, hours, days = seconds / 60, seconds / 3600, seconds / 86_400
    if minutes < 1:
        return "less than a minute"
    if minutes < 55:
        return _plural(5 * round(minutes / 5) if minutes > 12 else round(minutes), "minute")
    return _plural(round(hours), "hour") if hours < 36 else _plural(round(days), "day")


def _images_needed(settings: Settings) -> tuple[float, float]:
    """Images seen until first shapes, and until good images."""
    more = sqrt(max(settings.batch / BATCHES[settings.resolution], 1))
    return FIRST_SHAPES[settings.resolution] * more, GOOD[settings.resolution] * more


def _of_unmeasured_gpu(settings: Settings) -> Expectation:
    rate = H200_RATES.get(settings.resolution)
    if settings.preset != "studio" or rate is None:
        return Expectation("Not measured on GPUs. The first start measures this one.")
    good = about(_images_needed(settings)[1] / rate)
    return Expectation(f"Not measured on this GPU. An NVIDIA H200 makes good images in {good}.")


def _remedy(settings: Settings, machine: Machine, speed: float) -> str:
    """Words for the change that makes the training short enough, if there is one."""
    changes = []
    for resolution in sorted(MEASURED_RESOLUTIONS, reverse=True):
        if resolution < settings.resolution and _hours(settings, speed, resolution=resolution) < SHORT_HOURS:
            changes.append(f"lower the resolution to {resolution} px")
            break
    else:
        studio = preset("studio").fitted(FitContext(10**6, machine.kind != "cpu"), resolution=settings.resolution)
        if _hours(studio, speed) < LONG_HOURS:
            changes.append("choose the preset Studio")
    if machine.kind == "cpu":
        changes.append("use a GPU")
    return " or ".join(changes or ["choose fewer base channels"])


def _hours(settings: Settings, speed: float, **changes: int) -> float:
    try:
        changed = settings.changed(**changes)
    except UserError:  # such a resolution does not go with the other settings
        return float("inf")
    return _images_needed(changed)[1] / (speed * table_rate(changed)) / 3600


def _plural(count: int, unit: str) -> str:
    return f"about {count} {unit}" if count == 1 else f"about {count} {unit}s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
