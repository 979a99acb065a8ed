"""Health of a training in the queue: findings about it that are worth a notification."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

from core.config.settings import Settings
from core.diagnosis import diagnose
from core.diagnosis.case import Diagnosis, RunFacts
from core.diagnosis.report_history import ReportHistory
from core.errors import UserError
from core.events import Event, Report
from core.runs.run import Run

PAUSE_SECONDS = 20.0
"""Seconds between two diagnoses."""


class Health:
    """Diagnoses a run while it is trained, from its reports so far and from those that follow."""

    def __init__(self, run: Run) -> None:
        self._run, self._history = run, ReportHistory()
        with suppress(UserError):  # without the earlier reports, the later ones are judged
            self._history = ReportHistory.of(run.reports())
        self._told: set[str] = set()
        self._next = monotonic() + PAUSE_SECONDS

    def new_findings(self, event: Event, settings: Settings) -> Iterator[Diagnosis]:
        """Yields the severe findings after an event, each kind once."""
        if not isinstance(event, Report):
            return
        self._history.append(event)
        if monotonic() < self._next:
            return
        self._next = monotonic() + PAUSE_SECONDS
        facts = RunFacts(self._run.images(), tuple(self._run.edits()), tuple(self._run.rewinds()))
        for found in diagnose(self._history, settings, facts):
            if found.severity == "bad" and found.kind not in self._told:
                self._told.add(found.kind)
                yield found
