"""Makes images from flat colors: the input is the target as a few large areas, as one paints quickly."""

from __future__ import annotations

import torch
from torch import Tensor

from core.config.settings import Settings
from core.translation.degradation.colors import flattened

TITLE = "From flat colors"
RANK = 7
PAIRED = True
SIDES = 1
STRENGTHS = ("colors",)
RESIDUAL = True


def degrade(images: Tensor, settings: Settings, random: torch.Generator) -> Tensor:
    """Returns images of flat areas, (N, C, h, w)."""
    return flattened(images, settings.colors)
