"""Writer that streams images into a .npy file, with bounded memory and only as many channels as the images need."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from core.config.preparation import Size


class PixelWriter:
    """Appends images to `path`, a uint8 array of shape (N, C, H, W).

    It writes instead of filling a memory map, because the number of readable files is unknown, and a full disk raises
    `OSError` here but would crash the process in a memory map.
    """

    def __init__(self, path: Path, size: Size) -> None:
        self.count = 0
        self.channels = 1
        self.size = size
        self._path = path
        self._plane = size[0] * size[1]
        # The height follows from the number of bytes hashed per image.
        self._hash = blake2b(size[0].to_bytes(4, "little"), digest_size=16)
        self._file: IO[bytes] = path.open("wb")  # closed by `finish` or `close`
        self._header()

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Appends an image (C, H, W), C = 1, 3 or 4; the first in color or with alpha widens all previous ones."""
        if len(pixels) > self.channels:
            self._widen(len(pixels))
        # The hash uses the image's own channels, so that it does not depend on the other images.
        data = pixels.tobytes()
        self._hash.update(len(pixels).to_bytes(1, "little"))
        self._hash.update(data)
        self._file.write(self._widened(data, len(pixels)))
        self.count += 1

    def finish(self, labels: NDArray[np.int64] | None) -> str:
        """Completes the file on the disk; returns the fingerprint of pixels and labels."""
        self._file.seek(0)
        self._header()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._hash.update(b"\0" + (b"" if labels is None else labels.astype("<i8").tobytes()))
        return self._hash.hexdigest()

    def close(self) -> None:
        """Closes the file, which is incomplete unless `finish` was called first."""
        self._file.close()

    def _header(self) -> None:
        # numpy pads the header for a growing first dimension, so its length never changes.
        width, height = self.size
        shape = (self.count, self.channels, height, width)
        write_array_header_1_0(self._file, {"descr": "|u1", "fortran_order": False, "shape": shape})

    def _widened(self, data: bytes, channels: int) -> bytes:
        """Returns the planes of an image with more channels: gray is repeated, alpha is opaque."""
        if channels == self.channels:
            return data
        return (data * 3 if channels == 1 else data) + b"\xff" * (self._plane if self.channels == 4 else 0)

    def _widen(self, channels: int) -> None:
        narrow, self.channels = self.channels, channels
        start = self._file.tell() - self.count * narrow * self._plane
        self._file.close()
        narrow_path = self._path.with_suffix(".narrow")
        self._path.replace(narrow_path)
        self._file = self._path.open("wb")
        self._header()
        with narrow_path.open("rb") as pictures:
            pictures.seek(start)
            while picture := pictures.read(narrow * self._plane):
                self._file.write(self._widened(picture, narrow))
        narrow_path.unlink()
