"""Sequential reader of tar archives, compressed or not.

tarfile is not used, because it keeps all data between two files in memory, which a hostile header can make huge.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

from core.data.formats.compression import first_bytes, refuse_bomb, unpacked
from core.data.names import quoted
from core.errors import UserError
from core.language import _

_BLOCK = tarfile.BLOCKSIZE

_EXTENDED = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_BARE = (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE)
"""Entry types without content, whatever size they claim."""
_LONGEST_EXTENSION = 2**20
_STRIDE = 2**24
"""Bytes skipped at once, in some tenths of a second at most."""


@dataclass(frozen=True)
class Member:
    """File in a tar, or a link or device (`refused` says which).

    `content` reads all of it, `first` its first bytes; both only while the walk is at this entry.
    """

    name: str
    size: int
    refused: str
    content: Callable[[], bytes]
    first: Callable[[int], bytes]


def is_tar(path: Path) -> bool:
    """Returns whether the file starts like a tar, compressed or not. Raises `OSError` if it cannot be read."""
    try:
        tarfile.TarInfo.frombuf(first_bytes(path, _BLOCK), "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def walk(root: Path) -> Iterator[Member | None]:
    """Yields every file, link and device; None is an opportunity to show progress or to stop.

    Raises `UserError` for a decompression bomb, and exceptions that `readable` handles for a damaged file.
    """
    with unpacked(root) as stream:
        yield from _Walk(root, stream).members()


class _Walk:
    def __init__(self, root: Path, stream: IO[bytes]) -> None:
        self._root, self._stream = root, stream
        self._left = 0  # bytes until the next header

    def members(self) -> Iterator[Member | None]:
        said: dict[str, str] = {}  # extended headers of the next file
        passed = 0
        for number in count(1):
            block = self._stream.read(_BLOCK)
            if not any(block):  # end marker, or end of the file
                return
            info = self._header(block)
            size = int(said.get("size", info.size))
            if size < 0:
                raise ValueError(f"a file of {size} bytes")
            self._left = 0 if info.type in _BARE else -(-size // _BLOCK) * _BLOCK
            passed += _BLOCK + self._left
            refuse_bomb(self._root, passed)
            if info.type == tarfile.GNUTYPE_LONGNAME:
                said["path"] = _text(self._extension(size).rstrip(b"\0"))
            elif info.type in _EXTENDED:
                said |= _records(self._extension(size))
            elif info.type not in (tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE):
                if info.type != tarfile.DIRTYPE:
                    file = _File(self._read, size)
                    yield Member(said.get("path", info.name), size, _refused(info), file.all, file.first)
                said = {}
            yield from self._skip()
            if number % 1000 == 0:
                yield None

    def _header(self, block: bytes) -> tarfile.TarInfo:
        if len(block) < _BLOCK:
            raise EOFError("the last header is incomplete")
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if info.type == tarfile.GNUTYPE_SPARSE:
            raise UserError(
                _("{name} holds sparse files, which are not supported.").format(name=quoted(self._root.name)),
                _("Create it again without --sparse, or unpack it yourself."),
                info.name,
            )
        return info

    def _extension(self, size: int) -> bytes:
        if size > _LONGEST_EXTENSION:
            raise ValueError(f"a name of {size} bytes")
        return self._read(size)

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise EOFError("the last file is not complete")
        self._left -= size
        return data

    def _skip(self) -> Iterator[None]:
        while self._left:
            stride = min(self._left, _STRIDE)
            self._stream.seek(stride - 1, 1)
            if not self._stream.read(1):  # seeking beyond the end raises nothing
                raise EOFError("the last file is not complete")
            self._left -= stride
            if self._left:
                yield None


class _File:
    """Content of one file, read only once, even if its first bytes were read before."""

    def __init__(self, read: Callable[[int], bytes], size: int) -> None:
        self._read, self._left = read, size
        self._known = b""

    def first(self, count: int) -> bytes:
        missing = min(count - len(self._known), self._left)
        if missing > 0:
            self._known += self._read(missing)
            self._left -= missing
        return self._known[:count]

    def all(self) -> bytes:
        return self.first(len(self._known) + self._left)


def _refused(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return _("link inside the tar")
    return "" if info.isreg() else _("not a regular file")


def _records(data: bytes) -> dict[str, str]:
    """Parses lines of "length key=value", whose length includes itself. Raises `ValueError`."""
    records: dict[str, str] = {}
    start = 0
    while start < len(data):
        space = data.index(b" ", start)
        end = start + int(data[start:space])
        if not space < end <= len(data):
            raise ValueError("a record of impossible length")
        key, _sign, value = data[space + 1 : end - 1].partition(b"=")
        records[_text(key)] = _text(value)
        start = end
    return records


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
