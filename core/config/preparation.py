"""Preparation settings of a dataset: the image size, and how other aspect ratios are fitted to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from core.errors import UserError

Size = tuple[int, int]
"""Width and height in pixels."""
Fit = Literal["crop", "smart", "stretch", "pad"]
Split = Literal["all", "train"]
"""Images of a dataset that is divided by folders such as train/ and test/: all of them, or those to train on."""

SMALLEST, LARGEST = 8, 1024
"""Of a prepared picture's sides."""
WHITE = "#ffffff"


@dataclass(frozen=True)
class Preparation:
    """What is done to every picture.

    `size` is what it gets, each side in [8, 1024]; None takes squares that suit the source. `fit`: "crop" keeps the
    middle, "smart" the part with the most detail, "stretch" all of it out of proportion, "pad" all of it in proportion
    between bars. `background`, as #rrggbb, is the color of those bars and of what lies under transparency, unless
    `alpha` keeps that. Of a video every `frame_step`-th frame is taken. `split` says
    which images of a divided dataset are taken. Raises `UserError` for what cannot be.
    """

    size: Size | None = None
    fit: Fit = "crop"
    alpha: bool = False
    background: str = WHITE
    frame_step: int = 10
    split: Split = "all"

    def __post_init__(self) -> None:
        if self.size is not None and not all(SMALLEST <= side <= LARGEST for side in self.size):
            raise UserError(
                "Images cannot be prepared at {} x {} px.".format(*self.size),
                f"Choose a width and a height from {SMALLEST} to {LARGEST} px.",
            )
        if self.frame_step < 1:
            raise UserError(f"Every {self.frame_step}th frame cannot be taken.", "Choose 1 for every frame, or more.")
        if not re.fullmatch(r"#[0-9a-f]{6}", self.background):
            raise UserError(f"{self.background!r} is not a color.", "Write it as #rrggbb, such as #ffffff for white.")

    @property
    def colour(self) -> tuple[int, int, int]:
        """`background` as red, green and blue, each in [0, 255]."""
        red, green, blue = bytes.fromhex(self.background[1:])
        return red, green, blue

    def at(self, size: Size) -> Preparation:
        """The same for another size."""
        return replace(self, size=size)

    @property
    def sized(self) -> Size:
        """The size, where it is known."""
        assert self.size is not None
        return self.size

    @property
    def key(self) -> str:
        """Equal for preparations that give equal pixels."""
        width, height = self.sized
        part = "" if self.split == "all" else f" {self.split}"
        bars = self.background if self.fit == "pad" or not self.alpha else WHITE
        return f"{width} x {height} {self.fit} {'alpha' if self.alpha else 'opaque'} {bars} {self.frame_step}{part}"
