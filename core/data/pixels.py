"""Streams pictures into an .npy file: flat memory, and grey for as long as every picture is grey."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

_BLOCK = 64  # pictures that are held at once when a grey file becomes a colour file


class PixelWriter:
    """Appends pictures to `path`, a uint8 array of shape (N, C, H, W).

    It writes instead of filling a memory map: how many files can be read is not known beforehand, and a disk that runs
    full is an `OSError` here but would kill the process at a memory map's first untouched page.
    """

    def __init__(self, path: Path, resolution: int) -> None:
        self.count = 0
        self.channels = 1
        self._path = path
        self.resolution = resolution
        self._hash = blake2b(resolution.to_bytes(4, "little"), digest_size=16)
        self._file: IO[bytes] = path.open("wb")  # closed by `finish` or `close`
        self._header()

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Append one picture (C, H, W), C = 1 or 3; the first in colour makes colour of all before it."""
        if len(pixels) > self.channels:
            self._colour()
        # The hash takes a grey picture as one plane, so it need not know what the others are.
        data = pixels.tobytes()
        self._hash.update(len(pixels).to_bytes(1, "little"))
        self._hash.update(data)
        self._file.write(data * (self.channels // len(pixels)))
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
        shape = (self.count, self.channels, self.resolution, self.resolution)
        write_array_header_1_0(self._file, {"descr": "|u1", "fortran_order": False, "shape": shape})

    def _colour(self) -> None:
        start = self._file.tell() - self.count * self.resolution**2
        self._file.close()
        grey_path = self._path.with_suffix(".grey")
        self._path.replace(grey_path)
        self.channels = 3
        self._file = self._path.open("wb")
        self._header()
        plane = self.resolution**2
        with grey_path.open("rb") as grey:
            grey.seek(start)
            while block := grey.read(_BLOCK * plane):
                planes = np.frombuffer(block, np.uint8).reshape(-1, 1, plane)
                self._file.write(np.repeat(planes, 3, axis=1).tobytes())
        grey_path.unlink()
