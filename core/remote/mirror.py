"""Mirror of a run on another machine: a local run folder that follows it, at one round trip a second.

Whatever watches, compares or reads runs works on the mirror as on any run that another process trains. Its lock is kept
alive while the run there has an owner, and while the connection is lost. Requests that are written into it are carried
out there, and their answers come back.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import platformdirs

from core.data.names import content, opened_regular
from core.durable_write import rename, replaced, unwritable, without_links
from core.errors import UserError
from core.events import Event, Waiting
from core.remote.connection import Connection, pauses
from core.remote.far_run import ASKED, LOGS, MARKS, TAIL, WHOLE
from core.remote.ssh import NoConnectionError
from core.runs.requests import ANSWER, FOLDER, MOST_BYTES, REQUEST
from core.runs.run_lock import NAME as LOCK
from core.runs.run_lock import PULSE_SECONDS, RunLock

ROUND_SECONDS = 1.0
TURN_SECONDS = 0.1
"""Seconds between two yields."""
LARGEST_FILE = 2**36
MOST_FILES = 100_000


@dataclass(frozen=True)
class Mirrored(Event):
    """Event: the mirror is as new as the run there. `facts`: those of the entry of the queue (`Listed.facts`)."""

    facts: Mapping[str, Any]
    checkpoint: str
    """Newest checkpoint there, empty if there is none yet."""

    @property
    def has_ended(self) -> bool:
        """True if the entry never runs again."""
        return bool(self.facts["has_ended"])


@dataclass(frozen=True)
class Lost(Event):
    """Event: the connection was lost. It is tried again."""

    problem: NoConnectionError


@dataclass(frozen=True)
class Restored(Event):
    """Event: the connection is back."""


def mirror_folder(host: str, id: str, title: str) -> Path:
    """Returns the folder of a mirror. Its last part is the name of the run there."""
    name = re.sub(r"[^\w-]+", "-", title)[:80] or "run"
    return platformdirs.user_data_path("gan-studio", appauthor=False) / "mirrors" / host / id[:40] / name


def mirror(
    connection: Connection, id: str, folder: Path, is_wanted: Callable[[], bool] = lambda: False
) -> Generator[Event, None, None]:
    """Follows the run of an entry of the queue there until the entry has ended and all news are here.

    Yields `Mirrored` after each round, `Lost`, `Restored`, and `Waiting` several times a second. The first and the last
    checkpoint are fetched, and the newest one whenever `is_wanted` returns true. Raises `RunBusyError` if another
    process follows the run into the same folder, and `UserError` if the folder cannot be written to, or the entry is no
    longer there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    with RunLock(folder.parent):
        yield from _Mirror(connection, id, folder).events(is_wanted)


