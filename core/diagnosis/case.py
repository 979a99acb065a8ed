"""Input and output of a diagnosis: frozen values of plain types, safe to share between threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.config.settings import Settings
from core.diagnosis.report_history import ReportHistory
from core.events import Edited
from core.registry import components

Severity = Literal["good", "watch", "bad"]

YOUNG = 600.0
"""Seconds of training that are soon made good: one that is sick may as well begin anew."""
PATIENCE = 20
"""Reports that an edit is given to show what it does, before another one is offered."""
EARLY = 10.0
"""Seconds of training in which nothing is said, unless numbers have ceased to be numbers."""


@dataclass(frozen=True)
class Remedy:
    """An edit of live settings, which the rules allow, and what it is for in a sentence. `anew`: for a new training,
    because this one is further from health than the beginning is."""

    text: str
    changes: Mapping[str, Any]
    anew: bool = False


@dataclass(frozen=True)
class Diagnosis:
    """One named finding: a sentence or two for a beginner with the numbers that were seen, the keys of the reports
    whose curves show it, and one or two remedies; none where no setting that is live would help."""

    kind: str
    severity: Severity
    sentence: str
    evidence: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True)
class RunFacts:
    """What matters beside the reports. `images`: how many training sees, 0 if that is not known. `edits`: the changes
    of settings so far, in order. `rewinds`: the steps at which it went back to a checkpoint, because its numbers had
    ceased to be numbers or had run away."""

    images: int = 0
    edits: tuple[Edited, ...] = ()
    rewinds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Case:
    """All that one finding is sought in."""

    history: ReportHistory
    settings: Settings
    facts: RunFacts

    @property
    def loss(self) -> Mapping[str, Any]:
        """What is known of the loss: the constants of `core.losses`."""
        return components("losses")[self.settings.loss].facts

    def begun(self, steps: int) -> bool:
        """Whether the training is so many steps old, and `EARLY` seconds: until then nothing can be said."""
        last = self.history.last
        return last is not None and last.step >= steps and last.seconds >= EARLY

    @property
    def is_young(self) -> bool:
        return self.history.last is not None and self.history.last.seconds < YOUNG

    @property
    def critic(self) -> bool:
        """Whether D is a Wasserstein critic: meant to be far ahead of G, and kept in bounds by its slope alone."""
        return self.settings.loss == "wasserstein"

    @property
    def was_just_edited(self) -> bool:
        """Whether the last edit has not had `PATIENCE` reports to show what it does."""
        return any(edit.step >= self.history.step_before(PATIENCE) for edit in self.facts.edits)
