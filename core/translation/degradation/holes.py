"""Damage of pictures: holes and scratches, as strokes with round ends, and text."""

from __future__ import annotations

import torch
from torch import Tensor

from core.distributed.collectives import own_rows
from core.translation.degradation.draw import uniform
from core.translation.degradation.text import text

STROKES = 6
KINDS = ((0.06, 0.18, 0.25), (0.008, 0.02, 1.0))
"""Holes and scratches: least and largest radius, and largest length, as shares of the smaller side."""
WITH_TEXT = 0.5
"""Share of the images that have text."""


def damage(images: Tensor, most: float, random: torch.Generator) -> Tensor:
    """Returns which pixels of images (N, C, h, w) are hidden, (N, 1, h, w): at most about a share of `most`."""
    count, _channels, height, width = images.shape
    side = min(height, width)
    rows = torch.arange(height, device=images.device)[:, None] / side
    columns = torch.arange(width, device=images.device) / side
    written = text(images, random) & (uniform(images, 1.0, random)[:, 0] < WITH_TEXT)
    hidden = written & (written.float().mean((1, 2), keepdim=True) <= most)
    for number in range(STROKES):
        thinnest, thickest, longest = KINDS[number % len(KINDS)]
        drawn = own_rows(lambda rows: torch.rand(5, rows, 1, 1, generator=random, device=images.device), count, dim=1)
        x, y = drawn[0] * width / side, drawn[1] * height / side
        angle, length = drawn[2] * 2 * torch.pi, drawn[3] * longest
        radius = (thinnest + drawn[4] * (thickest - thinnest)).clamp_min(0.6 / side)
        # Distance to the segment from (x, y) in the direction of the angle.
        dx, dy = columns - x, rows - y
        along = (dx * angle.cos() + dy * angle.sin()).clamp(min=torch.zeros_like(length), max=length)
        distance = (dx - along * angle.cos()) ** 2 + (dy - along * angle.sin()) ** 2
        stroke = distance <= radius**2
        fits = (hidden | stroke).float().mean((1, 2), keepdim=True) <= most
        hidden |= stroke & fits
    return hidden[:, None]
