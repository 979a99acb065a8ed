"""Service that keeps the name of the open run and writes it into the run folder."""

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
    """Keeps the name of a run until its folder exists."""

    named = Signal(str)
    """Name of the open or next run; empty for none."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = ""
        self._folder: Path | None = None
        self._wanted: dict[Path, str] = {}
        self._lock = Lock()
        self._reading = NewestTask(workers)
        self._workers = workers

    def open(self, folder: Path) -> None:
        """Uses the name of the run in this folder."""
        self._folder = folder
        self._put("")
        self._read(folder)

    def leave(self) -> None:
        """Prepares for a new run; the previous run keeps its name."""
        self._reading.drop()
        if self._folder is not None:
            self._folder = None
            self._put("")

    def begin(self, folder: Path) -> None:
        """Writes a kept name into the folder of the started training."""
        if folder == self._folder:
            return
        is_new, self._folder = self._folder is None, folder
        if is_new and self.name:
            self.set(self.name)
        else:
            self._put("")
            self._read(folder)

    def set(self, name: str) -> None:
        """Names the open or next run."""
        self._reading.drop()
        self._put(plain_name(name))
        if (folder := self._folder) is not None:
            self._wanted[folder] = self.name
            write = partial(as_generator, self._write, folder)
            self._workers.spawn(
                write, end=partial(self._read, folder)
            )  # a name that could not be written does not count

    def _write(self, folder: Path) -> None:
        with self._lock:  # of two names given in quick succession the last one stays
            write_name(folder, self._wanted[folder])

    def _read(self, folder: Path) -> None:
        if folder == self._folder:
            self._reading.start(partial(as_generator, read_name, folder), done=self._put)

    def _put(self, name: str) -> None:
        if name != self.name:
            self.name = name
            self.named.emit(name)
