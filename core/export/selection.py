"""Selection of images to export, their names, and the options of their files."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from core.latent.request import LatentRequest, Point

ImageFormat = Literal["png", "jpeg", "webp"]
Packing = Literal["folder", "zip", "sheet"]


@dataclass(frozen=True)
class FileOptions:
    """Options of image files. `scale`: integer upscaling factor; `smooth`: interpolate, otherwise pixels stay square.
    `recipe`: whether a PNG stores the checkpoint and latents it was made from."""

    format: ImageFormat = "png"
    packing: Packing = "folder"
    scale: int = 1
    smooth: bool = False
    recipe: bool = True


class Selection(ABC):
    """Images with names, rendered on demand; a million of them need only the memory of their seeds.

    Names are unique file names without extension.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def part(self, start: int, stop: int) -> LatentRequest:
        """Returns the request for the images from `start` to `stop`, exclusive."""

    @abstractmethod
    def name(self, index: int) -> str: ...


@dataclass(frozen=True)
class SeedSelection(Selection):
    """One image for each seed, or for each seed and class, otherwise like a point."""

    seeds: tuple[int, ...]
    like: Point = field(default_factory=Point)
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, seeds: Sequence[int], like: Point | None = None, classes: Sequence[str] = ()) -> SeedSelection:
        """Returns the selection of seeds without repetitions."""
        return cls(tuple(dict.fromkeys(seeds)), like or Point(), tuple(classes))

    def __len__(self) -> int:
        return len(self.seeds) * max(len(self.classes), 1)

    def part(self, start: int, stop: int) -> LatentRequest:
        return LatentRequest.of(*(self._point(index) for index in range(start, min(stop, len(self)))))

    def name(self, index: int) -> str:
        label, row = divmod(index, len(self.seeds))
        seed = f"seed{self.seeds[row]:04d}"
        return f"{label:03d}-{_file_name(self.classes[label])}-{seed}" if self.classes else seed

    def _point(self, index: int) -> Point:
        label, row = divmod(index, len(self.seeds))
        point = replace(self.like, seed=self.seeds[row])
        if not self.classes:
            return point
        return replace(point, classes=tuple(float(label == other) for other in range(len(self.classes))))


@dataclass(frozen=True)
class RequestSelection(Selection):
    """Images of a request under one name, numbered if there are several."""

    request: LatentRequest
    title: str

    def __len__(self) -> int:
        return len(self.request.positions)

    def part(self, start: int, stop: int) -> LatentRequest:
        return self.request.part(start, stop)

    def name(self, index: int) -> str:
        return self.title if len(self) == 1 else f"{self.title}{index:05d}"


def _file_name(text: str) -> str:
    """Returns a file name that is valid on all file systems and similar to the text."""
    return re.sub(r'[\s\x00-\x1f<>:"/\\|?*.]+', "_", text).strip("_")[:60] or "class"
