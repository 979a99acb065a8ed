"""Presets: named combinations of settings, one JSON file each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from core.config.constraints import impossible
from core.config.settings import Settings, unconstrained, validate
from core.config.translation_fields import GENERATE
from core.errors import UserError
from core.language import _
from core.registry import components

FASTEST = 5
"""Highest speed of a preset."""
DEFAULTS = ("studio", "translate")
"""Default preset for images from noise, and for translations."""
ENOUGH = 50
"""Mean number of images per class from which presets use the labels."""


@dataclass(frozen=True)
class FitContext:
    """Facts that a preset adapts to: numbers of images and classes, and whether the device is faster than a CPU."""

    images: int
    accelerator: bool
    classes: int = 0

    @property
    def labeled(self) -> bool:
        """True if there are classes with enough images each."""
        return self.classes > 1 and self.images >= ENOUGH * self.classes


@dataclass(frozen=True)
class FitRule:
    """Settings that a preset changes if all conditions hold; None is no condition."""

    settings: dict[str, Any]
    images_from: int | None = None
    images_below: int | None = None
    resolution_from: int | None = None
    resolution_below: int | None = None
    accelerator: bool | None = None
    labeled: bool | None = None

    def holds(self, facts: FitContext, resolution: int) -> bool:
        """Returns whether all conditions hold."""
        return (
            (self.images_from is None or facts.images >= self.images_from)
            and (self.images_below is None or facts.images < self.images_below)
            and (self.resolution_from is None or resolution >= self.resolution_from)
            and (self.resolution_below is None or resolution < self.resolution_below)
            and (self.accelerator is None or facts.accelerator == self.accelerator)
            and (self.labeled is None or facts.labeled == self.labeled)
        )


@dataclass(frozen=True)
class Preset:
    """Named combination of settings.

    `paper`: the paper that it follows, empty if none. `year`: of the paper. `when`: when to use it. `settings`: fixed
    ones; their `task` is the one that it is usual for. `unpaired`: those that differ for a task without pairs, and
    `tasks`: for a single task. `fits`: rules that adapt it to images and device; later ones override earlier ones.
    `speed`: images/s on a CPU at 64 px, relative to other presets of its kind, from 1 to `FASTEST`; 0 if unknown.
    """

    name: str
    title: str
    paper: str
    when: str
    settings: dict[str, Any]
    fits: tuple[FitRule, ...] = ()
    year: int | None = None
    speed: int = 0
    unpaired: dict[str, Any] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def speed_text(self) -> str:
        """Speed as text: "Speed 4 of 5"; empty if unknown."""
        return _("Speed {speed} of {fastest}").format(speed=self.speed, fastest=FASTEST) if self.speed else ""

    @property
    def task(self) -> str:
        """Task that it is usual for."""
        return str(self.settings.get("task", GENERATE))

    def suits(self, task: str) -> bool:
        """Returns whether it can train for a task: images from noise, or a translation of that kind."""
        if GENERATE in (task, self.task):
            return task == self.task
        return not any(impossible(unconstrained(self.settings_for(task))))

    def settings_for(self, task: str) -> dict[str, Any]:
        """Returns the settings that differ from the defaults for a task."""
        has_pairs = components("translation.tasks")[task].facts["PAIRED"]
        changes = {} if has_pairs or task == GENERATE else self.unpaired
        return {**self.settings, **changes, **self.tasks.get(task, {}), "task": task, "preset": self.name}

    def apply(self, **values: Any) -> Settings:
        """Returns the settings of this preset with some values replaced."""
        return validate({**self.settings_for(values.get("task", self.task)), **values})

    def fitted(self, facts: FitContext, **values: Any) -> Settings:
        """Returns the settings of this preset for these images and this device, with some values replaced."""
        chosen = unconstrained({**self.settings_for(values.get("task", self.task)), **values})
        return self.apply(**{**self.fit(facts, chosen.resolution), **values})

    def fit(self, facts: FitContext, resolution: int) -> dict[str, Any]:
        """Returns the settings that this preset changes for these images, this device and `resolution` in px."""
        changes: dict[str, Any] = {}
        for fit in self.fits:
            if fit.holds(facts, resolution):
                changes |= fit.settings
        return changes


@cache
def all_presets() -> dict[str, Preset]:
    """Returns every preset by name: those for images from noise, then those for translations, each by name with the
    default of its kind first."""
    found = [_read(file) for file in sorted(Path(__file__).parent.glob("*.json"))]
    found.sort(key=lambda preset: (preset.task != GENERATE, preset.name not in DEFAULTS))
    return {preset.name: preset for preset in found}


@cache
def presets(task: str = GENERATE) -> dict[str, Preset]:
    """Returns the presets that suit a task by name, the default first."""
    return {name: preset for name, preset in all_presets().items() if preset.suits(task)}


def augmentation_for(images: int, resolution: int) -> str:
    """Returns the augmentation of the default preset for `images` images of `resolution` px."""
    default = next(iter(presets().values()))
    return str({**default.settings, **default.fit(FitContext(images, False), resolution)}["augment"])


def preset(name: str) -> Preset:
    """Returns the preset of that name. Raises `UserError` if there is none."""
    if name not in all_presets():
        raise UserError(
            _("There is no preset {name!r}.").format(name=name),
            _("Choose one of {presets}.").format(presets=", ".join(all_presets())),
        )
    return all_presets()[name]


def _read(file: Path) -> Preset:
    values = json.loads(file.read_text("utf-8"))
    values |= {"title": _(values["title"]), "when": _(values["when"])}
    return Preset(file.stem, **{**values, "fits": tuple(FitRule(**fit) for fit in values.get("fits", ()))})
