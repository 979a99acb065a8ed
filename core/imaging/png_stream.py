"""PNG files written row by row, for pictures that are never whole in memory.

Portable Network Graphics, third edition: https://www.w3.org/TR/png-3/.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import IO

import numpy as np
from numpy.typing import NDArray

from core.events import Images
from core.imaging import provenance

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOR_TYPES = {1: 0, 3: 2, 4: 6}
"""Color types of PNG by number of channels."""
SUB, UP = 1, 2
"""Filters: difference from the pixel to the left, and from the one above."""


class PngStream:
    """8-bit PNG of a generated image, with the mark of `core.imaging.provenance`, to which rows are added."""

    def __init__(self, file: IO[bytes], width: int, height: int, channels: int, texts: Mapping[str, str]) -> None:
        """Writes everything before the pixels. `channels`: 1 (gray), 3 or 4 (RGBA). `texts`: by keyword. Raises
        `OSError`."""
        self._file, self._channels = file, channels
        self._above = np.zeros(width * channels, np.uint8)
        self._packer = zlib.compressobj(1, strategy=zlib.Z_FILTERED)
        file.write(SIGNATURE)
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, COLOR_TYPES[channels], 0, 0, 0))
        for keyword, text in {provenance.PNG_KEY: provenance.packet().decode(), **texts}.items():
            self._chunk(b"iTXt", keyword.encode("latin-1") + bytes(5) + text.encode())

    def write(self, rows: Images) -> None:
        """Adds rows (n, width, channels). Raises `OSError`."""
        if len(rows):
            self._chunk(b"IDAT", self._packer.compress(self._filtered(rows.reshape(len(rows), -1)).tobytes()))

    def close(self) -> None:
        """Ends the file after its last row. Raises `OSError`."""
        self._chunk(b"IDAT", self._packer.flush())
        self._chunk(b"IEND", b"")

    def _filtered(self, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Returns rows, each after the number of its filter: the one with the smaller sum of differences."""
        left = rows.copy()
        left[:, self._channels :] -= rows[:, : -self._channels]
        up = rows.copy()
        up[0] -= self._above
        up[1:] -= rows[:-1]
        self._above = rows[-1].copy()
        is_left = np.abs(left.view(np.int8)).sum(1, dtype=np.int64) < np.abs(up.view(np.int8)).sum(1, dtype=np.int64)
        numbers = np.where(is_left, SUB, UP).astype(np.uint8)
        return np.concatenate([numbers[:, None], np.where(is_left[:, None], left, up)], 1)

    def _chunk(self, kind: bytes, data: bytes) -> None:
        self._file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
