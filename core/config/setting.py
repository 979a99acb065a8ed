"""Declaration of one setting: a pydantic field with group, title, help and unit."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

Group = Literal["Images", "Model", "Loss", "Conditions", "Augmentation", "Training", "Optimizer", "Device", "Run"]


def setting(
    default: Any,
    group: Group,
    help: str,
    *,
    title: str = "",
    unit: str = "",
    advanced: bool = False,
    live: bool = False,
    **bounds: Any,
) -> Any:
    """Returns a field with default, group, help, title, unit and bounds.

    `help`: what the setting does, its usual value and when to change it. `title`: at most three words; the field's name
    in words if empty. `advanced`: hidden in the form at first. `live`: can change while a training runs.
    """
    extra: dict[str, Any] = {"group": group, "unit": unit, "advanced": advanced, "live": live}
    return Field(default, title=title or None, description=help, json_schema_extra=extra, **bounds)
