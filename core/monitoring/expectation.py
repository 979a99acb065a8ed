"""Estimate of the time until first shapes and until good images, before a training starts. Imports no torch.

The numbers come from docs/measurements/studio-preset.md ("What to expect on two cores", "What the preset does on a
GPU") and translation.md ("What was tried"). The relative costs of networks (`COST` in `core.models` and
`core.translation.networks`), widths, updates and penalties are processor seconds of whole steps at 64 px on one core of
the same machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from core.config.settings import Settings
from core.errors import UserError
from core.language import _, one_of, plural, sentences
from core.presets import FitContext, preset
from core.registry import components

RATES = {16: 1500.0, 32: 450.0, 64: 118.0, 128: 39.5, 256: 11.0, 512: 3.0}
"""Images/s of the preset `studio` on two cores of an AMD EPYC, by resolution; measured at 32 to 128 px."""
FIRST_SHAPES = {16: 50_000, 32: 54_000, 64: 14_000, 128: 18_000, 256: 25_000, 512: 35_000}
"""Images seen by `studio` until outlines in the right colors appear."""
GOOD = {16: 230_000, 32: 233_000, 64: 187_000, 128: 71_000, 256: 150_000, 512: 300_000}
"""Images seen by `studio` until most generated images are recognizable."""
MEASURED_RESOLUTIONS = (32, 64, 128)
FEWEST_IMAGES = 100
"""Size of the smallest dataset that was measured."""
BATCHES = {16: 32, 32: 32, 64: 16, 128: 16, 256: 16, 512: 16}
"""Batches of those trainings. The images needed grow with the root of the batch: 8 times the batch took 2.8 times the
images on a GPU."""
WIDTH_EXPONENT = 1.5
"""Growth of the cost with the width: twice the width costs 2.6 (`smooth`) to 3.2 times (`mlp`) as much."""
PENALTY_COST = 0.3
"""Relative cost that a gradient penalty on every update adds."""
D_SHARE = 0.6
"""Share of the discriminator update in a step with one of each."""
POINTS_RATE, POINTS_GOOD = 29_000.0, 1_200_000
"""Points/s of the playground, and points seen until all modes are covered (40 s; "How many modes are covered")."""
TRANSLATION_RATE, FIRST_TRANSLATIONS = 134.0, 4000
"""Images/s of the preset `translate` at 64 px, and images seen until outputs are better than inputs: on one core, 60 s
for 250 steps of 16 images."""
MEASURED_TASKS = ("colorize", "enlarge", "repair")
H200_RATES = {32: 7600.0, 64: 1500.0}
"""Images/s of `studio` on an NVIDIA H200 with seven other trainings beside it."""
MOST_CORES = 8
"""Number of cores above which a training of this size hardly gets faster."""
LONG_HOURS = 24.0
"""Duration above which there is a warning."""
SHORT_HOURS = 8.0
"""Longest duration at a resolution that is suggested instead."""


@dataclass(frozen=True)
class Expectation:
    """Estimate as a sentence, and whether it is a warning."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class Machine:
    """Device of a training. `kind`: "cpu", "cuda", "mps" or "xpu". `speed`: measured images/s relative to `table_rate`,
    None if not measured yet."""

    kind: str
    cores: int
    speed: float | None = None

    @property
    def title(self) -> str:
        return _("this CPU") if self.kind == "cpu" else _("this GPU")


def table_rate(settings: Settings) -> float:
    """Returns images/s of a training with these settings on the measured machine, two cores of an AMD EPYC."""
    if settings.points:
        return POINTS_RATE
    cost, width = components("models")[settings.network].facts.get("COST", (1.0, settings.width))
    cost *= (settings.width / width) ** WIDTH_EXPONENT
    cost *= settings.size[0] * settings.size[1] / settings.resolution**2
    cost *= D_SHARE + (1 - D_SHARE) / settings.d_steps
    cost *= 1 + PENALTY_COST * len(settings.penalties) / settings.penalty_interval
    return float(RATES[settings.resolution] / cost)


def expect(settings: Settings, images: int, machine: Machine) -> Expectation:
    """Estimates the duration of a training with these settings on a dataset of `images` images."""
    if settings.translates:
        return _of_translation(settings, machine)
    if machine.speed is None and machine.kind != "cpu":
        return _of_unmeasured_gpu(settings)
    speed = _speed(machine)
    rate = speed * table_rate(settings)
    if settings.points:
        text = _("On {device}: all modes of a ring in {time}.")
        return Expectation(text.format(device=machine.title, time=about(POINTS_GOOD / rate)))
    shapes, good = (seen / rate for seen in _images_needed(settings))
    if good > LONG_HOURS * 3600:
        text = _("Good images take {time} on {device}: {remedy}.")
        remedy = _remedy(settings, machine, speed)
        return Expectation(text.format(time=about(good), device=machine.title, remedy=remedy), True)
    text = _("On {device}: first shapes in {shapes}, good in {good}.").format(
        device=machine.title, shapes=about(shapes), good=about(good)
    )
    is_like = settings.preset == "studio" and settings.resolution in MEASURED_RESOLUTIONS and images >= FEWEST_IMAGES
    return _limited(text, shapes, settings, is_like)


