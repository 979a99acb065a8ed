"""Removes noise: the input is the target with the noise of a camera in poor light."""

from __future__ import annotations

import torch
from torch import Tensor

from core.config.settings import Settings
from core.translation.degradation.noise import noisy

TITLE = "Denoise"
RANK = 4
PAIRED = True
SIDES = 1
STRENGTHS = ("input_noise",)
RESIDUAL = True


def degrade(images: Tensor, settings: Settings, random: torch.Generator) -> Tensor:
    """Returns noisy images, (N, C, h, w)."""
    return noisy(images, settings.input_noise / 100, random)
