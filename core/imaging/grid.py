"""Image grids: batches as one image and back, and PNG files of them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from core.durable_write import replaced
from core.events import Images
from core.imaging import provenance


def grid(images: Images, columns: int = 0) -> Images:
    """Arranges a batch NHWC as one image HWC, row by row; near-square without `columns`.

    Missing tiles are black, or transparent with alpha.
    """
    count, height, width, channels = images.shape
    columns = columns or max(int(count**0.5 + 0.999), 1)
    rows = -(-count // columns)
    tiles = np.zeros((rows * columns, height, width, channels), np.uint8)
    tiles[:count] = images
    tiles = tiles.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return tiles.reshape(rows * height, columns * width, channels)


def tiles(image: Images, size: tuple[int, int], count: int) -> Images:
    """Splits a `grid` of `count` images of that width and height into images NHWC."""
    (width, height), channels = size, image.shape[2]
    rows, columns = image.shape[0] // height, image.shape[1] // width
    cut = image.reshape(rows, height, columns, width, channels).swapaxes(1, 2)
    return cut.reshape(rows * columns, height, width, channels)[:count]


def preview(images: Images, row: int = 1) -> Images:
    """Returns the thumbnail of a checkpoint, HWC: a square grid of about 256 px of the first images. `row`: images that
    belong together and stay in one line."""
    height, width, channels = images.shape[1:]
    side = min(max(256 // height, 1), int(len(images) ** 0.5))
    columns = min(max(side // row, 1) * row, len(images))
    lines = min(side, len(images) // columns)
    rows = images[: lines * columns].reshape(lines, columns, height, width, channels)
    return rows.swapaxes(1, 2).reshape(lines * height, columns * width, channels)


def write_png(path: Path, image: Images, generated: bool) -> None:
    """Writes one image as PNG. Raises `UserError` if it cannot be written."""
    with replaced(path) as partial:
        partial.write_bytes(png(image, generated))


def png(image: Images, generated: bool) -> bytes:
    """Encodes one image, HWC, as PNG, with the mark of `core.imaging.provenance` if it was `generated`."""
    file = BytesIO()
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    picture.save(file, "PNG", compress_level=1, **(provenance.mark("png") if generated else {}))
    return file.getvalue()
