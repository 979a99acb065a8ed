"""Reader of safetensors files without memory maps.

The readers of the library map the file: the process crashes if a mapped file shrinks or its disk disappears.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.data.names import opened_regular

TensorType = tuple[str, tuple[int, ...]]
"""Type of a tensor, as safetensors names it, and its shape."""
LONGEST_HEADER = 2**26
"""Maximum length of the header in bytes."""
_NUMBERS = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}
_Span = tuple[int, int]


class TensorFile:
    """Open safetensors file. `metadata`: text by key. `types`: type and shape by tensor name."""

    def __init__(self, file: IO[bytes]) -> None:
        """Reads the header. Raises `OSError`, or another of `FOREIGN_ERRORS` if it is not a safetensors file."""
        size, length = os.fstat(file.fileno()).st_size, int.from_bytes(file.read(8), "little")
        if not 0 < length <= min(LONGEST_HEADER, size - 8):
            raise ValueError(f"a header of {length:,} bytes")
        header = json.loads(_exactly(file, length))
        self.metadata = _metadata(header.pop("__metadata__", {}))
        "".join((*header, *self.metadata.values())).encode()  # raises for escapes of lone surrogates
        self._file, self._start = file, 8 + length
        self._spans = {name: _span(entry) for name, entry in header.items()}
        self.types = {name: _type(entry) for name, entry in header.items()}
        spans = sorted([(0, 0), *self._spans.values(), (size - self._start, size - self._start)])
        if any(end != start for (_, end), (start, _) in pairwise(spans)):
            raise ValueError("tensors are not contiguous")

    def read(self, name: str) -> NDArray[Any]:
        """Returns a tensor. Raises `OSError`, and `ValueError` for unsupported types."""
        (kind, shape), (start, end) = self.types[name], self._spans[name]
        if kind not in _NUMBERS:
            raise ValueError(f"{name} has the type {kind}")
        if prod(shape) * np.dtype(_NUMBERS[kind]).itemsize != end - start:
            raise ValueError(f"{name} has {end - start} bytes")
        values = np.empty(prod(shape), _NUMBERS[kind])
        self._file.seek(self._start + start)
        if self._file.readinto(values.view("u1")) != end - start:  # type: ignore[attr-defined]
            raise OSError("the file ends too early")
        return values.reshape(shape)


@contextmanager
def opened_tensors(path: Path, most: int | None = None) -> Iterator[TensorFile]:
    """Opens a safetensors file of at most `most` bytes. Raises as `TensorFile` does."""
    with opened_regular(path, most) as file:
        yield TensorFile(file)


def read_tensors(path: Path, most: int) -> dict[str, NDArray[Any]]:
    """Returns every tensor of a file of at most `most` bytes. Raises as `TensorFile` does."""
    with opened_tensors(path, most) as file:
        return {name: file.read(name) for name in file.types}


def _exactly(file: IO[bytes], length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise OSError("the file ends too early")
    return data


def _metadata(found: Any) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("metadata is not text")
    return found


def _type(entry: dict[str, Any]) -> TensorType:
    shape = _sizes(entry["shape"])
    if not isinstance(entry["dtype"], str):
        raise ValueError("a type without a name")
    return entry["dtype"], shape


def _span(entry: dict[str, Any]) -> _Span:
    start, end = _sizes(entry["data_offsets"])
    if start > end:
        raise ValueError(f"a tensor from {start} to {end}")
    return start, end


def _sizes(found: Any) -> tuple[int, ...]:
    if not isinstance(found, list) or not all(type(size) is int and 0 <= size < 2**63 for size in found):
        raise ValueError(f"sizes of {str(found)[:100]}")
    return tuple(found)
