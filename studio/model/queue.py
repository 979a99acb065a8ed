"""Values shown by the Queue workspace: its entries, and trainings to add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config.settings import Settings
from core.language import _, in_context, number
from core.queue.entry import CLUSTER, Entry, State
from core.queue.folder import Listed
from core.queue.progress import progress
from core.runs.requests import is_paused
from studio.model.run_status import duration

STATES: Mapping[State, str] = {
    State.WAITING: in_context("queue", "Waiting"),
    State.HELD: in_context("queue", "Held"),
    State.RUNNING: in_context("queue", "Training"),
    State.DONE: in_context("queue", "Done"),
    State.STOPPED: in_context("queue", "Stopped"),
    State.FAILED: in_context("queue", "Failed"),
}


@dataclass(frozen=True)
class NewEntry:
    """Training to add to the queue. `title`: of its dataset. `given` and `resume`: as for `core.queue.entry.Entry`.
    `is_copy`: the training goes on in another run than that of `resume`."""

    source: str
    title: str
    settings: Settings
    given: dict[str, Any] | None = None
    resume: Path | None = None
    is_copy: bool = False


@dataclass(frozen=True)
class QueueRow:
    """One entry. `share`: part of its limit that is reached, from 0 to 1; None without a limit. `left`: time left.
    `is_paused`: whether its training was paused on request."""

    id: str
    entry: Entry
    state: State
    device: str
    step: int
    share: float | None
    left: str
    reason: str
    has_run: bool
    is_paused: bool

    @classmethod
    def of(cls, listed: Listed) -> QueueRow:
        """Returns the row of an entry. Reads the last report of its run."""
        done, state = progress(listed), listed.state
        left = done.minutes_left if state is State.RUNNING else None
        return cls(
            listed.id,
            listed.entry,
            state,
            listed.entry.device if state in (State.WAITING, State.HELD) else listed.device,
            done.step,
            done.share,
            "" if left is None else duration(60 * left),
            listed.outcome.reason if listed.outcome else "",
            (listed.entry.out / "config.json").is_file(),
            state is State.RUNNING and is_paused(listed.entry.out),
        )

    @property
    def title(self) -> str:
        """Name of the run folder."""
        return self.entry.title

    @property
    def state_text(self) -> str:
        """State in a word."""
        return _("Paused") if self.is_paused else STATES[self.state]

    @property
    def waits(self) -> bool:
        """Tells whether the entry can be edited, moved and held."""
        return self.state in (State.WAITING, State.HELD)

    @property
    def progress(self) -> str:
        """Progress in words; empty before the first report."""
        return _("step {step}").format(step=number(self.step)) if self.step else ""

    @property
    def tip(self) -> str:
        """Run folder, dataset and limits, one per line."""
        settings = self.entry.settings
        lines = [str(self.entry.out), self.entry.source]
        if settings.steps is not None:
            lines.append(_("Steps: {count}").format(count=number(settings.steps)))
        if settings.minutes is not None:
            lines.append(_("Minutes: {count}").format(count=f"{settings.minutes:g}"))
        return "\n".join(lines)


@dataclass(frozen=True)
class QueueListing:
    """The entries in order. `is_served`: whether a process starts them."""

    rows: tuple[QueueRow, ...] = ()
    is_paused: bool = False
    is_served: bool = False

    @property
    def open_rows(self) -> list[QueueRow]:
        """The entries that have not ended."""
        return [row for row in self.rows if not row.state.has_ended]

    def running(self, run: Path) -> QueueRow | None:
        """Returns the entry that trains a run, or None."""
        return next((row for row in self.rows if row.state is State.RUNNING and row.entry.out == run), None)

    def count(self, *states: State) -> int:
        """Returns the number of entries in some states."""
        return sum(row.state in states for row in self.rows)

    @property
    def goes_on(self) -> bool:
        """Tells whether waiting entries will be started."""
        waiting = any(row.state is State.WAITING and row.entry.device != CLUSTER for row in self.rows)
        return not self.is_paused and (self.is_served or not waiting)

    @property
    def text(self) -> str:
        """State of the queue in a line."""
        if not self.rows:
            return ""
        waiting, running = self.count(State.WAITING, State.HELD), self.count(State.RUNNING)
        counts = _("{running} training, {waiting} waiting, {ended} ended").format(
            running=number(running), waiting=number(waiting), ended=number(len(self.rows) - waiting - running)
        )
        if self.is_paused:
            return " · ".join((counts, _("The queue is paused.")))
        return counts if self.goes_on else " · ".join((counts, _("The queue has not been started.")))
