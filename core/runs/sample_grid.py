"""Sample grids of a run, read: PNG files that anybody may have written."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from core.data.names import opened_regular
from core.errors import FOREIGN_ERRORS, UserError
from core.events import Images
from core.imaging.grid import tiles

MOST_PIXELS = 2**26
"""Of a grid: 256 images, as many as a training shows at most, of 512 x 512 px."""
MOST_TILES = 512
"""Of a grid with its empty ones, which are fewer than the others."""
MODES = ("L", "RGB", "RGBA")
_MOST_PACKED, _NOTES = 5, 2**20
"""Bytes of the file for each pixel, as noise with transparency takes, and for what it says beside them."""
_DAMAGES = (*FOREIGN_ERRORS, SyntaxError, struct.error, zlib.error)
"""What Pillow raises for files that are no PNG, or damaged."""


def read_grid(path: Path, most: int = MOST_PIXELS, tile: tuple[int, int] = (1, 1)) -> Image.Image:
    """A grid as gray, RGB or RGBA of 8 bits.

    `most`: pixels that it may have. `tile`: width and height of the images in it, of which there must be whole ones.
    Raises `UserError` for a file that is gone, damaged or something else; of its pixels none is decoded then.
    """
    try:
        with opened_regular(path, _MOST_PACKED * most + _NOTES) as file:
            # Not Image.open: it starts Ghostscript for a file that begins like one of its own.
            image = PngImagePlugin.PngImageFile(file)
            if image.width * image.height > most or image.width % tile[0] or image.height % tile[1]:
                raise ValueError(f"{image.width} x {image.height} px")
            if image.mode not in MODES:
                raise ValueError(f"pixels of the kind {image.mode}")
            image.load()
            return image
    except _DAMAGES as error:
        raise UserError(f"{path.name} cannot be read.", "Leave it out.", str(error)) from error


def read_pixels(path: Path, most: int = MOST_PIXELS, tile: tuple[int, int] = (1, 1)) -> Images:
    """A grid, HWC. Arguments and errors are those of `read_grid`."""
    image = read_grid(path, most, tile)
    return np.asarray(image).reshape(image.height, image.width, -1)


def read_tiles(path: Path, size: tuple[int, int], count: int, most: int = MOST_PIXELS) -> Images:
    """The images, NHWC, of a grid that was made of `count` images of that width and height; fewer where it is smaller.
    `most`: pixels that the grid may have. Raises `UserError` as `read_grid`."""
    width, height = size
    return tiles(read_pixels(path, min(MOST_TILES * width * height, most), size), size, count)
