"""Writer that streams images into an .npy file, in flat memory and with no more channels than the images so far
need."""

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
    """Appends pictures to `path`, a uint8 array of shape (N, C, H, W).

    It writes instead of filling a memory map: how many files can be read is not known beforehand, and a disk that runs
    full is an `OSError` here but would kill the process at a memory map's first untouched page.
    """

    def __init__(self, path: Path, size: Size) -> None:
        self.count = 0
        self.channels = 1
        self.size = size
        self._path = path
        self._plane = size[0] * size[1]
        # The height follows from how much is hashed for a picture.
        self._hash = blake2b(size[0].to_bytes(4, "little"), digest_size=16)
        self._file: IO[bytes] = path.open("wb")  # closed by `finish` or `close`
        self._header()

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Append one picture (C, H, W), C = 1, 3 or 4; the first in colour or with alpha changes all before it."""
        if len(pixels) > self.channels:
            self._widen(len(pixels))
        # The hash takes a picture as it is, so it need not know what the others are.
        data = pixels.tobytes()
        self._hash.update(len(pixels).to_bytes(1, "little"))
        self._hash.update(data)
        self._file.write(self._widened(data, len(pixels)))
        self.count += 1

    def finish(self, labels: NDArray[np.int64] | None) -> str:
        """Complete the file on the disk; returns the fingerprint of pixels and labels."""
        self._file.seek(0)
        self._header()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._hash.update(b"\0" + (b"" if labels is None else labels.astype("<i8").tobytes()))
        return self._hash.hexdigest()

    def close(self) -> None:
        """Let go of the file; what is in it is incomplete unless `finish` came first."""
        self._file.close()

    def _header(self) -> None:
        # numpy leaves room for the first number of the shape to grow, so the header's length never changes.
        width, height = self.size
        shape = (self.count, self.channels, height, width)
        write_array_header_1_0(self._file, {"descr": "|u1", "fortran_order": False, "shape": shape})

    def _widened(self, data: bytes, channels: int) -> bytes:
        """A picture's planes as the file holds them: grey is all three colours, and without alpha it is opaque."""
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
