"""Titles of the values of settings: "DiffAugment" for `diffaug`.

The command line, files and checkpoints use the values themselves.
"""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from core.registry import components

PACKAGES = {"network": "models", "loss": "losses", "evaluation_features": "evaluation.features"}
"""Settings whose choices are the components of a package, each with its own title."""

_TITLES: dict[str, dict[Any, str]] = {
    "split": {"all": "All images", "train": "Train only"},
    "fit": {"crop": "Center crop", "smart": "Smart crop", "stretch": "Stretch", "pad": "Pad"},
    "d_norm": {"auto": "Auto", "batch": "Batch", "layer": "Layer", "none": "None"},
    "condition": {
        "none": "None",
        "concat": "Concatenate",
        "embedding": "Embedding",
        "projection": "Projection",
        "auxiliary": "Auxiliary classifier",
    },
    "augment": {"none": "None", "diffaug": "DiffAugment", "ada": "ADA"},
    "optimizer": {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "sgd": "SGD"},
    "device": {"auto": "Auto", "cpu": "CPU"},
    "precision": {"auto": "Auto", "fp32": "FP32", "bf16": "BF16", "fp16": "FP16"},
    "memory_format": {"auto": "Auto", "contiguous": "Contiguous", "channels_last": "Channels last"},
    "evaluation_features": {"auto": "Auto"},
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
        return auto | {part.name: part.summary for part in components(PACKAGES[name]).values()}
    return dict.fromkeys(get_args(field.annotation), "") if get_origin(field.annotation) is Literal else {}
