"""StyleGAN labels in `dataset.json`: {"labels": [[name, class], ...]}, or null for no labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from core.data.names import Inside, inside
from core.data.source import class_numbers

NOTE = "dataset.json"
LARGEST_NOTE = 64 * 2**20
FOREIGN = "not the labels that StyleGAN writes"
UNLABELLED = f"{NOTE} names no class for it"


@dataclass(frozen=True)
class StyleGanLabels:
    """`classes`: their names, empty where there are none; `numbers`: which of them a path, as "folder/name.png", is."""

    classes: tuple[str, ...]
    numbers: Mapping[str, int]

    def of(self, path: str) -> int | None:
        """The class of a picture, 0 where there are none; None where the note forgot this one."""
        return self.numbers.get(path) if self.classes else 0


def noted(note: bytes, folder: Inside = ()) -> StyleGanLabels:
    """What the note says of the pictures in and below its own folder. Raises for a note that is none of StyleGAN's."""
    pairs = json.loads(note)["labels"]
    if pairs is None:
        return StyleGanLabels((), {})
    names = ["/".join((*folder, *inside(name.replace("\\", "/")))) for name, _ in pairs]
    numbers, classes = class_numbers([int(number) for _, number in pairs])
    return StyleGanLabels(classes, dict(zip(names, numbers.tolist(), strict=True)))


def too_large(size: int) -> str:
    """Why a note of so many bytes is not read, if it is not."""
    return f"larger than {LARGEST_NOTE // 2**20} MB" if size > LARGEST_NOTE else ""
