"""Colors gray images: the input is the brightness of the target."""

from __future__ import annotations

import torch
from torch import Tensor

from core.config.settings import Settings
from core.translation.degradation.colors import brightness

TITLE = "Colorize"
RANK = 1
PAIRED = True
SIDES = 1
STRENGTHS = ()
RESIDUAL = True
GRAY = True


def degrade(images: Tensor, settings: Settings, random: torch.Generator) -> Tensor:
    """Returns the brightness of images, (N, 1, h, w)."""
    return brightness(images)
