"""Values shown by the search for settings: the trials, and the state of the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.language import _, in_context, number, plural
from core.search.space import Variation
from core.search.study import Snapshot
from core.search.trial import Trial, TrialState
from studio.model.run_status import duration
from studio.model.search.axes import Axis, PlottedTrial, measured_axis

KID, RECALL = _("KID"), _("Recall")
STATES: Mapping[TrialState, str] = {
    TrialState.RUNNING: in_context("trial", "Training"),
    TrialState.DONE: in_context("trial", "Done"),
    TrialState.PRUNED: in_context("trial", "Pruned"),
    TrialState.FAILED: in_context("trial", "Failed"),
}
ORDER = (TrialState.DONE, TrialState.RUNNING, TrialState.PRUNED, TrialState.FAILED)
"""States from the top of the table to its bottom."""


@dataclass(frozen=True)
class SearchListing:
    """A search as it is now."""

    snapshot: Snapshot

    @property
    def folder(self) -> Path:
        """Folder of the study."""
        return self.snapshot.folder

    @property
    def varied(self) -> tuple[Variation, ...]:
        """The settings that vary."""
        return self.snapshot.plan.variations

    @property
    def rows(self) -> tuple[Trial, ...]:
        """The trials in the order of their beginnings."""
        return self.snapshot.state.trials

    @property
    def is_running(self) -> bool:
        """Tells whether the search goes on."""
        return self.snapshot.is_running

    @property
    def is_interrupted(self) -> bool:
        """Tells whether the process of the search was killed, so that it can go on."""
        return not self.is_running and not self.snapshot.state.reason

    @cached_property
    def best(self) -> int | None:
        """Number of the best trial."""
        best = self.snapshot.state.best
        return None if best is None else best.number

    @cached_property
    def ranked(self) -> list[Trial]:
        """The trials, the best first, then the others by state and KID."""

        def rank(row: Trial) -> tuple[bool, int, bool, float, int]:
            kid = row.kid if row.kid is not None else 0.0
            return row.number != self.best, ORDER.index(row.state), row.kid is None, kid, row.number

        return sorted(self.rows, key=rank)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Axes of the varied settings in plots."""
        return tuple(Axis(each.title, each.name, each.low, each.high, each.log, each.choices) for each in self.varied)

    @property
    def goal(self) -> Axis:
        """Axis of the goal in plots."""
        return measured_axis(KID, [row.kid for row in self.rows if row.kid is not None])

    @property
    def plotted(self) -> list[PlottedTrial]:
        """The trials for plots."""
        names = [each.name for each in self.varied]
        return [
            PlottedTrial(row.number, tuple(row.values[name] for name in names), row.kid, row.state is TrialState.DONE)
            for row in self.rows
        ]

    def row(self, chosen: int | None) -> Trial | None:
        """Returns a trial by its number."""
        return next((row for row in self.rows if row.number == chosen), None)

    def reason_of(self, row: Trial) -> str:
        """Returns why a trial was pruned, failed or is no candidate for the best; empty if nothing is wrong."""
        if self.snapshot.state.is_collapsed(row):
            return _("Its recall is less than half of the largest: the generator has collapsed.")
        return row.reason

    @property
    def text(self) -> str:
        """State of the search in a line."""
        state = self.snapshot.state
        if self.is_running and state.activity:
            return _("Preparing: {activity}").format(activity=state.activity)
        count = {each: sum(row.state is each for row in self.rows) for each in TrialState}
        counts = _("{trials}: {done} done, {pruned} pruned, {failed} failed").format(
            trials=plural("{count} trial", "{count} trials", len(self.rows)),
            done=number(count[TrialState.DONE]),
            pruned=number(count[TrialState.PRUNED]),
            failed=number(count[TrialState.FAILED]),
        )
        left = self.snapshot.minutes_left
        if left is not None:
            rest = _("{time} left").format(time=duration(60 * left))
        else:
            rest = state.reason or _("The search was interrupted.")
        return f"{counts} · {rest}"
