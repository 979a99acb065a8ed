"""Images that hold an input and its target side by side, as those of pix2pix do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PIL import Image

from core.config.preparation import SideBySide

SIDES = ("A", "B")
"""Folders in the names of inputs and targets that the source itself does not tell apart by folders."""


@dataclass(frozen=True)
class Half:
    """Half of an image: where it is, and its side, 0 for the input and 1 for the target."""

    place: Literal["left", "right"]
    side: int

    def name(self, name: str) -> str:
        """Returns the name of this half of an image: "train/A/1.jpg"."""
        folder, slash, last = name.rpartition("/")
        return f"{folder}{slash}{SIDES[self.side]}/{last}"

    def cut(self, image: Image.Image) -> Image.Image:
        """Returns this half of an upright image. Both halves have the same size."""
        width = image.width // 2
        left = 0 if self.place == "left" else image.width - width
        return image.crop((left, 0, left + width, image.height))


def halves(side_by_side: SideBySide) -> tuple[Half, Half]:
    """Returns the halves of every image, the input first. `side_by_side`: place of the input, "left" or "right"."""
    left_side = 0 if side_by_side == "left" else 1
    left, right = Half("left", left_side), Half("right", 1 - left_side)
    return (left, right) if left_side == 0 else (right, left)
