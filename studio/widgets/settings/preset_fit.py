"""Preset of the settings form, fitted to the current images, resolution and device."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from core.config.settings import Settings, validate
from core.errors import UserError
from core.presets import FitContext, preset
from core.registry import ranked
from studio.model.data import SideCounts, images_of_epoch

PREPARED = ("resolution", "fit", "background", "alpha", "frame_step", "split", "side_by_side")
"""Preparation settings. The grid belongs to them too, as part of the size."""

STRENGTHS = tuple(dict.fromkeys(name for task in ranked("translation.tasks") for name in task.facts["STRENGTHS"]))
"""Settings of the inputs that some task makes from its targets."""
KEPT_BY_PRESET = (*PREPARED, "grid", "device", "seed", "mirror", "steps", "minutes", "patience", "task", *STRENGTHS)
"""Settings of the data, the task and the machine, which another preset leaves unchanged."""


class PresetFit:
    """Preset fitted to images and device. `recipe`: its values without `KEPT_BY_PRESET`."""

    def __init__(self) -> None:
        self._facts = FitContext(images=1_000_000, accelerator=True)
        self._sides: SideCounts | None = None
        self.recipe: dict[str, Any] = {}

    def set_facts(self, **facts: Any) -> None:
        """Sets facts about other images or another device. The recipe is not fitted again yet."""
        self._facts = replace(self._facts, **facts)

    def set_count(self, count: int, sides: SideCounts | None) -> None:
        """Sets the numbers of all images and of inputs and targets. The recipe is not fitted again yet."""
        self.set_facts(images=count)
        self._sides = sides

    def facts(self, task: str) -> FitContext:
        """Returns the facts for a task, which may need two sides."""
        return replace(self._facts, images=images_of_epoch(task, self._facts.images, self._sides))

    def fitted(self, name: str, values: Mapping[str, Any]) -> Settings:
        """Returns the preset `name` for these facts, with the current `values` of `KEPT_BY_PRESET`; its usual task
        replaces one that it does not suit."""
        found, kept = preset(name), {key: values[key] for key in KEPT_BY_PRESET}
        task = kept["task"] if found.suits(kept["task"]) else found.task
        facts = self.facts(task)
        settings = found.fitted(facts, **kept | {"task": task})
        return settings.changed(batch=min(settings.batch, facts.images))

    def read(self, values: Mapping[str, Any]) -> None:
        """Fits the recipe to `values`; leaves it empty for an unknown preset."""
        self.recipe = {}
        with suppress(UserError):  # a preset of another version
            self.recipe = self._recipe(values)

    def follow(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Fits the recipe again, and returns new values of unchanged settings.

        Raises `UserError` where the preset does not work with these values; the recipe stays then.
        """
        fitted = self._recipe(values)
        follows = {name: fitted[name] for name, value in self.recipe.items() if values[name] == value}
        self.recipe = fitted
        return _allowed(values, follows)

    def _recipe(self, values: Mapping[str, Any]) -> dict[str, Any]:
        fitted = self.fitted(values["preset"], values).model_dump()
        return {name: value for name, value in fitted.items() if name not in KEPT_BY_PRESET}


def _allowed(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the wanted values that are valid with the others."""
    with suppress(UserError):
        validate({**values, **wanted})
        return dict(wanted)
    allowed: dict[str, Any] = {}
    for name, value in wanted.items():
        with suppress(UserError):
            validate({**values, **allowed, name: value})
            allowed[name] = value
    return allowed
