"""Files of a mirror: which of them have arrived, which are to be fetched, and writing what arrives."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from core.data.names import opened_regular
from core.durable_write import remove_partials, rename, replaced, without_links
from core.remote.operations.poll import LOGS, TAIL, WHOLE
from core.runs.run_name import FILE as NAME

LARGEST_FILE = 2**36
MOST_FILES = 100_000
MOST_GRIDS = 8
"""Sample grids that are asked for at once."""
SAME_TIME = 2 * 10**9
"""Tolerance in nanoseconds for the modification time of the same file: some file systems store even seconds."""


class MirroredFiles:
    """Files in the folder of a mirror. Every method raises `OSError` if the folder cannot be read or written to, and
    `ValueError`, `TypeError` or `LookupError` for news that are not valid."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._there: dict[str, list[int]] = {}
        """Size and modification time of the files there, by name."""
        self.listing = 0
        """Checksum of the list of these files."""
        self._arrived: dict[str, list[int]] = {}
        """Size and modification time of those that have arrived."""
        self._partial: dict[str, tuple[list[int], Path]] = {}
        """Files of which a part has arrived, and the local files of these parts."""
        self._checkpoint = ""
        """Checkpoint that is fetched, or was fetched last."""

    def remove_partials(self) -> None:
        """Deletes what an earlier mirroring received in part."""
        for folder in (self._folder, self._folder / "checkpoints", self._folder / "samples"):
            with suppress(FileNotFoundError):
                remove_partials(folder)

    @property
    def newest(self) -> str:
        """Name of the newest checkpoint there; empty if there is none."""
        return max((name for name in self._there if name.startswith("checkpoints/")), default="")

    def logs(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yields the name of each log, its size and the checksum of its last bytes; -1 if it is not here."""
        for name in LOGS:
            try:
                with opened_regular(self._folder / name, None) as file:
                    size = file.seek(0, 2)
                    file.seek(max(size - TAIL, 0))
                    yield name, (size, crc32(file.read()))
            except FileNotFoundError:
                yield name, (-1, 0)

    def wanted(self) -> list[tuple[str, int]]:
        """Returns the files to fetch, the most important ones first, and how many of their bytes are here."""
        names = self._missing()
        small = [name for name in names if "/" not in name and not (name == NAME and self._is_named)]
        grids = sorted((name for name in names if name.startswith("samples/")), reverse=True)
        wanted = [*small, *grids[:MOST_GRIDS], *([self._checkpoint] if self._checkpoint in names else [])]
        return [(name, self._have(name)) for name in wanted]

    def want_checkpoint(self, *, is_needed: bool) -> None:
        """Fetches the newest checkpoint next if it is needed, or if none is here."""
        is_fetched = self._checkpoint in self._missing()
        if not is_fetched and (is_needed or not any(self._folder.glob("checkpoints/*.safetensors"))):
            self._checkpoint = self.newest

    def pass_over(self, names: Iterable[str]) -> None:
        """Fetches files that cannot be read there no more, until they change."""
        self._arrived |= {name: self._there[name] for name in names if name in self._there}

    def take_listing(self, files: Mapping[str, list[int]], listing: int) -> None:
        """Takes the list of files there. Sample grids that are gone there are removed: the training went back."""
        there = {name: state for name, state in files.items() if WHOLE.fullmatch(name) and state[0] <= LARGEST_FILE}
        if len(there) > MOST_FILES:
            raise ValueError(f"{len(there)} files")
        self._there, self.listing = there, listing
        for grid in self._folder.glob("samples/*.png"):
            if (name := f"samples/{grid.name}") not in there and WHOLE.fullmatch(name):
                grid.unlink()
        for name, state in there.items():
            if "/" in name and name not in self._arrived and _is_same(self._folder / name, *state):
                self._arrived[name] = state
        for name in self._partial.keys() - there.keys():
            self._partial.pop(name)[1].unlink(missing_ok=True)

    def take(self, name: str, offset: int, piece: bytes, size: int) -> None:
        """Writes bytes that have arrived. `size`: of the whole file there."""
        path = self._folder / name
        if name in LOGS and offset:
            _append(path, piece)
        elif name in LOGS:
            with replaced(path) as file:
                file.write_bytes(piece)
        elif name in self._there:
            self._take_part(path, name, offset, piece, size)

    def _take_part(self, path: Path, name: str, offset: int, piece: bytes, size: int) -> None:
        path.parent.mkdir(exist_ok=True)
        state = self._there[name]
        partial = path.with_name(f".{crc32(name.encode()):016x}.partial")
        if not offset:
            partial.unlink(missing_ok=True)
        _append(partial, piece)
        self._partial[name] = state, partial
        if offset + len(piece) >= size:
            os.utime(partial, ns=(state[1], state[1]))
            rename(partial, path)
            self._arrived[name] = state
            del self._partial[name]

    def _missing(self) -> list[str]:
        """Returns the names of the files there that have not arrived."""
        return [name for name, state in self._there.items() if self._arrived.get(name) != state]

    @property
    def _is_named(self) -> bool:
        """True if the run has a name here, which the user may have changed."""
        return (self._folder / NAME).exists()

    def _have(self, name: str) -> int:
        """Returns the number of bytes of a file that have arrived."""
        state, partial = self._partial.get(name, ([], Path()))
        return partial.stat().st_size if state == self._there[name] and partial.is_file() else 0


def _is_same(path: Path, size: int, modified: int) -> bool:
    """Returns whether a file of the mirror is the one there."""
    with suppress(FileNotFoundError):
        status = path.lstat()
        return status.st_size == size and abs(status.st_mtime_ns - modified) <= SAME_TIME
    return False


def _append(path: Path, data: bytes) -> None:
    with open(path, "ab", opener=without_links) as file:
        file.write(data)
