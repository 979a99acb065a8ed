"""The queue: a folder with a folder for each entry. Its files are the whole state, so that it survives a crash.

`entry.json` says what to train, and is replaced when it is edited. `lock.json` exists while a process trains it
(`core.runs.run_lock`), and `outcome.json` from its end on. `device.json` names the device and counts the deaths of
its process, `stop` asks the process to end, and `log.txt` has its output. `order.json` has the order of moved entries.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import platformdirs

from core.config.settings import Settings
from core.data.names import content
from core.durable_write import PARTIAL, flush_folder, replaced
from core.errors import FOREIGN_ERRORS, RunBusyError, UserError
from core.language import _
from core.queue.entry import AUTO, CLUSTER, Entry, Outcome, State
from core.runs.mirrored import refuse_mirror
from core.runs.run import is_run, next_folder
from core.runs.run_lock import NAME, Owner, OwnerWatch, RunLock, alive

ENTRY, OUTCOME, DEVICE, STOP, LOG, PAUSED = "entry.json", "outcome.json", "device.json", "stop", "log.txt", "paused"
ORDER = "order.json"
TIME_DIGITS = 20
ID = re.compile(rf"[0-9a-f]{{{TIME_DIGITS + 8}}}")
"""ID of an entry: the nanoseconds since 1970 at which it was added, and a random number."""
REMOVED = ".removed"
"""Suffix of the folder of an entry that is being deleted."""
PARTIAL_SECONDS = 3600.0
"""Age in seconds from which a partial entry is that of a process that has ended."""
LOCK_SECONDS = 1.0
"""Seconds to wait for another change of an entry. A lock that is held for longer is that of a training."""


@dataclass(frozen=True)
class Listed:
    """An entry as it is now. `device`: where it runs or last ran. `deaths`: number of deaths of its process without a
    new checkpoint since `step`; one that runs counts until it ends in order. `owner`: process that trains it."""

    id: str
    folder: Path
    entry: Entry
    state: State
    outcome: Outcome | None = None
    owner: Owner | None = None
    device: str = ""
    deaths: int = 0
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
    """Entries in a folder, in the order in which they run. Every method reads and writes the disk, and raises
    `UserError` if it cannot."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: None for the user's own queue. It is created with the first entry."""
        self.folder = folder if folder is not None else queue_folder()

    def entries(self) -> list[Listed]:
        """Returns every readable entry in order."""
        ranks = {id: rank for rank, id in enumerate(self._moved())}
        return sorted(self._read_all(), key=lambda listed: (ranks.get(listed.id, len(ranks)), listed.id))

    def damaged(self) -> list[Path]:
        """Returns the files of the entries that cannot be read."""
        return [folder / ENTRY for folder in self._folders() if (folder / ENTRY).exists() and read(folder) is None]

    def entry(self, id: str) -> Listed:
        """Returns an entry by its ID, or by a unique beginning of it. Raises `UserError` if there is none."""
        named = [folder for folder in self._folders() if id and folder.name.startswith(id)]
        found = [listed for listed in map(read, named) if listed is not None]
        if len(found) != 1:
            what = _("The queue has no entry {id!r}.") if not found else _("Several entries begin with {id!r}.")
            raise UserError(what.format(id=id), _("List the entries with gan-studio queue list."))
        return found[0]

    def add(self, entry: Entry) -> Listed:
        """Adds an entry at the end. A run that exists at its `out` is continued. Raises `UserError` if another entry
        that has not ended trains there, or the run is that of another machine."""
        for other in self._read_all():
            if not other.state.has_ended and _same(other.entry.out, entry.out):
                what = _("The queue already has an entry with the run folder {run}.").format(run=entry.out)
                raise UserError(what, _("Choose another folder, or edit that entry."))
        if is_run(entry.out):
            refuse_mirror(entry.out)
            entry = entry.model_copy(update={"begun": True, "given": None})
        folder, partial = self.folder / self._new_id(), self.folder / f".{token_hex(8)}.partial"
        with self._writing():
            try:
                partial.mkdir(parents=True)
                _write(partial / ENTRY, entry.model_dump_json(indent=2))
                partial.replace(folder)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            flush_folder(self.folder)
        return _present(folder)

    def free_folder(self, runs: Path, title: str, kind: str) -> Path:
        """Returns the next numbered run folder in `runs` that neither exists nor belongs to an entry."""
        taken = [each.entry.out.name for each in self._read_all() if _same(each.entry.out.parent, runs)]
        return next_folder(runs, title, kind, taken)

    def replace(self, id: str, entry: Entry) -> Listed:
        """Changes an entry that waits. Raises `UserError` if it runs or has ended."""
        with self._changing(id) as listed:
            return self._written(listed, entry.model_copy(update={"begun": listed.entry.begun}))

    def move(self, id: str, position: int) -> None:
        """Moves an entry to a position, from 0, among those that have not ended. Raises `UserError`."""
        with self._changing(id) as moved:
            others = [each for each in self.entries() if each.id != moved.id]
            places = [place for place, each in enumerate(others) if not each.state.has_ended]
            place = places[max(position, 0)] if position < len(places) else len(others)
            ids = [each.id for each in others]
            _write(self.folder / ORDER, json.dumps([*ids[:place], moved.id, *ids[place:]]))

    def hold(self, id: str, held: bool = True) -> None:
        """Keeps an entry from running until it is released. Raises `UserError` if it runs or has ended."""
        with self._changing(id) as listed:
            self._written(listed, listed.entry.model_copy(update={"held": held}))

    def stop(self, id: str) -> None:
        """Ends an entry: at once if it waits; else its process saves the training and ends in a moment. Raises
        `UserError` if it has ended."""
        listed = self.entry(id)
        if listed.outcome is not None:
            raise UserError(
                _("{title} has ended already.").format(title=listed.entry.title),
                _("List the entries with gan-studio queue list."),
            )
        try:
            with RunLock(listed.folder):
                self.end(listed, State.STOPPED, _("Stopped on request."), listed.step)
        except RunBusyError:
            with self._writing():
                (listed.folder / STOP).touch()

    def retry(self, id: str) -> None:
        """Lets an entry that failed or was stopped wait again; it continues from its newest checkpoint. Raises
        `UserError`."""
        listed = self.entry(id)
        if listed.state not in (State.FAILED, State.STOPPED):
            what = _("{title} has neither failed nor been stopped.").format(title=listed.entry.title)
            raise UserError(what, _("List the entries with gan-studio queue list."))
        with self._writing(), RunLock(listed.folder):
            for name in (STOP, DEVICE, OUTCOME):
                (listed.folder / name).unlink(missing_ok=True)

    def remove(self, id: str) -> None:
        """Deletes an entry; its run stays. Raises `UserError` if it runs."""
        listed = self.entry(id)
        gone = listed.folder.with_name(listed.id + REMOVED)
        try:
            with self._writing(), RunLock(listed.folder):
                listed.folder.replace(gone)
        except RunBusyError as busy:
            raise UserError(
                _("{title} is running.").format(title=listed.entry.title), _("Stop it before you remove it.")
            ) from busy
        shutil.rmtree(gone, ignore_errors=True)

    @property
    def is_paused(self) -> bool:
        """True if no further entry is started."""
        return (self.folder / PAUSED).exists()

    @property
    def waits(self) -> bool:
        """True if an entry waits for the runner."""
        waiting = (listed for listed in self._read_all() if listed.state is State.WAITING)
        return not self.is_paused and any(listed.entry.device != CLUSTER for listed in waiting)

    def pause(self, paused: bool = True) -> None:
        """Starts no further entries, or does so again; those that run go on. Raises `UserError`."""
        mark = self.folder / PAUSED
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            mark.touch() if paused else mark.unlink(missing_ok=True)

    def tell_device(self, listed: Listed, device: str, deaths: int, step: int) -> None:
        """Records the device on which an entry is started, and the deaths without progress. Raises `UserError`."""
        _write(listed.folder / DEVICE, json.dumps({"device": device, "deaths": deaths, "step": step}))

    def tell_begun(self, listed: Listed, settings: Settings | None = None) -> None:
        """Records that the run at `out` is that of the entry, and the settings in force. For the process that trains
        it. Raises `UserError`."""
        update = {"begun": True} if settings is None else {"begun": True, "settings": settings, "given": None}
        self._written(listed, _present(listed.folder).entry.model_copy(update=update))

    def end(self, listed: Listed, state: State, reason: str, step: int = 0) -> None:
        """Records the end of an entry, once. Raises `UserError`."""
        if not (listed.folder / OUTCOME).exists():
            outcome = Outcome(state=state, reason=reason, step=step, ended=time.time())
            _write(listed.folder / OUTCOME, outcome.model_dump_json())

    def _read_all(self) -> Iterator[Listed]:
        return (listed for folder in self._folders() if (listed := read(folder)) is not None)

    def sweep(self) -> None:
        """Deletes what interrupted changes left behind; what cannot be deleted now is tried again the next time."""
        with suppress(OSError):
            for left in self.folder.iterdir():
                is_partial = PARTIAL.fullmatch(left.name) and time.time() - left.lstat().st_mtime > PARTIAL_SECONDS
                if is_partial or (left.suffix == REMOVED and ID.fullmatch(left.stem)):
                    shutil.rmtree(left, ignore_errors=True)

    def _moved(self) -> list[str]:
        """Returns the IDs in the order to which they were moved. Entries that were added later are not among them."""
        with suppress(*FOREIGN_ERRORS):
            return [str(id) for id in json.loads(content(self.folder / ORDER))]
        return []

    def _new_id(self) -> str:
        """Returns an ID that is greater than all others, also if the clock was put back."""
        times = [int(each.name[:TIME_DIGITS], 16) for each in self._folders() if ID.fullmatch(each.name)]
        return f"{max([time.time_ns(), *(last + 1 for last in times)]):0{TIME_DIGITS}x}{token_hex(4)}"

    def _folders(self) -> list[Path]:
        try:
            found = list(self.folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            what = _("The queue {folder} cannot be read.").format(folder=self.folder)
            raise UserError(what, _("Check its permissions and its disk."), str(error)) from error
        return [each for each in found if each.suffix != REMOVED and not PARTIAL.fullmatch(each.name)]

    @contextmanager
    def _changing(self, id: str) -> Iterator[Listed]:
        """Context in which an entry waits and no other process can start or change it."""
        listed = self.entry(id)
        with ExitStack() as lock:
            try:
                lock.enter_context(entry_lock(listed.folder))
            except RunBusyError as busy:
                raise _not_waiting(listed) from busy
            listed = _present(listed.folder)
            if listed.outcome is not None:
                raise _not_waiting(listed)
            yield listed

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            what = _("The queue {folder} cannot be written to.").format(folder=self.folder)
            raise UserError(what, _("Check its permissions and its disk."), str(error)) from error

    def _written(self, listed: Listed, entry: Entry) -> Listed:
        _write(listed.folder / ENTRY, entry.model_dump_json(indent=2))
        return _present(listed.folder)


def read(folder: Path) -> Listed | None:
    """Returns the entry in a folder; None if there is none, or it is damaged."""
    with suppress(*FOREIGN_ERRORS, UserError):
        entry = Entry.model_validate_json(content(folder / ENTRY))
        facts = _facts(folder)
        if (outcome := _outcome(folder)) is not None:
            return Listed(folder.name, folder, entry, outcome.state, outcome, None, *facts)
        owner = trained_by(folder)
        state = State.RUNNING if owner else State.HELD if entry.held else State.WAITING
        return Listed(folder.name, folder, entry, state, None, owner, *facts)
    return None


@contextmanager
def entry_lock(folder: Path) -> Iterator[RunLock]:
    """Context in which no other process trains or changes the entry in a folder. Waits for short changes by others.
    Raises `RunBusyError` if another process trains it."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        lock = RunLock(folder)
        with ExitStack() as held:
            try:
                held.enter_context(lock)
            except RunBusyError:
                if time.monotonic() > until:
                    raise
            else:
                yield lock
                return
        time.sleep(0.05)


def trained_by(folder: Path) -> Owner | None:
    """Returns the other process that holds the lock of an entry or a run; None if it has crashed."""
    lock = folder / NAME
    if not os.path.lexists(lock):
        return None
    try:
        owner = alive(lock)
    except OSError:  # a folder that cannot be written to
        return OwnerWatch(folder).owner()
    return None if owner is None or owner.is_here else owner


def stop_asked(folder: Path) -> bool:
    """Returns whether the process that trains the entry in a folder has to end."""
    return (folder / STOP).exists()


def _present(folder: Path) -> Listed:
    listed = read(folder)
    if listed is None:
        what = _("The entry {file} cannot be read.").format(file=folder / ENTRY)
        raise UserError(what, _("Remove its folder, and add the training again."))
    return listed


def _outcome(folder: Path) -> Outcome | None:
    try:
        return Outcome.model_validate_json(content(folder / OUTCOME))
    except FileNotFoundError:
        return None
    except FOREIGN_ERRORS:
        reason = _("Its outcome in {file} cannot be read.").format(file=folder / OUTCOME)
        return Outcome(state=State.FAILED, reason=reason, ended=0.0)


def _facts(folder: Path) -> tuple[str, int, int]:
    with suppress(*FOREIGN_ERRORS):
        found = json.loads(content(folder / DEVICE))
        return str(found["device"]), int(found["deaths"]), int(found["step"])
    return AUTO, 0, 0


def _not_waiting(listed: Listed) -> UserError:
    what = _("{title} runs or has ended.").format(title=listed.entry.title)
    return UserError(what, _("Change its live settings while it runs, or add another entry."))


def _same(one: Path, other: Path) -> bool:
    return os.path.normcase(one.absolute()) == os.path.normcase(other.absolute())


def _write(path: Path, text: str) -> None:
    with replaced(path) as file:
        file.write_text(text, "utf-8")
