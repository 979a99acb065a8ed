"""The queue: a folder with a folder for each entry. Its files are the whole state, so that it survives a crash.

`entry.json` says what to train, and is replaced when it is edited. `lock.json` exists while a process trains it
(`core.runs.run_lock`), and `outcome.json` from its end on. `device.json` names the device and counts the starts, and
`log.txt` has the output of the process.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import platformdirs

from core.data.names import content
from core.durable_write import PARTIAL, replaced, unwritable
from core.errors import FOREIGN_ERRORS, RunBusyError, UserError
from core.language import _
from core.queue.entry import AUTO, Entry, Outcome, State
from core.runs.run_lock import Owner, OwnerWatch, RunLock

ENTRY, OUTCOME, DEVICE, LOG, PAUSED = "entry.json", "outcome.json", "device.json", "log.txt", "paused"
REMOVED = ".removed"
"""Suffix of the folder of an entry that is being deleted."""


@dataclass(frozen=True)
class Listed:
    """An entry as it is now. `device`: where it runs or last ran. `starts`: number of starts without a new
    checkpoint since `step`. `owner`: process that trains it."""

    id: str
    folder: Path
    entry: Entry
    state: State
    outcome: Outcome | None = None
    owner: Owner | None = None
    device: str = ""
    starts: int = 0
    step: int = 0

    @property
    def facts(self) -> dict[str, Any]:
        """The entry for programs."""
        return {
            "id": self.id,
            "title": self.entry.title,
            "state": self.state,
            "run": str(self.entry.out),
            "source": self.entry.source,
            "device": self.device,
            "reason": self.outcome.reason if self.outcome else "",
        }


def queue_folder() -> Path:
    """Returns the folder of the queue: `GAN_STUDIO_QUEUE` if set, else in the user's data folder."""
    chosen = os.environ.get("GAN_STUDIO_QUEUE")
    return Path(chosen) if chosen else platformdirs.user_data_path("gan-studio", appauthor=False) / "queue"


class Queue:
    """Entries in a folder, in the order in which they run. Every method reads and writes the disk."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: None for the user's own queue. It is created with the first entry."""
        self.folder = folder if folder is not None else queue_folder()

    def entries(self) -> list[Listed]:
        """Returns every readable entry in order."""
        return sorted(self._read_all(), key=lambda listed: (listed.entry.order, listed.id))

    def entry(self, id: str) -> Listed:
        """Returns an entry by its ID, or by a unique beginning of it. Raises `UserError` if there is none."""
        found = [listed for listed in self._read_all() if listed.id.startswith(id)] if id else []
        if len(found) != 1:
            what = _("The queue has no entry {id!r}.") if not found else _("Several entries begin with {id!r}.")
            raise UserError(what.format(id=id), _("List the entries with gan-studio queue list."))
        return found[0]

    def add(self, entry: Entry) -> Listed:
        """Adds an entry at the end. Raises `UserError` if the folder cannot be written to."""
        last = max((listed.entry.order for listed in self._read_all()), default=0.0)
        folder = self.folder / f"{time.time_ns():020x}{token_hex(4)}"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        return self._written(folder, entry.model_copy(update={"order": last + 1.0}))

    def replace(self, id: str, entry: Entry) -> Listed:
        """Changes an entry that waits. Raises `UserError` if it runs or has ended."""
        listed = self._waiting(id)
        return self._written(listed.folder, entry.model_copy(update={"order": listed.entry.order}))

    def move(self, id: str, position: int) -> None:
        """Moves an entry to a position, from 0, among those that have not ended. Raises `UserError`."""
        moved = self._waiting(id)
        others = [each for each in self.entries() if not each.state.has_ended and each.id != moved.id]
        orders = [each.entry.order for each in others]
        place = min(max(position, 0), len(orders))
        after = orders[place] if place < len(orders) else max(orders, default=0.0) + 2.0
        before = orders[place - 1] if place else after - 2.0
        self._written(moved.folder, moved.entry.model_copy(update={"order": (before + after) / 2}))

    def hold(self, id: str, held: bool = True) -> None:
        """Keeps an entry from running until it is released. Raises `UserError` if it runs or has ended."""
        listed = self._waiting(id)
        self._written(listed.folder, listed.entry.model_copy(update={"held": held}))

    def remove(self, id: str) -> None:
        """Deletes an entry; its run stays. Raises `UserError` if it runs."""
        listed = self.entry(id)
        try:
            with RunLock(listed.folder):
                gone = listed.folder.with_name(listed.id + REMOVED)
                listed.folder.replace(gone)
        except RunBusyError as busy:
            raise UserError(
                _("{title} is running.").format(title=listed.entry.title), _("Stop it before you remove it.")
            ) from busy
        except OSError as error:
            raise unwritable(listed.folder, error) from error
        shutil.rmtree(gone, ignore_errors=True)

    @property
    def is_paused(self) -> bool:
        """True if no further entry is started."""
        return (self.folder / PAUSED).exists()

    def pause(self, paused: bool = True) -> None:
        """Starts no further entries, or does so again; those that run go on. Raises `UserError`."""
        mark = self.folder / PAUSED
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            mark.touch() if paused else mark.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(mark, error) from error

    def tell_device(self, listed: Listed, device: str, starts: int, step: int) -> None:
        """Records the device on which an entry is started, and the starts without progress. Raises `UserError`."""
        _write(listed.folder / DEVICE, json.dumps({"device": device, "starts": starts, "step": step}))

    def end(self, listed: Listed, state: State, reason: str, step: int = 0) -> None:
        """Records the end of an entry, once. Raises `UserError`."""
        if not (listed.folder / OUTCOME).exists():
            outcome = Outcome(state=state, reason=reason, step=step, ended=time.time())
            _write(listed.folder / OUTCOME, outcome.model_dump_json())

    def _read_all(self) -> Iterator[Listed]:
        with suppress(FileNotFoundError):
            for folder in self.folder.iterdir():
                if (listed := read(folder)) is not None:
                    yield listed

    def _waiting(self, id: str) -> Listed:
        listed = self.entry(id)
        if listed.state not in (State.WAITING, State.HELD):
            what = _("{title} runs or has ended.").format(title=listed.entry.title)
            raise UserError(what, _("Change its live settings while it runs, or add another entry."))
        return listed

    def _written(self, folder: Path, entry: Entry) -> Listed:
        _write(folder / ENTRY, entry.model_dump_json(indent=2))
        listed = read(folder)
        assert listed is not None
        return listed


def read(folder: Path) -> Listed | None:
    """Returns the entry in a folder; None if there is none, or it is damaged."""
    if folder.suffix == REMOVED or PARTIAL.fullmatch(folder.name):
        return None
    with suppress(*FOREIGN_ERRORS, UserError):
        entry = Entry.model_validate_json(content(folder / ENTRY))
        owner = OwnerWatch(folder).owner()
        facts = _facts(folder)
        with suppress(FileNotFoundError):
            outcome = Outcome.model_validate_json(content(folder / OUTCOME))
            return Listed(folder.name, folder, entry, outcome.state, outcome, None, *facts)
        state = State.RUNNING if owner else State.HELD if entry.held else State.WAITING
        return Listed(folder.name, folder, entry, state, None, owner, *facts)
    return None


def _facts(folder: Path) -> tuple[str, int, int]:
    with suppress(*FOREIGN_ERRORS):
        found = json.loads(content(folder / DEVICE))
        return str(found["device"]), int(found["starts"]), int(found["step"])
    return AUTO, 0, 0


def _write(path: Path, text: str) -> None:
    with replaced(path) as file:
        file.write_text(text, "utf-8")