class _Mirror:
    def __init__(self, connection: Connection, id: str, folder: Path) -> None:
        self._connection, self._id, self._folder = connection, id, folder
        self._files: dict[str, list[int]] = {}
        """Size and modification time of the files there."""
        self._listing = 0
        self._arrived: dict[str, list[int]] = {}
        """Size and modification time of those that have arrived."""
        self._partial: dict[str, tuple[list[int], Path]] = {}
        """Files of which a part has arrived, and the local files of these parts."""
        self._sent: set[str] = set()
        """Requests that were sent and have no answer yet."""
        self._received: set[str] = set()
        self._checkpoint = ""
        """Checkpoint that is being fetched."""
        self._pulse = 0.0

    def events(self, is_wanted: Callable[[], bool]) -> Generator[Event, None, None]:
        waits, is_lost = pauses(), False
        while True:
            pause = ROUND_SECONDS
            try:
                while not (reply := self._round(is_wanted()))["is_complete"]:
                    yield Waiting()
                if is_lost:
                    waits, is_lost = pauses(), False
                    yield Restored()
                mirrored = Mirrored(reply, self._newest.removeprefix("checkpoints/"))
                yield mirrored
                if mirrored.has_ended:
                    return
            except NoConnectionError as problem:
                is_lost, pause = True, next(waits)
                self._beat()
                yield Lost(problem)
            except UserError:  # the entry was removed there
                (self._folder / LOCK).unlink(missing_ok=True)
                raise
            except OSError as error:
                raise unwritable(self._folder, error) from error
            until = time.monotonic() + pause
            while time.monotonic() < until:
                yield Waiting()
                time.sleep(TURN_SECONDS)

    @property
    def _newest(self) -> str:
        """Name of the newest checkpoint there."""
        return max((name for name in self._files if name.startswith("checkpoints/")), default="")

    def _round(self, is_wanted: bool) -> dict[str, Any]:
        """Makes one round trip; returns the answer. `is_complete` in it: nothing more is to be fetched."""
        requests = self._requests()
        wanted = self._wanted()
        withdrawn = self._sent - requests.keys()
        reply = self._connection.call(
            "poll",
            id=self._id,
            logs={name: self._end(name) for name in LOGS},
            listing=self._listing,
            want=[[name, self._have(name)] for name in wanted],
            requests=requests,
            received=sorted(self._received),
            withdrawn=sorted(withdrawn),
        )
        header, body = dict(reply.header), reply.body
        self._sent = set(requests)
        self._received = set()
        if "files" in header:
            self._take_listing(header["files"], int(header["listing"]))
        for piece in header["pieces"]:
            self._take(str(piece["name"]), int(piece["offset"]), body[: piece["bytes"]], int(piece["size"]))
            body = body[piece["bytes"] :]
        self._answer(header["answers"])
        self._mark(header["marks"])
        if not self._checkpoint and self._newest and self._needs_checkpoint(is_wanted, header["has_ended"]):
            self._checkpoint = self._newest
        header["is_complete"] = not (header["more"] or self._wanted())
        self._own(header["owner"], header["is_complete"])
        return header

    def _needs_checkpoint(self, is_wanted: bool, has_ended: bool) -> bool:
        is_here = (self._folder / self._newest).is_file() and self._arrived.get(self._newest) == self._files[
            self._newest
        ]
        has_none = not any(self._folder.glob("checkpoints/*.safetensors"))
        return not is_here and (is_wanted or has_ended or has_none)

    def _wanted(self) -> list[str]:
        """Returns the files to fetch, the most important ones first."""
        names = [name for name, state in self._files.items() if self._arrived.get(name) != state]
        small = [name for name in names if "/" not in name]
        grids = sorted((name for name in names if name.startswith("samples/")), reverse=True)
        return [*small, *grids[:8], *([self._checkpoint] if self._checkpoint in names else [])]

    def _take_listing(self, files: Mapping[str, list[int]], listing: int) -> None:
        """Takes the list of files there. Sample grids that are gone there are removed: the training went back."""
        valid = {name: state for name, state in files.items() if WHOLE.fullmatch(name) and state[0] <= LARGEST_FILE}
        if len(valid) > MOST_FILES:
            raise ValueError(f"{len(valid)} files")
        self._files, self._listing = valid, listing
        for grid in self._folder.glob("samples/*.png"):
            if f"samples/{grid.name}" not in valid:
                grid.unlink()
        for name, state in valid.items():
            path = self._folder / name
            if "/" in name and name not in self._arrived and path.is_file() and path.stat().st_size == state[0]:
                self._arrived[name] = state
        if self._checkpoint not in valid:
            self._checkpoint = ""

    def _end(self, name: str) -> tuple[int, int]:
        """Returns the size of a log and the checksum of its last bytes; -1 if it is not here."""
        try:
            with opened_regular(self._folder / name, None) as file:
                size = file.seek(0, 2)
                file.seek(max(size - TAIL, 0))
                return size, crc32(file.read())
        except FileNotFoundError:
            return -1, 0

    def _have(self, name: str) -> int:
        """Returns the number of bytes of a file that have arrived."""
        state, partial = self._partial.get(name, ([], Path()))
        return partial.stat().st_size if state == self._files[name] and partial.is_file() else 0

    def _take(self, name: str, offset: int, piece: bytes, size: int) -> None:
        """Writes bytes that have arrived."""
        path = self._folder / name
        if name in LOGS:
            if offset:
                _append(path, piece)
            else:
                with replaced(path) as file:
                    file.write_bytes(piece)
        elif name in self._files:
            self._take_part(path, name, offset, piece, size)

    def _take_part(self, path: Path, name: str, offset: int, piece: bytes, size: int) -> None:
        path.parent.mkdir(exist_ok=True)
        state = self._files[name]
        partial = path.with_name(f".{crc32(name.encode()):016x}.partial")
        if not offset:
            partial.unlink(missing_ok=True)
        _append(partial, piece)
        self._partial[name] = state, partial
        if offset + len(piece) >= size:
            rename(partial, path)
            self._arrived[name] = state
            del self._partial[name]
            if name == self._checkpoint:
                self._checkpoint = ""

    def _requests(self) -> dict[str, str]:
        """Returns the requests in the mirror that have no answer yet, by their names."""
        found = {}
        for path in self._folder.glob(f"{FOLDER}/*{REQUEST}"):
            if ASKED.fullmatch(path.stem):
                with suppress(OSError, ValueError):
                    found[path.stem] = content(path, MOST_BYTES).decode()
        return found

    def _answer(self, answers: Mapping[str, str]) -> None:
        for name, text in answers.items():
            asked = self._folder / FOLDER / f"{name}{REQUEST}"
            self._received.add(name)
            if name in self._sent and asked.exists():  # else it was taken back
                with replaced(asked.with_suffix(ANSWER)) as file:
                    file.write_text(text, "utf-8")
                asked.unlink()
                self._sent.discard(name)

    def _mark(self, marks: list[str]) -> None:
        folder = self._folder / FOLDER
        folder.mkdir(exist_ok=True)
        for mark in MARKS:
            (folder / mark).touch() if mark in marks else (folder / mark).unlink(missing_ok=True)

    def _own(self, owner: Mapping[str, Any] | None, is_complete: bool) -> None:
        """Keeps the lock of the mirror alive while the run there has an owner; after that, once all news are here,
        removes it."""
        lock = self._folder / LOCK
        if owner is None:
            if is_complete:
                lock.unlink(missing_ok=True)
            return
        # The owner's process is not one of this machine, whatever its identity is: only the heartbeat tells.
        mirrored = json.dumps({**owner, "machine": f"{self._connection.host.name}: {owner['machine']}"})
        if not lock.is_file() or content(lock).decode() != mirrored:
            with replaced(lock) as file:
                file.write_text(mirrored, "utf-8")
        self._beat()

    def _beat(self) -> None:
        """Renews the heartbeat of the lock, if there is one."""
        if time.monotonic() - self._pulse < PULSE_SECONDS:
            return
        self._pulse = time.monotonic()
        with suppress(FileNotFoundError):
            os.utime(self._folder / LOCK)


def _append(path: Path, data: bytes) -> None:
    with open(path, "ab", opener=without_links) as file:
        file.write(data)
