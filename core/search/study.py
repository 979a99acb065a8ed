"""Study: the folder of one search, with its plan, its trials and their runs. Imports neither torch nor Optuna.

`plan.json` says what to do; `trials` has a file and a run folder of each trial, `workers` a folder of each process that
searches, with its lock, and `stop` once it was asked to end. `progress.json` has what they do, `trials.log` is Optuna's
journal, and `log.txt` has the output of processes without a terminal. Paths in the files are relative to the study.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from threading import Thread
from time import sleep

from core.concurrency import own_process
from core.data.names import content
from core.durable_write import written
from core.errors import FOREIGN_ERRORS, UserError
from core.language import _
from core.queue.folder import trained_by
from core.runs.run import next_folder
from core.runs.run_lock import RunLock
from core.search.trial import Plan, SearchState, Trial

PLAN, PROGRESS, JOURNAL, LOG = "plan.json", "progress.json", "trials.log", "log.txt"
TRIALS, WORKERS, STOP = "trials", "workers", "stop"
START_SECONDS = 0.1
"""Seconds between two looks at whether the process has started."""
KIND = "search"
"""End of the names of the folders of studies."""


@dataclass(frozen=True)
class Snapshot:
    """A study at one moment. `is_running`: whether a process searches."""

    folder: Path
    plan: Plan
    state: SearchState
    is_running: bool

    @property
    def minutes_left(self) -> float | None:
        """Minutes of the time budget that are left; None once the search has ended."""
        return max(self.plan.minutes - self.state.seconds / 60, 0.0) if self.is_running else None


@dataclass(frozen=True)
class Worker:
    """One of the processes that search. `folder`: has its lock."""

    folder: Path

    @property
    def name(self) -> str:
        """Random name, in hexadecimal digits."""
        return self.folder.name

    @property
    def is_stop_asked(self) -> bool:
        """True if the process was asked to end."""
        return (self.folder / STOP).exists()


class Study:
    """Folder of a search. Every method reads or writes the disk, and raises `UserError` if it cannot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def begin(cls, runs: Path, title: str, plan: Plan) -> Study:
        """Makes a study in a new numbered folder in `runs`, and starts its process. `title`: of the dataset."""
        study = cls.make(next_folder(runs, title, KIND), plan)
        study.start()
        return study

    @classmethod
    def make(cls, folder: Path, plan: Plan) -> Study:
        """Makes a study in a new folder, without a process."""
        try:
            folder.mkdir(parents=True)
            (folder / TRIALS).mkdir()
            (folder / WORKERS).mkdir()
        except OSError as error:
            what = _("The folder {folder} cannot be made.").format(folder=folder)
            raise UserError(what, _("Check its permissions and its disk."), str(error)) from error
        study = cls(folder)
        study.write_plan(plan)
        return study

    def write_plan(self, plan: Plan) -> None:
        """Replaces the plan, such as for a larger budget."""
        self._write(self.folder / PLAN, plan.model_dump_json(indent=2))

    def read(self) -> Snapshot:
        """Returns the study as it is now."""
        try:
            plan = Plan.model_validate_json(content(self.folder / PLAN))
        except FOREIGN_ERRORS as error:
            what = _("The search {name} cannot be read.").format(name=self.folder.name)
            raise UserError(what, _("Begin another search."), str(error)) from error
        is_running = any(trained_by(worker) for worker in self._workers())
        return Snapshot(self.folder, plan, self._state(is_running), is_running)

    def _workers(self) -> list[Path]:
        return list((self.folder / WORKERS).glob("*"))

    def _state(self, is_running: bool) -> SearchState:
        names = sorted((self.folder / TRIALS).glob("*.json"))
        trials = [trial for name in names if (trial := self._trial(name)) is not None]
        told = {}
        with suppress(*FOREIGN_ERRORS):  # nothing told yet
            told = json.loads(content(self.folder / PROGRESS))
        return SearchState(
            trials=tuple(sorted(trials, key=lambda trial: trial.number)),
            activity=str(told.get("activity", "")),
            reason="" if is_running else str(told.get("reason", "")),
        )

    def trial(self, number: int) -> Trial | None:
        """Returns a trial as it is now; None if there is none, or it cannot be read."""
        return self._trial(self._file(number))

    def _trial(self, file: Path) -> Trial | None:
        with suppress(*FOREIGN_ERRORS):
            trial = Trial.model_validate_json(content(file))
            return trial.model_copy(update={"run": self.folder / TRIALS / trial.run.name})
        return None

    def _file(self, number: int) -> Path:
        return self.folder / TRIALS / f"{number:04d}.json"

    def start(self) -> None:
        """Starts the process that searches, which outlives this one, and waits until it has the lock. It goes on where
        the study was interrupted. Raises `UserError` if the process ends at once."""
        try:
            with (self.folder / LOG).open("ab") as log:
                call = "-m", "core.search.process", str(self.folder)
                process = own_process(*call, stdout=log, stderr=log, outlives=True)
        except OSError as error:
            raise UserError(_("The search could not be started."), _("Start it again."), str(error)) from error
        while not any(trained_by(worker) for worker in self._workers()):
            if process.poll() is not None:
                remedy = _("The details are in {file}.").format(file=self.folder / LOG)
                raise UserError(_("The search could not be started."), remedy)
            sleep(START_SECONDS)
        Thread(target=process.wait, name="end of the search", daemon=True).start()  # or it would stay a zombie

    def stop(self) -> None:
        """Asks every process that searches now to save its trial and to end; one that begins later goes on."""
        try:
            for worker in self._workers():
                with suppress(FileNotFoundError):  # it has just ended
                    (worker / STOP).touch()
        except OSError as error:
            what = _("The search could not be stopped.")
            raise UserError(what, _("Check the permissions of its folder and its disk."), str(error)) from error

    def tell(self, activity: str = "", reason: str = "") -> None:
        """Records what a process of the search does before its first trial, or why it has ended."""
        self._write(self.folder / PROGRESS, json.dumps({"activity": activity, "reason": reason}, ensure_ascii=False))

    def write_trial(self, trial: Trial) -> None:
        """Records the state of a trial. For the process that trains it."""
        text = trial.model_copy(update={"run": Path(trial.run.name)}).model_dump_json(indent=2)
        self._write(self._file(trial.number), text)

    def run_of(self, number: int) -> Path:
        """Returns the run folder of a trial."""
        return self.folder / TRIALS / f"{self.folder.name}-{number:04d}"

    @contextmanager
    def working(self) -> Iterator[Worker]:
        """Context in which this process is one of those that search."""
        folder = self.folder / WORKERS / token_hex(6)
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise self.unwritable(error) from error
        try:
            with RunLock(folder):
                yield Worker(folder)
        finally:
            with suppress(OSError):  # its folder without a lock does no harm
                (folder / STOP).unlink(missing_ok=True)
                folder.rmdir()

    def is_working(self, name: str) -> bool:
        """Returns whether another process that searches is alive."""
        return trained_by(self.folder / WORKERS / name) is not None

    def unwritable(self, error: OSError) -> UserError:
        """Returns the problem of a study that cannot be written to."""
        what = _("The search {name} cannot be written to.").format(name=self.folder.name)
        return UserError(what, _("Check its permissions and its disk."), str(error))

    def _write(self, file: Path, text: str) -> None:
        try:
            with written(file) as partial:
                partial.write_text(text, "utf-8")
        except OSError as error:
            raise self.unwritable(error) from error


def newest(runs: Path) -> Study | None:
    """Returns the study in `runs` that was made last; None if there is none. Raises `UserError`."""
    try:
        found = [path.parent for path in runs.glob(f"*-{KIND}/{PLAN}")]
    except OSError as error:
        what = _("The folder {folder} cannot be read.").format(folder=runs)
        raise UserError(what, _("Check its permissions and its disk."), str(error)) from error
    return Study(max(found)) if found else None
