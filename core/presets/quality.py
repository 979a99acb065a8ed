"""Levels of quality and speed: narrower or wider networks for a preset, with a suitable batch.

A wider network is sharper and slower. Twice the width comes with twice the batch: with a batch that is small for the
width, trainings collapsed (docs/measurements/studio-preset.md, "What the preset does on a GPU").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.language import _, in_context

LEVELS = (_("Fastest"), _("Faster"), in_context("quality", "Balanced"), _("Better"), in_context("quality", "Best"))
"""Titles, the narrowest network first."""
BALANCED = 2
"""Level of the unchanged preset."""
_WIDTHS, _BATCHES = (0.5, 0.75, 1.0, 1.5, 2.0), (1, 1, 1, 1, 2)
_NARROWEST, _WIDEST = 8, 512
_MULTIPLE = 4
"""Widths are multiples of it, which all networks can split into groups."""


def settings_of(level: int, recipe: Mapping[str, Any], images: int) -> dict[str, Any]:
    """Returns width and batch of a level, for a preset's settings `recipe` and a dataset of `images` images."""
    if level == BALANCED:
        return {"width": recipe["width"], "batch": recipe["batch"]}
    width = _MULTIPLE * round(recipe["width"] * _WIDTHS[level] / _MULTIPLE)
    batch = min(recipe["batch"] * _BATCHES[level], max(images, recipe["batch"]))
    return {"width": min(max(width, _NARROWEST), _WIDEST), "batch": batch}


def level_of(values: Mapping[str, Any], recipe: Mapping[str, Any], images: int) -> int | None:
    """Returns the level whose settings are `values`, the nearest to `BALANCED` of several; None for other settings."""
    for level in sorted(range(len(LEVELS)), key=lambda level: abs(level - BALANCED)):
        wanted = settings_of(level, recipe, images)
        if all(values[name] == value for name, value in wanted.items()):
            return level
    return None
