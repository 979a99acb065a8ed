"""Service of the queue of trainings: lists it again and again, and changes it, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from core.data.names import quoted
from core.errors import UserError
from core.language import _
from core.queue.entry import Entry, State
from core.queue.folder import Queue
from core.runs.run import is_run
from core.runs.run_name import dataset_title
from studio.background.threads import LatestThread
from studio.model.queue import NewEntry, QueueListing, QueueRow
from studio.services.open_path import recognize

if TYPE_CHECKING:
    from core.config.settings import Settings

VISIBLE_MS, HIDDEN_MS = 1000, 5000
"""Interval between two looks at the queue, while it is on screen and otherwise."""


class QueueService(QObject):
    """The user's queue. Every method returns at once; emits every signal in the GUI thread."""

    listed = Signal(object)
    """A `QueueListing`, when it has changed."""
    added = Signal(list)
    """Names of the run folders of added entries."""
    problem = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.listing = QueueListing()
        self._queue = Queue()
        self._changes = count()
        self._removing: set[str] = set()
        """Entries to be removed as soon as their trainings have stopped."""
        self._thread = LatestThread(self)
        self._thread.failed.connect(self.problem)
        self._timer = QTimer(self, interval=HIDDEN_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """Begins to list the queue, and starts what waits in it unless it is paused."""
        self._thread.start()
        self._timer.start()
        self._change(_start)

    def set_visible(self, visible: bool) -> None:
        """Looks more often while the queue is on screen."""
        self._timer.setInterval(VISIBLE_MS if visible else HIDDEN_MS)
        if visible:
            self.look()

    def look(self) -> None:
        """Lists the queue soon."""
        self._thread.ask("list", lambda: _listing(self._queue), self._show)

    def add(self, wanted: Sequence[NewEntry], runs: Path) -> None:
        """Adds trainings at the end, in new run folders below `runs`, and starts the queue unless it is paused.

        A training that continues from the newest checkpoint of a run goes on in that run.
        """
        self._thread.ask(f"change {next(self._changes)}", lambda: _added(self._queue, wanted, runs), self._show_added)

    def hand_over(self, run: Path, source: str, settings: Settings, done: Callable[[], object]) -> None:
        """Puts the run that this window trains first in the queue, and starts it. Calls `done` after that.

        The entry waits for the lock of the run, so that it starts as soon as the window has saved or was killed.
        """

        def work() -> None:
            entry = self._queue.add(Entry(source=source, settings=settings, out=run, device=settings.device))
            self._queue.move(entry.id, 0)
            self._queue.pause(False)
            _start(self._queue)

        self._thread.ask(f"change {next(self._changes)}", work, lambda _: done())

    def take_back(self, run: Path, paused: bool) -> None:
        """Removes the waiting entry of a run that was to be handed over, and pauses the queue again if it was."""

        def work(queue: Queue) -> None:
            for listed in queue.entries():
                if listed.state is State.WAITING and listed.entry.out == run:
                    queue.remove(listed.id)
            queue.pause(paused)

        self._change(work)

    def replace(self, row: QueueRow, entry: Entry) -> None:
        """Changes an entry that waits."""
        self._change(lambda queue: queue.replace(row.id, entry))

    def move(self, id: str, position: int) -> None:
        """Moves an entry to a position, from 0, among those that have not ended."""
        self._change(lambda queue: queue.move(id, position))

    def hold(self, row: QueueRow) -> None:
        """Keeps a waiting entry from running, releases a held one, and lets one that has ended run again."""

        def work(queue: Queue) -> None:
            if row.state.has_ended:
                queue.retry(row.id)
            else:
                queue.hold(row.id, row.state is State.WAITING)
            _start(queue)

        self._change(work)

    def stop(self, row: QueueRow) -> None:
        """Saves and ends the training of an entry."""
        self._change(lambda queue: queue.stop(row.id))

    def remove(self, rows: Sequence[QueueRow]) -> None:
        """Removes entries; stops those that run before. Their runs stay."""
        running = {row.id for row in rows if row.state is State.RUNNING}
        self._removing |= running

        def work(queue: Queue) -> None:
            for row in rows:
                queue.stop(row.id) if row.id in running else queue.remove(row.id)

        self._change(work)

    def pause(self, paused: bool) -> None:
        """Starts no further entries, or starts the queue."""

        def work(queue: Queue) -> None:
            queue.pause(paused)
            _start(queue)

        self._change(work)

    def shutdown(self) -> None:
        """Ends the thread after its current work; trainings in the queue go on."""
        self._timer.stop()
        self._thread.stop()
        self._thread.wait()

    def _change(self, work: Callable[[Queue], object]) -> None:
        """Changes the queue in the thread, after the changes before, and lists it."""

        def run() -> QueueListing:
            work(self._queue)
            return _listing(self._queue)

        self._thread.ask(f"change {next(self._changes)}", run, self._show)

    def _show(self, listing: QueueListing) -> None:
        ended = [row for row in listing.rows if row.id in self._removing and row.state.has_ended]
        if ended:
            self._removing -= {row.id for row in ended}
            self.remove(ended)
        if listing != self.listing:
            self.listing = listing
            self.listed.emit(listing)

    def _show_added(self, found: tuple[list[str], QueueListing]) -> None:
        titles, listing = found
        self._show(listing)
        self.added.emit(titles)


def _start(queue: Queue) -> None:
    """Starts what waits, unless the queue is paused or served. Raises `UserError`."""
    from core.queue.runner import start_runner

    if queue.waits:
        start_runner(queue)


def _listing(queue: Queue) -> QueueListing:
    from core.queue.runner import is_served

    return QueueListing(tuple(map(QueueRow.of, queue.entries())), queue.is_paused, is_served(queue))


def _added(queue: Queue, wanted: Sequence[NewEntry], runs: Path) -> tuple[list[str], QueueListing]:
    for new in wanted:
        if recognize(new.source) != "data":
            name = quoted(dataset_title(new.source))
            raise UserError(_("{name} is no dataset.").format(name=name), _("Add folders or archives of images."))
    titles = [queue.add(_entry(queue, new, runs)).entry.title for new in wanted]
    _start(queue)
    return titles, _listing(queue)


def _entry(queue: Queue, new: NewEntry, runs: Path) -> Entry:
    """Returns the entry of a new training, with the folder of its run. Raises `UserError`."""
    from core.runs.run import Run

    settings, resume = new.settings, new.resume
    run = resume.parent.parent if resume is not None else None
    if run is not None and not new.is_copy and is_run(run) and Run(run).newest() == resume:
        return Entry(source=new.source, settings=settings, out=run, device=settings.device)
    kind = f"{settings.task}-{settings.preset}" if settings.translates else settings.preset
    return Entry(
        source=new.source,
        settings=settings,
        given=new.given,
        out=queue.free_folder(runs, new.title or dataset_title(new.source), kind),
        resume=resume,
        device=settings.device,
    )
