"""Names for people of the values that a setting can be chosen from: "DiffAugment" of `diffaug`.

The command line, files and checkpoints keep the values themselves.
"""

from __future__ import annotations

from typing import Any

from core.registry import components

PACKAGES = {"network": "models", "loss": "losses", "evaluation_features": "evaluation.features"}
"""Settings whose choices are the parts in a package, with titles of their own."""

_TITLES: dict[str, dict[Any, str]] = {
    "split": {"all": "All images", "train": "Train only"},
    "fit": {"crop": "Crop the middle", "smart": "Crop to the detail", "stretch": "Stretch", "pad": "Pad"},
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
    """The name for people of a value of the setting `name`; the value as text where it has no other."""
    title = _TITLES.get(name, {}).get(value)
    if title is None and name in PACKAGES and value in components(PACKAGES[name]):
        title = components(PACKAGES[name])[value].title
    return title if title is not None else str(value)
