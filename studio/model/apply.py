"""Values shown by the Apply panel: pictures, and what a translator makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import UserError
from core.events import Event, Images
from core.language import _, number

ROWS = 16
"""Rows of a picture that are blended at a time."""


@dataclass(frozen=True)
class Picture:
    """A picture or film to translate. `name`: for people, with the folder inside a dropped one."""

    name: str
    path: Path
    is_film: bool


@dataclass(frozen=True, eq=False)
class Pictures(Event):
    """Pictures found in dropped files and folders, and sentences about those that are left out."""

    pictures: tuple[Picture, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Thumbnail(Event):
    """A picture as a small image (H, W, C), or why it cannot be read."""

    picture: Picture
    image: Images | UserError


@dataclass(frozen=True, eq=False)
class Translation:
    """A picture (H, W, C) before and after a translator, both in the size of the result, as in
    `core.translation.preview.Preview`."""

    picture: Picture
    before: Images
    after: Images
    width: int
    height: int

    @property
    def bytes(self) -> int:
        """Returns the memory of both images."""
        return self.before.nbytes + self.after.nbytes

    def blended(self, strength: float) -> Images:
        """Returns the image (H, W, C) between before, at strength 0, and after, at strength 1."""
        if strength in (0.0, 1.0):
            return self.after if strength else self.before
        share = round(strength * 256)
        blended = np.empty_like(self.after)
        # 16-bit integers, which hold 255 * 256, and a few rows at a time, which the processor's cache holds: for 16
        # megapixels 0.04 s, where whole images take 0.6 s.
        for start in range(0, len(blended), ROWS):
            rows = slice(start, start + ROWS)
            mixed = self.before[rows] * np.uint16(256 - share)
            mixed += self.after[rows] * np.uint16(share)
            mixed += np.uint16(128)
            mixed >>= np.uint16(8)
            blended[rows] = mixed
        return blended

    def facts(self) -> str:
        """Returns name and size of the result, and whether it is shown whole."""
        text = _("{name} · {width} x {height} px").format(
            name=self.picture.name, width=number(self.width), height=number(self.height)
        )
        if self.picture.is_film:
            return _("{picture} · first frame of the film").format(picture=text)
        if self.after.shape[:2] != (self.height, self.width):
            return _("{picture} · the middle is shown; saving translates all of it").format(picture=text)
        return text


@dataclass(frozen=True, eq=False)
class Written:
    """Results written into a folder, and sentences about pictures that were left out."""

    folder: Path
    count: int
    problems: tuple[str, ...]
