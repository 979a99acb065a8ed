"""Differences between two trainings' settings, as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from core.config.choices import choice_title
from core.config.settings import Settings
from core.presets import preset, presets


@dataclass(frozen=True)
class SettingRow:
    """One setting with two values as text, and what it is."""

    name: str
    group: str
    one: str
    other: str
    help: str

    @property
    def differs(self) -> bool:
        return self.one != self.other


def rows(one: Settings, other: Settings) -> Iterator[SettingRow]:
    """Every setting, in the order of `Settings`."""
    for name, setting in Settings.model_fields.items():
        extra = cast(dict[str, Any], setting.json_schema_extra)
        ours, theirs = (value_text(name, getattr(settings, name)) for settings in (one, other))
        yield SettingRow(name, extra["group"], ours, theirs, setting.description or "")


def of_preset(settings: Settings) -> Settings:
    """What the preset of these settings says by itself; the defaults where it is none of ours."""
    return preset(settings.preset).apply() if settings.preset in presets() else Settings(preset=settings.preset)


def value_text(name: str, value: Any) -> str:
    """A value of the setting `name` as people know it, with its unit."""
    unit = cast(dict[str, Any], Settings.model_fields[name].json_schema_extra)["unit"]
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:g}" if isinstance(value, float) else choice_title(name, value)
    return f"{text} {counted(unit, value)}" if unit and not isinstance(value, str) else text


def counted(unit: str, value: float | None) -> str:
    """A unit in the number that fits a value: "1 step", "2 steps"."""
    return unit.removesuffix("s") if value == 1 and not unit.endswith("thousand images") else unit
