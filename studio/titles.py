"""What settings are called in the window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TITLES = {
    "holdout": "Held out",
    "d_norm": "D normalisation",
    "spectral_norm": "Spectral norm",
    "gradient_penalty": "WGAN-GP",
    "r1": "R1",
    "r2": "R2",
    "penalty_interval": "Penalty every",
    "instance_noise_kimg": "Noise fades in",
    "condition": "Class labels",
    "codes_categorical": "Categories",
    "codes_continuous": "Continuous",
    "info_weight": "Information",
    "augment_colour": "Colour",
    "augment_translation": "Translation",
    "augment_cutout": "Cutout",
    "ada_target": "ADA target",
    "ada_kimg": "ADA speed",
    "lr_g": "Learning rate G",
    "lr_d": "Learning rate D",
    "d_steps": "D steps a step",
    "warm_up_kimg": "Warm-up",
    "decay_kimg": "Decay",
    "latent_dim": "Latent size",
    "ema_kimg": "EMA half-life",
    "autosave_minutes": "Autosave every",
    "evaluation_images": "Evaluated",
    "evaluation_features": "Compared by",
}


def title_of(name: str) -> str:
    """A setting's name for people: "Learning rate D" of `lr_d`."""
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def in_words(changes: Mapping[str, Any]) -> list[str]:
    """Each change of a setting: "Learning rate D 0.0004"."""
    return [f"{title_of(name)} {_plain(value)}" for name, value in changes.items()]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
