"""Preparation of a dataset: image size, fit of other aspect ratios, transparency, video frames, split and halves."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from core.errors import UserError
from core.language import _

Size = tuple[int, int]
"""Width and height in pixels."""
Fit = Literal["crop", "smart", "stretch", "pad"]
Split = Literal["all", "train"]
"""Part of a dataset with folders such as train/ and test/: all images, or those of the train folder."""

SideBySide = Literal["no", "left", "right"]
"""Place of the input in files that hold input and target side by side; "no" for files that hold one image."""

SMALLEST, LARGEST = 8, 1024
"""Limits of a prepared picture's sides in pixels."""
WHITE = "#ffffff"


@dataclass(frozen=True)
class Preparation:
    """Preparation of every picture of a dataset.

    `size`: width and height in pixels, each in [8, 1024]; None for squares that suit the source. `fit`: "crop" crops
    the center, "smart" crops to the part with the most detail, "stretch" ignores the aspect ratio, "pad" adds bars.
    `background`: color of the bars and under transparency, as #rrggbb. `alpha`: keeps transparency. `frame_step`: uses
    every n-th frame of a video. `split`: part of a dataset with train and test folders. `side_by_side`: place of the
    input in files that are cut into two images. Raises `UserError` for a value out of range.
    """

    size: Size | None = None
    fit: Fit = "crop"
    alpha: bool = False
    background: str = WHITE
    frame_step: int = 10
    split: Split = "all"
    side_by_side: SideBySide = "no"

    def __post_init__(self) -> None:
        if self.size is not None and not all(SMALLEST <= side <= LARGEST for side in self.size):
            raise UserError(
                _("Images cannot have {width} x {height} px.").format(width=self.size[0], height=self.size[1]),
                _("Choose a width and a height from {smallest} to {largest} px.").format(
                    smallest=SMALLEST, largest=LARGEST
                ),
            )
        if self.frame_step < 1:
            raise UserError(
                _("The frame step cannot be {step}.").format(step=self.frame_step),
                _("Choose 1 for every frame, or more."),
            )
        if not re.fullmatch(r"#[0-9a-f]{6}", self.background):
            raise UserError(
                _("{text!r} is not a color.").format(text=self.background),
                _("Write it as #rrggbb, such as #ffffff for white."),
            )

    @property
    def color(self) -> tuple[int, int, int]:
        """`background` as red, green and blue, each in [0, 255]."""
        red, green, blue = bytes.fromhex(self.background[1:])
        return red, green, blue

    def at(self, size: Size) -> Preparation:
        """Returns the same preparation at another size."""
        return replace(self, size=size)

    @property
    def sized(self) -> Size:
        """Size of a preparation that has one."""
        assert self.size is not None
        return self.size

    @property
    def key(self) -> str:
        """Key of the cache: equal for preparations that give equal pixels."""
        width, height = self.sized
        part = "" if self.split == "all" else f" {self.split}"
        part += "" if self.side_by_side == "no" else f" input {self.side_by_side}"
        bars = self.background if self.fit == "pad" or not self.alpha else WHITE
        return f"{width} x {height} {self.fit} {'alpha' if self.alpha else 'opaque'} {bars} {self.frame_step}{part}"
