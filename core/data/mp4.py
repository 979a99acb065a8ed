"""Whether an MP4 or QuickTime film may be opened at all: its tables can claim billions of frames in a few bytes.

FFmpeg keeps dozens of bytes for each of them from the moment it opens the film.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

_PIECE = 2**20
_CLAIM = re.compile(rb"stsz.{4}(?P<unit>.{4})(?P<units>.{4})|trun.(?P<flags>.{3})(?P<frames>.{4})", re.DOTALL)
_PER_FRAME = 0xF00
"""Flags of a `trun` that has something to say of each of its frames."""
_COMPRESSED = re.compile(rb"cmov.{4}dcom", re.DOTALL)


def believable(file: IO[bytes], size: int) -> bool:
    """Whether no more frames are claimed than the file has bytes, and nothing of what is claimed is compressed."""
    claimed = 0
    for piece in _tables(file):
        if _COMPRESSED.search(piece):
            return False
        for claim in _CLAIM.finditer(piece):
            if claim["unit"] is not None:
                claimed += int.from_bytes(claim["unit"]) * int.from_bytes(claim["units"])
            elif not int.from_bytes(claim["flags"]) & _PER_FRAME:
                claimed += int.from_bytes(claim["frames"])
        if claimed > size:
            return False
    return True


def _tables(file: IO[bytes]) -> Iterator[bytes]:
    """All of the file but the frames themselves, in pieces that overlap by what one match may take."""
    while len(header := file.read(8)) == 8:
        length = int.from_bytes(header[:4])
        start = 8
        if length == 1:
            length, start = int.from_bytes(file.read(8)), 16
        if header[4:] == b"mdat":
            if length < start:  # to the end of the file
                return
            file.seek(length - start, 1)
            continue
        # Without a length, or with an impossible one, it may reach to the end.
        left = length - start if length >= start else float("inf")
        tail = b""
        while left > 0 and (piece := file.read(int(min(left, _PIECE)))):
            left -= len(piece)
            yield tail + piece
            tail = piece[-15:]  # a claim has 16 bytes
