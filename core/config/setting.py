"""Declaration of one setting: a pydantic field with the group, title, help and unit that people see."""

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
    """Returns a field with its default, the group it stands in, a one-line help, its title, unit and bounds.

    `title`: its name for people, where that is not its own in words. `live`: whether it can be changed while a training
    runs.
    """
    extra: dict[str, Any] = {"group": group, "unit": unit, "advanced": advanced, "live": live}
    return Field(default, title=title or None, description=help, json_schema_extra=extra, **bounds)
