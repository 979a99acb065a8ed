"""Which images to export, with a name for each, and what the files are like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.latent import LatentRequest, Point

Format = Literal["png", "jpeg", "webp"]
Packing = Literal["folder", "zip", "sheet"]


@dataclass(frozen=True)
class Shape:
    """How images are written. `scale`: so many pixels for each one, in both directions; without `smooth` they stay
    square."""

    format: Format = "png"
    packing: Packing = "folder"
    scale: int = 1
    smooth: bool = False


@dataclass(frozen=True)
class Selection:
    """`names`: of files, without what says their format; one for each place, all different."""

    request: LatentRequest
    names: tuple[str, ...]

    @classmethod
    def of_seeds(cls, seeds: Sequence[int], like: Point | None = None) -> Selection:
        """An image for each seed, in all else like a point. A seed that comes twice is one image."""
        seeds = tuple(dict.fromkeys(seeds))
        points = (replace(like or Point(), seed=seed) for seed in seeds)
        return cls(LatentRequest.of(*points), tuple(f"seed{seed:04d}" for seed in seeds))

    @classmethod
    def of_classes(cls, classes: Sequence[str], seeds: Sequence[int], like: Point | None = None) -> Selection:
        """The same seeds for each class."""
        points, names = [], []
        for index, name in enumerate(classes):
            shares = tuple(float(index == other) for other in range(len(classes)))
            points += [replace(like or Point(), seed=seed, classes=shares) for seed in seeds]
            names += [f"{index:03d}-{_file_name(name)}-seed{seed:04d}" for seed in seeds]
        return cls(LatentRequest.of(*points), tuple(names))

    @classmethod
    def of_places(cls, request: LatentRequest, name: str) -> Selection:
        """The request's images under one name, numbered if there are several."""
        count = len(request.places)
        return cls(request, (name,) if count == 1 else tuple(f"{name}-{index:04d}" for index in range(count)))


def _file_name(text: str) -> str:
    """What every file system takes, as like the text as can be."""
    return re.sub(r'[\s\x00-\x1f<>:"/\\|?*.]+', "_", text).strip("_")[:60] or "class"
