"""Differences between the settings of two trainings, as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from core.config.choices import choice_title
from core.config.setting import GROUP_TITLES, unit_text
from core.config.settings import Settings
from core.language import _
from core.presets import all_presets


@dataclass(frozen=True)
class SettingRow:
    """One setting with two values as text."""

    name: str
    group: str
    one: str
    other: str
    help: str

    @property
    def differs(self) -> bool:
        return self.one != self.other


def rows(one: Settings, other: Settings) -> Iterator[SettingRow]:
    """Yields a row for every setting, in the order of `Settings`."""
    for name, setting in Settings.model_fields.items():
        extra = cast(dict[str, Any], setting.json_schema_extra)
        ours, theirs = (value_text(name, getattr(settings, name)) for settings in (one, other))
        yield SettingRow(name, GROUP_TITLES[extra["group"]], ours, theirs, setting.description or "")


def of_preset(settings: Settings) -> Settings:
    """Returns the unchanged preset of these settings for their task; the defaults if the preset is unknown, or is not
    for the task."""
    known = all_presets().get(settings.preset)
    if known is None or not known.suits(settings.task):
        return Settings(preset=settings.preset)
    return known.apply(task=settings.task)


def value_text(name: str, value: Any) -> str:
    """Returns a value of the setting `name` as text with its unit."""
    unit = cast(dict[str, Any], Settings.model_fields[name].json_schema_extra)["unit"]
    if value is None:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = f"{value:g}" if isinstance(value, float) else choice_title(name, value)
    return f"{text} {unit_text(unit, value)}" if unit and not isinstance(value, str) else text
