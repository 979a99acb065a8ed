"""Topics: the glossary's term for a setting, a run's number or a finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.stats.keys import family, measured

_OF_SETTINGS = {
    "preset": "gan",
    "network": "generator",
    "holdout": "holdout",
    "latent_dim": "latent_space",
    "d_norm": "batch_norm",
    "spectral_norm": "spectral_norm",
    "loss": "non_saturating",
    "gradient_penalty": "wgan_gp",
    "r1": "r1",
    "r2": "r1",
    "weight_clip": "weight_clipping",
    "smooth_real": "label_smoothing",
    "instance_noise": "instance_noise",
    "condition": "cgan",
    "class_weight_g": "acgan",
    "class_weight_d": "acgan",
    "codes_categorical": "infogan",
    "codes_continuous": "infogan",
    "augment": "augmentation",
    "ada_target": "ada",
    "batch": "batch",
    "d_steps": "step",
    "optimizer": "adam",
    "lr_g": "learning_rate",
    "lr_d": "ttur",
    "ema_kimg": "ema",
    "task": "image_translation",
    "method": "paired_translation",
    "factor": "super_resolution",
    "patch": "patchgan",
    "l1_weight": "pixel_loss",
    "cycle_weight": "cycle_consistency",
    "identity_weight": "identity_loss",
    "contrast_weight": "patch_contrast",
    "evaluation": "fid",
    "evaluation_features": "features",
}
_OF_CHOICES: Mapping[str, Mapping[str, str]] = {
    "preset": {
        "dcgan": "dcgan",
        "wgan": "wgan",
        "wgan_gp": "wgan_gp",
        "lsgan": "least_squares",
        "cgan": "cgan",
        "infogan": "infogan",
        "sngan": "resnet",
        "stylegan2_ada": "stylegan2",
        "r3gan": "r3gan",
    },
    "network": {"dcgan": "dcgan", "smooth": "dcgan", "resnet": "resnet", "style": "stylegan2", "r3": "r3gan"},
    "loss": {
        "minimax": "minimax",
        "non_saturating": "non_saturating",
        "least_squares": "least_squares",
        "hinge": "hinge",
        "wasserstein": "wasserstein",
        "relativistic": "relativistic",
        "relativistic_average": "relativistic",
    },
    "task": {"enlarge": "super_resolution", "pairs": "paired_translation", "unpaired": "paired_translation"},
    "method": {"cycle": "cycle_consistency", "contrastive": "patch_contrast"},
    "condition": {"projection": "projection_discriminator", "auxiliary": "acgan"},
    "augment": {"diffaug": "diffaugment", "ada": "ada"},
}
"""Where a choice has a term of its own."""
_OF_METRICS = {
    "fid": "fid",
    "kid": "kid",
    "is": "inception_score",
    "precision": "precision_recall",
    "recall": "precision_recall",
    "symmetric_precision": "precision_recall",
    "symmetric_recall": "precision_recall",
    "density": "density_coverage",
    "coverage": "density_coverage",
    "swd": "swd",
    "psnr": "psnr",
    "ssim": "ssim",
}
_OF_FAMILIES = {
    "Loss/*/loss": "loss",
    "Loss/*/penalty": "wgan_gp",
    "Loss/*/labels": "acgan",
    "Loss/information": "infogan",
    "Loss/scores/*": "score",
    "Score/*": "score",
    "Signal/D/accuracy_*": "discriminator",
    "Signal/*/gradient": "vanishing_gradients",
    "Signal/D/gradient/": "vanishing_gradients",
    "Signal/G/gradient/": "vanishing_gradients",
    "Signal/*/update": "learning_rate",
    "Signal/scores/*": "score",
    "Signal/diversity": "diversity",
    "Signal/class_diversity": "diversity",
    "Signal/gap": "memorization",
    "Signal/nearest": "memorization",
    "Signal/drift": "ema",
    "Signal/psnr": "psnr",
    "Signal/ssim": "ssim",
    "Signal/change": "identity_loss",
    "Augment/p": "ada",
}
_OF_FINDINGS = {
    "balance": "equilibrium",
    "class_collapse": "mode_collapse",
    "divergence": "divergence",
    "memorisation": "memorization",
    "mode_collapse": "mode_collapse",
    "oscillation": "oscillation",
    "stalled": "learning_rate",
    "unchanged_input": "identity_loss",
    "strong_discriminator": "vanishing_gradients",
    "weak_discriminator": "discriminator",
}


def of_setting(name: str, value: Any = None) -> str | None:
    """Returns the key of the term that explains a setting, or its value where that has a term; None without one."""
    return _OF_CHOICES.get(name, {}).get(value, _OF_SETTINGS.get(name))


def of_number(key: str) -> str | None:
    """Returns the key of the term that explains a number of a run's reports; None without one."""
    metric = measured(key)
    return _OF_METRICS.get(metric[0]) if metric else _OF_FAMILIES.get(family(key))


def of_finding(kind: str) -> str | None:
    """Returns the key of the term that explains a finding about a training; None without one."""
    return _OF_FINDINGS.get(kind)
