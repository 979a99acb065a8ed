"""Service of the search for settings: starts and stops searches, and lists the newest, in a thread of its own."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from core.errors import UserError
from core.events import Images
from core.runs.sample_grid import read_pixels
from core.search.study import Snapshot, Study, newest
from core.search.trial import Plan
from studio.background.threads import LatestThread
from studio.model.search.listing import SearchListing

VISIBLE_MS, HIDDEN_MS = 1000, 5000
"""Interval between two looks at the search, while it is on screen and otherwise."""


class SearchService(QObject):
    """The newest search in a folder of runs. Every method returns at once; emits every signal in the GUI thread."""

    listed = Signal(object)
    """A `SearchListing`, when it has changed."""
    began = Signal()
    """A search has begun."""
    sampled = Signal(int, object)
    """The place and the pixels (H, W, C) of a requested grid, or its `UserError`."""
    problem = Signal(object)

    def __init__(self, runs: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.listing: SearchListing | None = None
        self._runs, self._changes = runs, count()
        self._thread = LatestThread(self)
        self._thread.failed.connect(self.problem)
        self._timer = QTimer(self, interval=HIDDEN_MS)
        self._timer.timeout.connect(self._look_again)

    def start(self) -> None:
        """Begins to follow the newest search, which another window may have begun."""
        self._thread.start()
        self._look()

    def set_visible(self, visible: bool) -> None:
        """Looks more often while the search is on screen."""
        self._timer.setInterval(VISIBLE_MS if visible else HIDDEN_MS)
        if visible:
            self._look()

    def begin(self, plan: Plan, title: str) -> None:
        """Begins a search. `title`: of its dataset."""

        def work() -> Snapshot:
            return Study.begin(self._runs, title, plan).read()

        def done(snapshot: Snapshot) -> None:
            self._show(snapshot)
            self.began.emit()

        self._thread.ask(f"change {next(self._changes)}", work, done)

    def stop(self) -> None:
        """Asks the search to end."""
        if self.listing is not None:
            self._thread.ask(f"change {next(self._changes)}", Study(self.listing.folder).stop)

    def resume(self) -> None:
        """Lets an interrupted search go on."""
        if self.listing is not None:
            study = Study(self.listing.folder)

            def work() -> Snapshot:
                study.start()
                return study.read()

            self._thread.ask(f"change {next(self._changes)}", work, self._show)

    def read_samples(self, place: int, path: Path) -> None:
        """Reads a grid of samples, as `sampled`."""

        def work() -> Images | UserError:
            try:
                return read_pixels(path)
            except UserError as problem:
                return problem

        self._thread.ask(f"samples {place}", work, lambda found: self.sampled.emit(place, found))

    def shutdown(self) -> None:
        """Ends the thread after its current work; the search goes on."""
        self._timer.stop()
        self._thread.stop()
        self._thread.wait()

    def _look_again(self) -> None:
        if self.listing is not None and (self.listing.is_running or self._timer.interval() == VISIBLE_MS):
            self._look()

    def _look(self) -> None:
        self._thread.ask("look", self._newest, self._show)

    def _newest(self) -> Snapshot | None:
        study = newest(self._runs)
        return None if study is None else study.read()

    def _show(self, snapshot: Snapshot | None) -> None:
        self._timer.start()
        if snapshot is not None and (self.listing is None or snapshot != self.listing.snapshot):
            self.listing = SearchListing(snapshot)
            self.listed.emit(self.listing)
