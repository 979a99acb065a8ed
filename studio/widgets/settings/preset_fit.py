"""Preset of the settings form, fitted to the present images, resolution and device."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from core.config.settings import Settings, validate
from core.errors import UserError
from core.presets import FitContext, preset

PREPARED = ("resolution", "fit", "background", "alpha", "frame_step", "split")
"""How images are prepared before anything is trained on them. The grid is part of it too, as a part of their size."""

KEPT_BY_PRESET = (*PREPARED, "grid", "device", "seed", "mirror", "steps", "minutes")
"""Settings that belong to the data and the machine rather than to a recipe, and so survive another preset."""


class PresetFit:
    """`facts` are what presets fit themselves to; `recipe` is the chosen preset for them, without `KEPT_BY_PRESET`."""

    def __init__(self) -> None:
        self.facts = FitContext(images=1_000_000, accelerator=True)
        self.recipe: dict[str, Any] = {}

    def set_facts(self, **facts: Any) -> None:
        """Other images, or another device. The recipe stays what it was until it is fitted anew."""
        self.facts = replace(self.facts, **facts)

    def fitted(self, name: str, values: Mapping[str, Any]) -> Settings:
        """The preset `name` for these facts, with the present `values` of `KEPT_BY_PRESET`."""
        settings = preset(name).fitted(self.facts, **{key: values[key] for key in KEPT_BY_PRESET})
        return settings.changed(batch=min(settings.batch, self.facts.images))

    def read(self, values: Mapping[str, Any]) -> None:
        """Fits the recipe to `values` as they are; empty where their preset is none of ours."""
        self.recipe = {}
        with suppress(UserError):  # a preset of another version
            self.recipe = self._recipe(values)

    def follow(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Fits the recipe anew, and returns the new values of settings that nobody had changed.

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
    """The wanted values that can stand beside the others."""
    with suppress(UserError):
        validate({**values, **wanted})
        return dict(wanted)
    allowed: dict[str, Any] = {}
    for name, value in wanted.items():
        with suppress(UserError):
            validate({**values, **allowed, name: value})
            allowed[name] = value
    return allowed
