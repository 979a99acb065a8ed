"""Titles of the values of settings: "DiffAugment" for `diffaug`.

The command line, files and checkpoints use the values themselves.
"""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from core.language import _, in_context
from core.registry import components

PACKAGES = {
    "network": "models",
    "loss": "losses",
    "task": "translation.tasks",
    "translator": "translation.networks",
    "method": "translation.methods",
    "evaluation_features": "evaluation.features",
}
"""Settings whose choices are the components of a package, each with its own title."""

_TITLES: dict[str, dict[Any, str]] = {
    "split": {"all": _("All images"), "train": _("Train only")},
    "side_by_side": {"no": _("No"), "left": _("Input left"), "right": _("Input right")},
    "fit": {"crop": _("Center crop"), "smart": _("Smart crop"), "stretch": _("Stretch"), "pad": _("Pad")},
    "d_norm": {
        "auto": _("Auto"),
        "batch": in_context("normalization", "Batch"),
        "layer": in_context("normalization", "Layer"),
        "none": _("None"),
    },
    "condition": {
        "none": _("None"),
        "concat": _("Concatenate"),
        "embedding": _("Embedding"),
        "projection": _("Projection"),
        "auxiliary": _("Auxiliary classifier"),
    },
    "augment": {"none": _("None"), "diffaug": _("DiffAugment"), "ada": _("ADA")},
    "patch_norm": {
        "batch": in_context("normalization", "Batch"),
        "instance": _("Instance"),
        "spectral": _("Spectral"),
        "none": _("None"),
    },
    "optimizer": {"adam": _("Adam"), "adamw": _("AdamW"), "rmsprop": _("RMSprop"), "sgd": _("SGD")},
    "device": {"auto": _("Auto"), "cpu": _("CPU")},
    "precision": {"auto": _("Auto"), "fp32": _("FP32"), "bf16": _("BF16"), "fp16": _("FP16")},
    "memory_format": {"auto": _("Auto"), "contiguous": _("Contiguous"), "channels_last": _("Channels last")},
    "evaluation_features": {"auto": _("Auto")},
}


def choice_title(name: str, value: Any) -> str:
    """Returns the title of a value of the setting `name`; the value as text if it has no title."""
    title = _TITLES.get(name, {}).get(value)
    if title is None and name in PACKAGES and value in components(PACKAGES[name]):
        title = components(PACKAGES[name])[value].title
    return title if title is not None else str(value)


def choices_of(name: str, field: FieldInfo) -> dict[Any, str]:
    """Returns the choices of the setting `name`, each with a one-line summary (empty if its title says enough).

    Empty for a number or free text, and for `preset`, whose choices are in `core.presets`.
    """
    if name in PACKAGES:
        auto = {"auto": ""} if field.default == "auto" else {}
        parts = sorted(components(PACKAGES[name]).values(), key=lambda part: int(part.facts.get("RANK", 0)))
        return auto | {part.name: part.summary for part in parts}
    return dict.fromkeys(get_args(field.annotation), "") if get_origin(field.annotation) is Literal else {}
