"""Mirror of a run on another machine: a local run folder that follows it, at one round trip a second.

Whatever watches, compares or reads runs works on the mirror as on any run that another process trains. Its lock is kept
alive while the run there has an owner, and while the connection is lost. Requests that are written into it are carried
out there, and their answers come back. No other process of this machine trains in it (`core.runs.mirrored`).
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

import platformdirs

from core.data.names import content
from core.durable_write import replaced, unwritable
from core.errors import UserError
from core.events import Event, Waiting
from core.language import _
from core.remote.connection import Connection, RefusedThereError, pauses
from core.remote.frames import Frame
from core.remote.mirrored_files import MirroredFiles
from core.remote.operations.poll import ASKED, MARKS
from core.remote.ssh import NoConnectionError
from core.runs.mirrored import become_mirror
from core.runs.requests import ANSWER, FOLDER, MOST_BYTES, REQUEST
from core.runs.run_lock import NAME as LOCK
from core.runs.run_lock import PULSE_SECONDS, RunLock

ROUND_SECONDS = 1.0
TURN_SECONDS = 0.1
"""Seconds between two yields."""


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
    names = (re.sub(r"[^\w-]+", "-", text)[:80] or "run" for text in (id, title))
    return platformdirs.user_data_path("gan-studio", appauthor=False).joinpath("mirrors", host, *names)


def mirror(
    connection: Connection, id: str, folder: Path, is_wanted: Callable[[], bool] = lambda: False
) -> Generator[Event, None, None]:
    """Follows the run of an entry of the queue there until the entry has ended and all news are here.

    Yields `Mirrored` after each round, `Lost`, `Restored`, and `Waiting` several times a second. The first and the last
    checkpoint are fetched, and the newest one whenever `is_wanted` returns true. A name that the run was given here is
    kept. Raises `RunBusyError` if another process follows the run into the same folder, `RefusedThereError` if the
    entry is no longer there, and `UserError` if the folder cannot be written to, or has files of something else.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    with RunLock(folder.parent):
        become_mirror(folder, connection.host.name, id)
        yield from _Mirror(connection, id, folder).events(is_wanted)


class _Mirror:
    def __init__(self, connection: Connection, id: str, folder: Path) -> None:
        self._connection, self._id, self._folder = connection, id, folder
        self._files = MirroredFiles(folder)
        self._sent: set[str] = set()
        """Requests that were sent and have no answer yet."""
        self._received: set[str] = set()
        """Requests whose answers have arrived since the last round."""
        self._pulse = 0.0

    def events(self, is_wanted: Callable[[], bool]) -> Generator[Event, None, None]:
        waits, is_lost, pause = pauses(), False, 0.0
        try:
            self._files.remove_partials()
        except OSError as error:
            raise unwritable(self._folder, error) from error
        while True:
            try:
                while not (reply := self._round(is_wanted()))["is_complete"]:
                    yield Waiting()
                pause = ROUND_SECONDS
                if is_lost:
                    waits, is_lost = pauses(), False
                    yield Restored()
                mirrored = Mirrored(reply, self._files.newest.removeprefix("checkpoints/"))
                yield mirrored
                if mirrored.has_ended:
                    return
            except NoConnectionError as problem:
                is_lost, pause = True, next(waits)
                self._beat()
                yield Lost(problem)
            except RefusedThereError:  # the entry was removed there
                (self._folder / LOCK).unlink(missing_ok=True)
                raise
            except OSError as error:
                raise unwritable(self._folder, error) from error
            until = time.monotonic() + pause
            while time.monotonic() < until:
                yield Waiting()
                time.sleep(TURN_SECONDS)

    def _round(self, is_wanted: bool) -> dict[str, Any]:
        """Makes one round trip; returns the answer. `is_complete` in it: nothing more is to be fetched."""
        requests = self._requests()
        reply = self._connection.call(
            "poll",
            id=self._id,
            logs=dict(self._files.logs()),
            listing=self._files.listing,
            want=self._files.wanted(),
            requests=requests,
            received=sorted(self._received),
            withdrawn=sorted(self._sent - requests.keys()),
        )
        self._sent, self._received = set(requests), set()
        try:
            return self._take_news(reply, is_wanted)
        except (LookupError, TypeError, ValueError) as error:
            what = _("{host} sent news that cannot be read.").format(host=self._connection.host.name)
            remedy = _("Install the same version there with gan-studio hosts install.")
            raise UserError(what, remedy, repr(error)) from error

    def _take_news(self, reply: Frame, is_wanted: bool) -> dict[str, Any]:
        """Writes what has arrived. Raises as `MirroredFiles` does."""
        header, body = dict(reply.header), reply.body
        if "files" in header:
            self._files.take_listing(header["files"], int(header["listing"]))
        for piece in header["pieces"]:
            self._files.take(str(piece["name"]), int(piece["offset"]), body[: piece["bytes"]], int(piece["size"]))
            body = body[piece["bytes"] :]
        self._files.pass_over(header["unreadable"])
        self._answer(header["answers"])
        self._mark(header["marks"])
        self._files.want_checkpoint(is_needed=is_wanted or header["has_ended"])
        header["is_complete"] = not (header["more"] or self._files.wanted())
        self._own(header["owner"], header["is_complete"])
        return header

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
