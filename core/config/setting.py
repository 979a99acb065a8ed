"""Declaration of one setting: a pydantic field with group, title, help and unit. Groups and units are keys, with texts
to show them by."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from core.language import _, in_context, number, plural

Group = Literal[
    "Images", "Translation", "Model", "Loss", "Conditions", "Augmentation", "Training", "Optimizer", "Device", "Run"
]
GROUP_TITLES: dict[Group, str] = {
    "Images": _("Images"),
    "Translation": in_context("group", "Translation"),
    "Model": _("Model"),
    "Loss": _("Loss"),
    "Conditions": _("Conditions"),
    "Augmentation": _("Augmentation"),
    "Training": in_context("group", "Training"),
    "Optimizer": _("Optimizer"),
    "Device": _("Device"),
    "Run": in_context("group", "Run"),
}
Unit = Literal["", "%", "px", "min", "frames", "images", "kimg", "numbers", "per_step", "steps"]


def setting(
    default: Any,
    group: Group,
    help: str,
    *,
    title: str,
    unit: Unit = "",
    advanced: bool = False,
    live: bool = False,
    generation: bool = False,
    **bounds: Any,
) -> Any:
    """Returns a field with default, group, help, title, unit and bounds.

    `help`: what the setting does, its usual value and when to change it. `title`: at most three words. `advanced`:
    hidden in the form at first. `live`: can change while a training runs. `generation`: applies to images from noise
    only, not to translations.
    """
    extra: dict[str, Any] = {"group": group, "unit": unit, "advanced": advanced, "live": live, "generation": generation}
    return Field(default, title=title, description=help, json_schema_extra=extra, **bounds)


def unit_text(unit: Unit, value: float | None) -> str:
    """Returns the unit that fits a value: "step" for 1, "steps" for 2."""
    count = int(value) if value is not None else 0
    match unit:
        case "frames":
            text = plural("{count} frame", "{count} frames", count)
        case "images":
            text = plural("{count} image", "{count} images", count)
        case "numbers":
            text = plural("{count} number", "{count} numbers", count)
        case "steps":
            text = plural("{count} step", "{count} steps", count)
        case "min":
            return _("min")
        case "per_step":
            return _("per step")
        case "kimg":
            return _("thousand images")
        case _:
            return unit
    return text.removeprefix(number(count)).strip()