def _of_translation(settings: Settings, machine: Machine) -> Expectation:
    """Estimates the duration of a translation. Without pairs, with other presets and on GPUs, none was measured."""
    if settings.preset != "translate" or settings.method != "paired" or machine.kind != "cpu":
        return Expectation(_("The duration is not known before the start. Stop when the samples are good enough."))
    cost, width = components("translation.networks")[settings.translator].facts["COST"]
    cost *= (settings.width / width) ** WIDTH_EXPONENT * settings.size[0] * settings.size[1] / 64**2
    first = FIRST_TRANSLATIONS * cost / (_speed(machine) * TRANSLATION_RATE)
    text = _("On {device}: first results in {time}.").format(device=machine.title, time=about(first))
    return _limited(text, first, settings, settings.task in MEASURED_TASKS and settings.resolution == 64)


def _speed(machine: Machine) -> float:
    """Returns the speed of a machine relative to two cores; of one that was not measured from its number of cores."""
    return machine.speed if machine.speed is not None else min(machine.cores, MOST_CORES) / 2


def _limited(text: str, first: float, settings: Settings, is_measured: bool) -> Expectation:
    """Adds a warning if the time limit comes before the first results, or that the estimate is rough."""
    if settings.minutes and 60 * settings.minutes < first:
        limit = _rounded(60 * settings.minutes)
        earlier = _("The time limit ends the training earlier, after {limit}.").format(limit=limit)
        return Expectation(sentences(text, earlier), True)
    if not is_measured:
        text = sentences(text, _("A rough estimate: not measured with these settings."))
    return Expectation(text)


def about(seconds: float) -> str:
    """Returns a rounded duration: "about 3 minutes", "about 2 days"."""
    rounded = _rounded(seconds)
    return rounded if seconds < 60 else _("about {duration}").format(duration=rounded)


def _rounded(seconds: float) -> str:
    minutes, hours, days = seconds / 60, seconds / 3600, seconds / 86_400
    if minutes < 1:
        return _("less than a minute")
    if minutes < 55:
        rounded = 5 * round(minutes / 5) if minutes > 12 else round(minutes)
        return plural("{count} minute", "{count} minutes", rounded)
    if hours < 36:
        return plural("{count} hour", "{count} hours", round(hours))
    return plural("{count} day", "{count} days", round(days))


def _images_needed(settings: Settings) -> tuple[float, float]:
    """Returns the numbers of images seen until first shapes, and until good images."""
    more = sqrt(max(settings.batch / BATCHES[settings.resolution], 1))
    return FIRST_SHAPES[settings.resolution] * more, GOOD[settings.resolution] * more


def _of_unmeasured_gpu(settings: Settings) -> Expectation:
    rate = H200_RATES.get(settings.resolution)
    if settings.preset != "studio" or rate is None:
        return Expectation(_("Not measured on GPUs. The first start measures this one."))
    good = about(_images_needed(settings)[1] / rate)
    text = _("Not measured on this GPU. An NVIDIA H200 makes good images in {time}.")
    return Expectation(text.format(time=good))


def _remedy(settings: Settings, machine: Machine, speed: float) -> str:
    """Returns changes that make the training short enough, as text."""
    changes = []
    for resolution in sorted(MEASURED_RESOLUTIONS, reverse=True):
        if resolution < settings.resolution and _hours(settings, speed, resolution=resolution) < SHORT_HOURS:
            changes.append(_("lower the resolution to {resolution} px").format(resolution=resolution))
            break
    else:
        studio = preset("studio").fitted(FitContext(10**6, machine.kind != "cpu"), resolution=settings.resolution)
        if _hours(studio, speed) < LONG_HOURS:
            changes.append(_("choose the preset Studio"))
    if machine.kind == "cpu":
        changes.append(_("use a GPU"))
    return one_of(changes or [_("choose fewer base channels")])


def _hours(settings: Settings, speed: float, **changes: int) -> float:
    try:
        changed = settings.changed(**changes)
    except UserError:  # the resolution does not fit the other settings
        return float("inf")
    return _images_needed(changed)[1] / (speed * table_rate(changed)) / 3600
