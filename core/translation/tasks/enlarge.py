"""Enlarges images: the input is the target made smaller, with blur, noise and JPEG artifacts."""

from __future__ import annotations

import torch
from torch import Tensor

from core.config.settings import Settings
from core.translation.degradation.blur import blurred
from core.translation.degradation.jpeg import compressed
from core.translation.degradation.noise import noisy
from core.translation.degradation.resize import reduced

TITLE = "Enlarge"
RANK = 2
PAIRED = True
SIDES = 1
STRENGTHS = ("factor", "blur", "input_noise", "jpeg")
RESIDUAL = True
ENLARGES = True


def degrade(images: Tensor, settings: Settings, random: torch.Generator) -> Tensor:
    """Returns smaller images, (N, C, h / factor, w / factor). The blur is in pixels of the smaller image."""
    small = reduced(blurred(images, settings.blur * settings.factor, random), settings.factor, random)
    return compressed(noisy(small, settings.input_noise / 100, random), settings.jpeg, random)
