"""Decompression of gzip, bzip2 and xz files, and error messages for damaged ones."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from core.data.names import opened, quoted
from core.errors import UserError

_UNPACKERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
_HARMLESS, _MOST_PACKED = 2**30, 100
"""Bytes that any file may hold, and how many more for each of its own: pictures hardly pack to a tenth."""
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
"""What the readers raise for damaged files."""


def unpacked(path: Path) -> IO[bytes]:
    """The file, or what is packed in it: its first bytes say how, whatever it is called. Raises `OSError`."""
    with opened(path) as file:
        start = file.read(6)
    stream: IO[bytes] = next((unpack for magic, unpack in _UNPACKERS.items() if start.startswith(magic)), opened)(path)
    return stream


def first_bytes(path: Path, count: int) -> bytes:
    """The first of what is in the file; none if it is damaged. Raises `OSError` when it may not be read."""
    with unpacked(path) as stream, contextlib.suppress(*_BROKEN):
        return stream.read(count)
    return b""


def refuse_bomb(root: Path, size: int) -> None:
    """Raises `UserError` when the file would have to hold so many bytes that only a bomb does."""
    if size > _HARMLESS + _MOST_PACKED * root.stat().st_size:
        raise UserError(
            f"{quoted(root.name)} claims to hold far more than a hundred times its own size, as no images do.",
            "Download it again; if you trust it, unpack it yourself and open the folder.",
            f"{root}: {size} bytes",
        )


def opened_zip(root: Path) -> zipfile.ZipFile:
    """Raises `OSError` or `BadZipFile`."""
    try:
        return zipfile.ZipFile(root)
    except OSError:
        raise
    except Exception as error:  # struct, value and Unicode errors of damaged directories
        raise zipfile.BadZipFile(str(error)) from error


def damaged(root: Path, why: str, error: object = "") -> UserError:
    """`why` goes on after the file's name."""
    return UserError(f"{quoted(root.name)} {why}.", "Copy or download it again.", str(error))


@contextlib.contextmanager
def readable(root: Path) -> Iterator[None]:
    """Turns what reading a damaged, locked or vanished file raises into a `UserError`."""
    try:
        yield
    except PermissionError as error:
        raise UserError(
            f"You may not read the file {quoted(root.name)}.", "Ask its owner for permission, or copy it.", str(error)
        ) from error
    except FileNotFoundError as error:
        raise UserError(
            f"{quoted(root.name)} is not there any more.", "Check that its disk is connected.", str(error)
        ) from error
    except EOFError as error:
        raise damaged(root, "ends too early", error) from error
    except _BROKEN as error:
        raise damaged(root, "is damaged, or not what its name says", error) from error
