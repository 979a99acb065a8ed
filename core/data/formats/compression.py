"""Decompression of gzip, bzip2 and xz files, and error messages for damaged ones."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from core.data.names import opened, quoted
from core.errors import FOREIGN_ERRORS, UserError
from core.language import _

_XZ_MEMORY, _PACKED = 2**27, 2**16
"""Maximum memory for unpacking (twice the need of `xz -9`), and bytes read at a time."""
_HARMLESS, _MOST_PACKED = 2**30, 100
"""Bytes that any file may unpack to, and maximum ratio above that. Images hardly compress to a tenth."""
BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Compression methods of zip that `zipfile` unpacks only as far as it is asked to."""
_BROKEN = (*FOREIGN_ERRORS, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError, struct.error)
"""Exceptions that readers raise for damaged files."""


class _XzReader(io.RawIOBase):
    """Sequential reader of .xz files with bounded memory; `lzma.open` takes as much as the file asks for."""

    def __init__(self, path: Path) -> None:
        self._file, self._place = opened(path), 0
        self._begin()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Seeks by unpacking, at most to the end. Raises `ValueError` for offsets from the end."""
        if whence == io.SEEK_END:
            raise ValueError("the length of an .xz file is unknown")
        target = offset + (self._place if whence == io.SEEK_CUR else 0)
        if target < self._place:
            self._file.seek(0)
            self._place = 0
            self._begin()
        passed = bytearray(_PACKED)
        while self._place < target and self.readinto(memoryview(passed)[: target - self._place]):
            pass
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        count = self._readinto(buffer)
        self._place += count
        return count

    def _readinto(self, buffer: Any) -> int:
        while True:
            packed = b""
            if self._unpacker.eof:
                # Another stream may follow after zero padding.
                packed = self._unpacker.unused_data.lstrip(b"\0") or self._file.read(_PACKED).lstrip(b"\0")
                if not packed:
                    return 0
                self._begin()
            elif self._unpacker.needs_input:
                packed = self._file.read(_PACKED)
                if not packed:
                    raise EOFError("the .xz stream is incomplete")
            found = self._unpacker.decompress(packed, len(buffer))
            if found:
                buffer[: len(found)] = found
                return len(found)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _begin(self) -> None:
        self._unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


_UNPACKERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lambda path: io.BufferedReader(_XzReader(path)),
}


def unpacked(path: Path) -> IO[bytes]:
    """Opens a file, decompressed if its first bytes are those of gzip, bzip2 or xz. Raises `OSError`."""
    with opened(path) as file:
        start = file.read(6)
    stream: IO[bytes] = next((unpack for magic, unpack in _UNPACKERS.items() if start.startswith(magic)), opened)(path)
    return stream


def first_bytes(path: Path, count: int) -> bytes:
    """Returns the first bytes of a file, decompressed; empty if it is damaged. Raises `OSError` if it is unreadable."""
    with unpacked(path) as stream, contextlib.suppress(*_BROKEN):
        return stream.read(count)
    return b""


def refuse_bomb(root: Path, size: int) -> None:
    """Raises `UserError` if `size`, the unpacked size in bytes, is that of a decompression bomb."""
    if size > _HARMLESS + _MOST_PACKED * root.stat().st_size:
        what = _("{name} would unpack to more than a hundred times its size, which is unusual for images.")
        raise UserError(
            what.format(name=quoted(root.name)),
            _("Download it again; if you trust it, unpack it yourself and open the folder."),
            f"{root}: {size} bytes",
        )


def damaged(root: Path, what: str, error: object = "") -> UserError:
    """Returns the error for a damaged file. `what`: sentence that names the file, `{name}`."""
    return UserError(what.format(name=quoted(root.name)), _("Copy or download it again."), str(error))


@contextlib.contextmanager
def readable(root: Path) -> Iterator[None]:
    """Turns exceptions of reading a damaged, locked or deleted file into a `UserError`; all formats use it."""
    try:
        yield
    except PermissionError as error:
        raise UserError(
            _("No permission to read the file {name}.").format(name=quoted(root.name)),
            _("Change its permissions, or copy it."),
            str(error),
        ) from error
    except FileNotFoundError as error:
        raise UserError(
            _("{name} no longer exists.").format(name=quoted(root.name)),
            _("Check that its disk is connected."),
            str(error),
        ) from error
    except MemoryError as error:
        raise UserError(
            _("There is not enough memory to read {name}.").format(name=quoted(root.name)),
            _("Close other programs, or save the images in several files."),
        ) from error
    except EOFError as error:
        raise damaged(root, _("{name} ends too early."), error) from error
    except _BROKEN as error:
        raise damaged(root, _("{name} is damaged, or has another format than its name says."), error) from error
