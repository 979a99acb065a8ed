"""File names and paths: opening, comparing, sorting and printing them, and hashes for cache keys."""

from __future__ import annotations

import os
import re
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG
from typing import IO

MOST_BYTES = 2**24
"""Default maximum size in bytes of a small file."""
Inside = tuple[str, ...]
"""A path inside a folder or an archive, part by part."""


def inside(name: str) -> Inside:
    """Returns the parts of a path with slashes."""
    return tuple(part for part in name.split("/") if part not in ("", "."))


def absolute(path: str) -> Path:
    """Returns the absolute path. Links are not resolved, so that the path shows the names the user knows."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (resolve would follow links, absolute would keep "..")


def opened(path: str | Path, buffering: int = -1) -> IO[bytes]:
    """Opens a file for reading bytes, without blocking if it is a named pipe. `buffering`: as for `open`."""
    return open(path, "rb", buffering, opener=_at_once)


def opened_regular(path: Path, most: int | None = MOST_BYTES, buffering: int = -1) -> IO[bytes]:
    """Opens a regular file for reading bytes.

    Raises `OSError` if it is not a regular file, or larger than `most` bytes (None: no limit).
    """
    file = opened(path, buffering)
    status = os.fstat(file.fileno())
    if S_ISREG(status.st_mode) and (most is None or status.st_size <= most):
        return file
    file.close()
    if S_ISREG(status.st_mode):
        raise OSError(f"{path} is larger than {most:,} bytes")
    raise OSError(f"{path} is not a regular file")


def content(path: Path, most: int = MOST_BYTES) -> bytes:
    """Returns all bytes of a file. Raises `OSError` as `opened_regular` does."""
    with opened_regular(path, most) as file:
        return file.read(os.fstat(file.fileno()).st_size)  # a larger number would allocate more memory


def version(path: Path) -> str:
    """Returns a text that changes whenever the file may have changed. Raises `OSError`."""
    status = path.stat()
    return f"{path}\0{status.st_size}\0{status.st_mtime_ns}"


def digest(*parts: str | bytes) -> str:
    """Returns a 128-bit hash as hex digits. Each part is preceded by its length, so parts cannot run together."""
    state = blake2b(digest_size=16)
    for part in parts:
        # Names may hold undecodable bytes (lone surrogates), which only the file system's encoding can write.
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def printable(name: str) -> str:
    r"""Returns a file name as valid text. Bytes that are not UTF-8 become escapes such as \xff, so that names differ.

    Only a name that spells out such an escape could equal that of another file with the byte itself.
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def is_plain(name: str) -> bool:
    """Returns whether a foreign name is a plain file name that cannot leave its folder on any system."""
    return name not in ("", ".", "..") and not any(sign in name for sign in "/\\:\0")


def quoted(name: str) -> str:
    """Returns a name for use inside a sentence: on one line, in quotes."""
    return f"'{' '.join(printable(name).split())}'"


def natural(name: str) -> str:
    """Returns a sort key that orders numbers by value: img2 before img10. Numbers of any length are possible."""
    key = re.sub(r"[0-9]+", lambda number: f"{len(number[0].lstrip('0')):05}{number[0].lstrip('0')}", name.casefold())
    return f"{key}\0{name}"


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


SYSTEM_FOLDERS = {
    "__macosx",
    "@eadir",
    "@recycle",
    "@recently-snapshot",
    "@sharebin",
    "@tmp",
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "recycler",
    "recycled",
    "found.000",
    "network trash folder",
    "temporary items",
    "system volume information",
    "lost+found",
}
"""Lower-case names of folders in which desktop systems and network drives keep thumbnails and deleted files."""
_PREVIEWS = ".lrdata"
"""Suffix of the folders in which Lightroom keeps previews."""


def is_hidden(name: str) -> bool:
    """Returns whether a file or folder is hidden or belongs to the system."""
    if name.startswith("."):
        return name != ".."
    name = name.lower()
    return name in SYSTEM_FOLDERS or name.endswith(_PREVIEWS)
