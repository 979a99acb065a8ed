"""Settings that apply to a task and a method; the others have no effect on the training."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from core.config.fields import Fields
from core.registry import components


def applies(name: str, settings: Fields) -> bool:
    """Returns whether the setting `name` has an effect on a training with these settings."""
    if name == "task":
        return True
    if name in _names("tasks", "STRENGTHS"):
        return name in components("translation.tasks")[settings.task].facts["STRENGTHS"]
    if name in _names("methods", "WEIGHTS"):
        return settings.translates and name in components("translation.methods")[settings.method].facts["WEIGHTS"]
    facts = cast(dict[str, Any], Fields.model_fields[name].json_schema_extra)
    if facts["group"] == "Translation":
        return settings.translates
    return not (settings.translates and facts["generation"])


@cache
def _names(package: str, fact: str) -> frozenset[str]:
    """Returns the names of the settings that some component of a package uses."""
    return frozenset(name for part in components(f"translation.{package}").values() for name in part.facts[fact])
