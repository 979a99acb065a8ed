"""File names and paths: opening, comparing, sorting and printing them, and hashes that serve as cache keys."""

from __future__ import annotations

import os
import re
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG
from typing import IO

MOST_BYTES = 2**24
"""Of a small file."""
Inside = tuple[str, ...]
"""A path inside a folder or an archive, part by part."""


def inside(name: str) -> Inside:
    """From a path with slashes."""
    return tuple(part for part in name.split("/") if part not in ("", "."))


def absolute(path: str) -> Path:
    """The full path, with links as the person gave them: their names are what a person knows."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (resolve would follow links, absolute would keep "..")


def opened(path: str | Path, buffering: int = -1) -> IO[bytes]:
    """The file's bytes, without waiting for anybody where a pipe has taken its place. `buffering` as `open` has it."""
    return open(path, "rb", buffering, opener=_at_once)


def opened_regular(path: Path, most: int | None = MOST_BYTES, buffering: int = -1) -> IO[bytes]:
    """The bytes of a file. Raises `OSError` for one that is no regular file, or larger than `most` bytes; None: of any
    size."""
    file = opened(path, buffering)
    status = os.fstat(file.fileno())
    if S_ISREG(status.st_mode) and (most is None or status.st_size <= most):
        return file
    file.close()
    raise OSError(
        f"{path} is larger than {most:,} bytes" if S_ISREG(status.st_mode) else f"{path} is not a regular file"
    )


def content(path: Path, most: int = MOST_BYTES) -> bytes:
    """All bytes of a file. Raises `OSError` as `opened_regular` does."""
    with opened_regular(path, most) as file:
        return file.read(os.fstat(file.fileno()).st_size)  # asked for more, it would set more memory aside


def version(path: Path) -> str:
    """Changes whenever the file may have changed. Raises `OSError`."""
    status = path.stat()
    return f"{path}\0{status.st_size}\0{status.st_mtime_ns}"


def digest(*parts: str | bytes) -> str:
    """A 128-bit hex hash; parts cannot run into each other because each is preceded by its length."""
    state = blake2b(digest_size=16)
    for part in parts:
        # Names may hold bytes that are no text (lone surrogates), which only the file system's own coding can say.
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def printable(name: str) -> str:
    r"""A file name as valid text: bytes that are no UTF-8 become \xff and the like, so that different files differ.

    Only a file whose name spells out such an escape could be taken for the one beside it that has the byte itself.
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def is_plain(name: str) -> bool:
    """Whether a name that somebody else chose is one of a file in a folder, and leads nowhere else on any system."""
    return name not in ("", ".", "..") and not any(sign in name for sign in "/\\:\0")


def quoted(name: str) -> str:
    """A name inside a sentence: one line, in quotes."""
    return f"'{' '.join(printable(name).split())}'"


def natural(name: str) -> str:
    """Sorting key with numbers by value: img2 before img10. Each is preceded by its length, so none is too long."""
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
"""Folders, in small letters, in which desktop systems and network drives keep thumbnails and what was deleted."""
_PREVIEWS = ".lrdata"
"""How the folders end in which Lightroom keeps smaller copies."""


def is_hidden(name: str) -> bool:
    """Returns whether a file or folder is none of the person's own: hidden, or a system's."""
    if name.startswith("."):
        return name != ".."
    name = name.lower()
    return name in SYSTEM_FOLDERS or name.endswith(_PREVIEWS)
