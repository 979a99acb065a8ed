"""Diagnosis of a training from its signals: findings with evidence and remedies, one module each.

A module of this package that defines `TITLE` is a finding. It also defines

* `RANK`: the order among findings of equal severity, the lowest first;
* `KINDS`: kinds of trainings (`core.config.translation_fields.Kind`) that it is looked for in: translations have no
  latents, and no diversity of their own;
* `find(case)`: returns the `Diagnosis`, or None. Its docstring gives the signals, their number, the thresholds, and the
  reasons for them.

A diagnosis is numpy on some hundred numbers: it takes a few milliseconds and can run at every report.
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
"""The finding that is looked for only if there is no other."""


class Detector(Protocol):
    """Interface of a finding's module."""

    def find(self, case: Case) -> Diagnosis | None: ...


def kinds() -> dict[str, str]:
    """Returns the title of every finding by its name, in the order in which they are listed."""
    return {component.name: component.title for component in ranked("diagnosis")}


def load() -> None:
    """Imports the modules that a diagnosis needs. Run it in a thread, so that no window waits for the disk."""
    import_module("numpy.ma")  # numpy itself does it at the first median
    for kind in kinds():
        _finding(kind)


def diagnose(history: ReportHistory, settings: Settings, facts: RunFacts) -> tuple[Diagnosis, ...]:
    """Returns the findings, the most severe first; the one good finding if nothing is wrong; none if it is too early.

    `settings`: those in force now.
    """
    case = Case(history, settings, facts)
    wrong = sorted(_wrong(case), key=lambda found: WORST_FIRST.index(found.severity))
    healthy = None if wrong else _finding(HEALTHY).find(case)
    return tuple(wrong) if wrong else (healthy,) if healthy else ()


def _wrong(case: Case) -> Iterator[Diagnosis]:
    for component in ranked("diagnosis"):
        is_sought = component.name != HEALTHY and case.settings.kind in component.facts["KINDS"]
        if is_sought and (found := _finding(component.name).find(case)):
            yield found


def _finding(kind: str) -> Detector:
    return cast(Detector, module("diagnosis", kind))
