"""Examines the open dataset, shows what was found in it, and leaves images out: each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.events import Event, Progress
from core.findings import Finding
from studio.examining import (
    Comparison,
    Examined,
    LeftOut,
    TakenBack,
    compare,
    examine_dataset,
    leave_out,
    look_at,
    take_back,
)
from studio.threads import Events, IteratorThread
from studio.workers import Workers

if TYPE_CHECKING:
    from core.data import Dataset
    from core.preparation import Preparation


class Curator(QObject):
    """Of each kind of question only the newest is answered; what cannot be done is the workers' `problem`."""

    examination_began = Signal()
    examination_progressed = Signal(object)
    examined = Signal(object)
    """An `Examined`."""
    examination_ended = Signal()
    looked = Signal(object)
    """A `Page`."""
    compared = Signal(object)
    """A `Comparison`."""
    left_out = Signal(str, object)
    """A source, and the names of the images that were left out of it."""
    taken_back = Signal(str, object)
    changed = Signal(str)
    """Other images than before belong to this source."""

    def __init__(self, workers: Workers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._threads: dict[str, IteratorThread] = {}
        self._dataset: Dataset | None = None
        self._examined: Examined | None = None

    def examine(self, dataset: Dataset, how: Preparation, augment: str) -> None:
        """Looks at every image; the examination of another dataset is given up for it."""
        self._dataset, self._examined = dataset, None
        self._give_up("look")
        self.examination_began.emit()
        make = partial(examine_dataset, dataset, how, augment)
        self._ask("examine", make, self._show_examined, self.examination_ended.emit)

    def look(self, finding: Finding, number: int) -> None:
        """A page of the images that a finding is about, as `looked`."""
        if self._dataset is not None:
            self._ask("look", partial(look_at, self._dataset, finding, number), self.looked.emit)

    def compare(self, source: str, how: Preparation, seed: int) -> None:
        """Originals beside what becomes of them, as `compared`."""
        self._ask("compare", partial(compare, source, how, seed), self._show_compared)

    def leave_out(self, finding: Finding, toggled: frozenset[int]) -> None:
        """What the finding suggests, but for the images of which the person decided otherwise."""
        if self._dataset is not None:
            self._change(partial(leave_out, self._dataset, finding.excludable, toggled))

    def leave_out_suggested(self) -> None:
        """Everything that the examination suggests."""
        if self._dataset is not None and self._examined is not None:
            self._change(partial(leave_out, self._dataset, self._examined.suggested))

    def take_back(self, source: str, names: Sequence[str]) -> None:
        """Includes images again."""
        self._change(partial(take_back, source, names))

    def _change(self, make: Callable[[], Events]) -> None:
        self._workers.spawn(make, self._show_changed)  # every one counts, not only the newest

    def _ask(
        self,
        kind: str,
        make: Callable[[], Events],
        show: Callable[[Event], object],
        end: Callable[[], object] = lambda: None,
    ) -> None:
        self._give_up(kind)

        def show_newest(event: Event) -> None:
            if self._threads.get(kind) is thread:
                show(event)

        def finish() -> None:
            if self._threads.get(kind) is thread:
                del self._threads[kind]
                end()

        thread = self._workers.spawn(make, show_newest, finish)
        self._threads[kind] = thread

    def _give_up(self, kind: str) -> None:
        if kind in self._threads:
            self._threads.pop(kind).stop()

    def _show_examined(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.examination_progressed.emit(event)
        elif isinstance(event, Examined):
            self._examined = event
            self.examined.emit(event)

    def _show_compared(self, event: Event) -> None:
        if isinstance(event, Comparison):
            self.compared.emit(event)

    def _show_changed(self, event: Event) -> None:
        if isinstance(event, LeftOut):
            self.left_out.emit(event.source, event.names)
            self.changed.emit(event.source)
        elif isinstance(event, TakenBack):
            self.taken_back.emit(event.source, event.names)
            self.changed.emit(event.source)
