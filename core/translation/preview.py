"""Preview of a translator: a picture before and after it, or the middle of a large one."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from core.events import Images, Progress
from core.language import _
from core.translation.apply import AppliedTranslator
from core.translation.tiles import Planes, whole

MOST_PIXELS = 2**24
"""Pixels of a result that are shown: more would take long, and as much memory as a training."""


@dataclass(frozen=True, eq=False)
class Preview:
    """A picture (H, W, C) before and after a translator, both in the size of the result.

    `width` and `height`: of the whole result, which is larger than what is shown of a large picture.
    """

    before: Images
    after: Images
    width: int
    height: int


def preview(
    translator: AppliedTranslator, name: str, picture: Planes, mask: Planes | None
) -> Generator[Progress, None, Preview]:
    """Translates a picture, as `AppliedTranslator.translate` does; yields `Progress` after each tile.

    Raises `UserError` for a picture that has nothing to repair, and if memory is full.
    """
    height, width = (side * translator.scale for side in picture.shape[1:])
    place = _shown(picture, mask, MOST_PIXELS // translator.scale**2)
    picture, mask = picture[place], mask if mask is None else mask[place]
    before = whole(translator.translate(picture, 0.0, mask))
    rows = []
    for part in translator.translate(picture, 1.0, mask):
        rows.append(part.rows)
        yield Progress(_("Translating {name}").format(name=name), part.done, part.total)
    return Preview(before, np.concatenate(rows), width, height)


def _shown(picture: Planes, mask: Planes | None, most: int) -> tuple[slice, slice, slice]:
    """Returns the place of at most `most` pixels: the middle of a picture, or of its hidden pixels."""
    sides = picture.shape[1:]
    shrunk = min((most / (sides[0] * sides[1])) ** 0.5, 1.0)
    hidden = np.argwhere(mask[0]) if mask is not None else np.empty((0, 2), np.intp)
    middle = hidden[len(hidden) // 2] if len(hidden) else np.array(sides) // 2
    lengths = [max(int(side * shrunk), 1) for side in sides]
    starts = [
        min(max(int(center) - length // 2, 0), side - length)
        for center, length, side in zip(middle, lengths, sides, strict=True)
    ]
    rows, columns = (slice(start, start + length) for start, length in zip(starts, lengths, strict=True))
    return slice(None), rows, columns
