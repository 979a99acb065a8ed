"""Sample grids as data URIs of bounded size: stills, and an animation of all grids."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from core.errors import UserError
from core.events import Progress
from core.export.video_encoder import spread
from core.imaging.provenance import mark
from core.language import _
from core.runs.sample_grid import read_grid

STILL_SIDE = 1024
"""Longest side of a still in pixels."""
LOSSLESS_SIDE = 256
"""Maximum side in pixels of a lossless still."""
ANIMATION_SIDE = 480
MOST_FRAMES = 60
MOST_ANIMATION_BYTES = 4_000_000
SMALLER = 0.7
"""Factor by which the side of an animation is reduced if it takes more bytes."""
FRAME_MS, LAST_MS = 150, 1500
QUALITY = 80
"""Quality of WebP in percent."""


@dataclass(frozen=True)
class EmbeddedPicture:
    """Image file as a data URI, with its size in pixels."""

    uri: str
    width: int
    height: int

    @property
    def is_coarse(self) -> bool:
        """True if it is shown enlarged, so that its pixels should stay square."""
        return self.width <= LOSSLESS_SIDE


def still(path: Path, generated: bool = True) -> EmbeddedPicture | None:
    """Returns a grid of at most `STILL_SIDE`, marked if `generated`; None for a damaged or missing file."""
    try:
        image = read_grid(path)
    except UserError:
        return None
    image.thumbnail((STILL_SIDE, STILL_SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    if max(image.size) <= LOSSLESS_SIDE:
        image.save(file, "PNG", optimize=True, **(mark("png") if generated else {}))
        return _picture("png", file, image.size)
    image.save(file, "WEBP", quality=QUALITY, method=4, **(mark("webp") if generated else {}))
    return _picture("webp", file, image.size)


def animation(paths: Sequence[Path]) -> Generator[Progress, None, EmbeddedPicture | None]:
    """Returns at most `MOST_FRAMES` grids, including the first and the last, as an animated WebP; None if fewer than
    two are readable. Images are reduced until it takes at most `MOST_ANIMATION_BYTES`. Yields `Progress`."""
    chosen = [paths[number] for number in spread(len(paths), MOST_FRAMES)]
    side: float = ANIMATION_SIDE
    while True:
        frames = yield from _frames(chosen, round(side))
        if len(frames) < 2:
            return None
        file = io.BytesIO()
        times = [FRAME_MS] * (len(frames) - 1) + [LAST_MS]
        yield Progress(_("Encoding the time-lapse"), len(chosen), len(chosen))
        options = {"duration": times, "loop": 0, "quality": QUALITY, "method": 2, **mark("webp")}
        frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], **options)
        if file.tell() <= MOST_ANIMATION_BYTES:
            return _picture("webp", file, frames[0].size)
        side = SMALLER * max(frames[0].size)


def _frames(paths: Sequence[Path], side: int) -> Generator[Progress, None, list[Image.Image]]:
    """Returns the readable grids, with the size and mode of the first."""
    frames: list[Image.Image] = []
    for done, path in enumerate(paths):
        yield Progress(_("Reading the time-lapse"), done, len(paths))
        try:
            image = read_grid(path)
        except UserError:  # skip damaged or missing grids
            continue
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        image = image.convert("RGBA" if image.mode == "RGBA" else "RGB")
        if frames and image.size != frames[0].size:
            image = ImageOps.pad(image, frames[0].size, Image.Resampling.LANCZOS)
        frames.append(image.convert(frames[0].mode) if frames else image)
    return frames


def _picture(kind: str, file: io.BytesIO, size: tuple[int, int]) -> EmbeddedPicture:
    return EmbeddedPicture(f"data:image/{kind};base64,{b64encode(file.getvalue()).decode('ascii')}", *size)
