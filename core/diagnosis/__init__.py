"""Diagnosis of a training from its signals: findings in plain words with evidence and remedies, one module each.

A module of this package that defines `TITLE` is a finding. It also defines

* `RANK`: which is told first of findings that are equally bad, the lowest;
* `find(case)`: the `Diagnosis`, or None. Its docstring says what the finding needs: which signals, how much of them,
  which thresholds, and why these.

All is numpy on some hundred numbers: a diagnosis takes a few milliseconds and may be asked for at every report.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from core.config.settings import Settings
from core.diagnosis.case import Case, Diagnosis, RunFacts, Severity
from core.diagnosis.report_history import ReportHistory
from core.registry import module, ranked

WORST_FIRST: tuple[Severity, ...] = ("bad", "watch", "good")
HEALTHY = "balance"
"""The finding that is sought only when there is no other."""


class Detector(Protocol):
    """What every finding's module offers."""

    def find(self, case: Case) -> Diagnosis | None: ...


def kinds() -> dict[str, str]:
    """The title of every finding by its name, as they are told."""
    return {component.name: component.title for component in ranked("diagnosis")}


def load() -> None:
    """Imports what the first diagnosis would import: for a thread, so that no window waits for the disk."""
    import_module("numpy.ma")  # numpy itself does it at the first median
    for kind in kinds():
        _finding(kind)


def diagnose(history: ReportHistory, settings: Settings, facts: RunFacts) -> tuple[Diagnosis, ...]:
    """What is wrong, the worst first; the one good finding when nothing is; nothing while it is too early to tell.

    `settings` are those that are in force now, and `facts` what matters beside the reports.
    """
    case = Case(history, settings, facts)
    wrong = sorted(_wrong(case), key=lambda found: WORST_FIRST.index(found.severity))
    healthy = None if wrong else _finding(HEALTHY).find(case)
    return tuple(wrong) if wrong else (healthy,) if healthy else ()


def _wrong(case: Case) -> Iterator[Diagnosis]:
    for kind in kinds():
        if kind != HEALTHY and (found := _finding(kind).find(case)):
            yield found


def _finding(kind: str) -> Detector:
    return cast(Detector, module("diagnosis", kind))
