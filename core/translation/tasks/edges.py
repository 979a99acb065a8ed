"""Makes images from their edges: the input is a drawing of the target's outlines, dark on white."""

from __future__ import annotations

import torch
from torch import Tensor

from core.config.settings import Settings
from core.translation.degradation.edges import outlines

TITLE = "From edges"
RANK = 6
PAIRED = True
SIDES = 1
STRENGTHS = ()
RESIDUAL = False
GRAY = True


def degrade(images: Tensor, settings: Settings, random: torch.Generator) -> Tensor:
    """Returns outlines of images, (N, 1, h, w)."""
    return outlines(images)
