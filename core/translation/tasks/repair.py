"""Repairs images: holes, scratches and text hide parts of the input."""

from __future__ import annotations

import torch
from torch import Tensor

from core.config.settings import Settings
from core.translation.degradation.holes import damage

TITLE = "Repair"
RANK = 3
PAIRED = True
SIDES = 1
STRENGTHS = ("holes",)
RESIDUAL = True
MASKED = True


def degrade(images: Tensor, settings: Settings, random: torch.Generator) -> Tensor:
    """Returns images with gray holes, and the mask of the holes as the last channel, (N, C + 1, h, w)."""
    hidden = damage(images, settings.holes / 100, random)
    return torch.cat([torch.where(hidden, 0.0, images), hidden.float() * 2 - 1], 1)
