"""Frames of the connection between two machines: a header as JSON and a body of bytes, each preceded by its length."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any, NamedTuple

PROTOCOL = 1
"""Version of the operations. Both ends have the same."""
MARK = b"\0gan-studio\0"
"""Precedes the first frame, because the start files of a shell may print text before it."""
MOST_NOISE = 2**16
"""Maximum bytes of such text."""
MOST_HEADER, MOST_BODY = 2**22, 2**23
"""Maximum bytes of the two parts of a frame."""
_LENGTHS = struct.Struct(">II")


class Frame(NamedTuple):
    """A message."""

    header: dict[str, Any]
    body: bytes


def write_frame(file: IO[bytes], header: Mapping[str, Any], body: bytes = b"") -> None:
    """Writes a frame. Raises `OSError`, and `ValueError` if it is too large."""
    text = json.dumps(header, ensure_ascii=True).encode()
    if len(text) > MOST_HEADER or len(body) > MOST_BODY:
        raise ValueError(f"a frame of {len(text)} and {len(body)} bytes")
    file.write(_LENGTHS.pack(len(text), len(body)) + text + body)
    file.flush()


def read_frame(file: IO[bytes]) -> Frame | None:
    """Reads a frame; None at the end of the file. Raises `OSError`, and `ValueError` if it is not valid."""
    lengths = file.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    header, body = _LENGTHS.unpack(lengths)
    if header > MOST_HEADER or body > MOST_BODY:
        raise ValueError(f"a frame of {header} and {body} bytes")
    text, rest = file.read(header), file.read(body)
    if len(text) < header or len(rest) < body:
        return None
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("a frame without a header")
    return Frame(values, rest)


def skip_noise(file: IO[bytes]) -> None:
    """Reads up to the end of `MARK`, or of the file. Raises `ValueError` if it does not come."""
    before = b""
    while not before.endswith(MARK) and (more := file.read(1)):
        before += more
        if len(before) > MOST_NOISE:
            raise ValueError(f"no answer, but {bytes(before[:200])!r}")
