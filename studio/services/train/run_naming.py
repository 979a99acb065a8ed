"""Service that keeps the name of the run that is open, and writes it into the run's folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Lock

from PySide6.QtCore import QObject, Signal

from core.concurrency import as_generator
from core.runs.run_name import plain_name, read_name, write_name
from studio.background.newest_task import NewestTask
from studio.background.workers import Workers


class RunNaming(QObject):
    """Before a run has a folder its name is kept, and is given to it when it begins."""

    named = Signal(str)
    """The name of the run that is open, or will begin; empty for none."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = ""
        self._folder: Path | None = None
        self._wanted: dict[Path, str] = {}
        self._lock = Lock()
        self._reading = NewestTask(workers)
        self._workers = workers

    def open(self, folder: Path) -> None:
        """From now on the name is that of the run in this folder."""
        self._folder = folder
        self._put("")
        self._read(folder)

    def leave(self) -> None:
        """The next run is a new one: the name of the one that was open stays with that."""
        self._reading.drop()
        if self._folder is not None:
            self._folder = None
            self._put("")

    def begin(self, folder: Path) -> None:
        """A training goes on in this folder; a name that was kept for it is written there."""
        if folder == self._folder:
            return
        is_new, self._folder = self._folder is None, folder
        if is_new and self.name:
            self.set(self.name)
        else:
            self._put("")
            self._read(folder)

    def set(self, name: str) -> None:
        """Names the run, or the next one."""
        self._reading.drop()
        self._put(plain_name(name))
        if (folder := self._folder) is not None:
            self._wanted[folder] = self.name
            write = partial(as_generator, self._write, folder)
            self._workers.spawn(write, end=partial(self._read, folder))  # what could not be written is not its name

    def _write(self, folder: Path) -> None:
        with self._lock:  # of two names that are given in a hurry the last one stays
            write_name(folder, self._wanted[folder])

    def _read(self, folder: Path) -> None:
        if folder == self._folder:
            self._reading.start(partial(as_generator, read_name, folder), done=self._put)

    def _put(self, name: str) -> None:
        if name != self.name:
            self.name = name
            self.named.emit(name)
