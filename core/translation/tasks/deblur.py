"""Sharpens blurred images: the input is the target out of focus."""

from __future__ import annotations

import torch
from torch import Tensor

from core.config.settings import Settings
from core.translation.degradation.blur import blurred
from core.translation.degradation.noise import noisy

TITLE = "Deblur"
RANK = 5
PAIRED = True
SIDES = 1
STRENGTHS = ("blur", "input_noise")
RESIDUAL = True


def degrade(images: Tensor, settings: Settings, random: torch.Generator) -> Tensor:
    """Returns blurred images, (N, C, h, w)."""
    return noisy(blurred(images, settings.blur, random), settings.input_noise / 100, random)
