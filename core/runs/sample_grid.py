"""Sample grids of a run: their columns, and a reader of PNG files from possibly foreign sources. Imports no torch."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from core.config.settings import Settings
from core.data.names import opened_regular
from core.errors import FOREIGN_ERRORS, UserError
from core.events import Images
from core.generator_inputs import Conditions
from core.imaging.grid import tiles
from core.language import _
from core.translation.sample_columns import GENERATED, sample_columns, sample_rows

MOST_PIXELS = 2**26
"""Maximum pixels of a grid: 256 images, the maximum of a training, of 512 x 512 px."""
MOST_TILES = 512
"""Maximum tiles of a grid, including empty ones."""
MODES = ("L", "RGB", "RGBA")
_MOST_PACKED, _NOTES = 5, 2**20
"""Maximum bytes of the file per pixel (noise with transparency), and for metadata."""
_DAMAGES = (*FOREIGN_ERRORS, SyntaxError, struct.error, zlib.error)
"""Exceptions of Pillow for files that are damaged or not PNG."""


@dataclass(frozen=True)
class GridColumns:
    """Columns of a sample grid. `count`: its images at most. `titles` and `generated`: see `core.events.Samples`."""

    count: int
    titles: tuple[str, ...]
    generated: tuple[int, ...] = ()

    @classmethod
    def of(cls, settings: Settings, classes: Sequence[str]) -> GridColumns:
        """Returns the columns of a training's grids."""
        if settings.translates:
            titles = sample_columns(settings.has_pairs)
            return cls(sample_rows(settings.samples) * len(titles), titles, GENERATED)
        conditions = Conditions.of(settings, len(classes))
        return cls(conditions.grid_count(settings.samples), conditions.column_names(classes))


def read_grid(path: Path, most: int = MOST_PIXELS, tile: tuple[int, int] = (1, 1)) -> Image.Image:
    """Reads a grid as gray, RGB or RGBA with 8 bits.

    `most`: maximum pixels. `tile`: width and height of its images; the grid must be a multiple of it. Raises
    `UserError` for a file that is missing, damaged or not a grid, before pixels are decoded.
    """
    try:
        with opened_regular(path, _MOST_PACKED * most + _NOTES) as file:
            # Not Image.open, which starts Ghostscript for files in its format.
            image = PngImagePlugin.PngImageFile(file)
            if image.width * image.height > most or image.width % tile[0] or image.height % tile[1]:
                raise ValueError(f"{image.width} x {image.height} px")
            if image.mode not in MODES:
                raise ValueError(f"pixels of mode {image.mode}")
            image.load()
            return image
    except _DAMAGES as error:
        raise UserError(
            _("{file} cannot be read.").format(file=path.name), _("Delete the file or restore it."), str(error)
        ) from error


def read_pixels(path: Path, most: int = MOST_PIXELS, tile: tuple[int, int] = (1, 1)) -> Images:
    """Reads a grid as an array HWC. Arguments and exceptions: see `read_grid`."""
    image = read_grid(path, most, tile)
    return np.asarray(image).reshape(image.height, image.width, -1)


def read_tiles(path: Path, size: tuple[int, int], count: int, most: int = MOST_PIXELS) -> Images:
    """Reads the images NHWC of a grid of `count` images of that width and height; fewer if the grid is smaller.

    `most`: maximum pixels of the grid. Raises `UserError` as `read_grid` does.
    """
    width, height = size
    return tiles(read_pixels(path, min(MOST_TILES * width * height, most), size), size, count)
