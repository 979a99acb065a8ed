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
"""Seconds of training below which a restart is offered: little is lost."""
PATIENCE = 20
"""Reports to wait after an edit before another remedy is offered."""
EARLY = 10.0
"""Seconds of training without findings, apart from NaN and infinity."""


@dataclass(frozen=True)
class Remedy:
    """A valid edit of live settings, described in a sentence. `anew`: for a new training, because this one is in a
    worse state than a fresh one."""

    text: str
    changes: Mapping[str, Any]
    anew: bool = False


@dataclass(frozen=True)
class Diagnosis:
    """One finding: `sentence`, one or two for a beginner with the measured numbers; `evidence`, the keys of the curves
    that show it; `remedies`, at most two, none if no live setting would help."""

    kind: str
    severity: Severity
    sentence: str
    evidence: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True)
class RunFacts:
    """Facts about a run that its reports do not hold. `images`: number of training images, 0 if unknown. `edits`:
    changes of settings so far, in order. `rewinds`: steps to which a diverged training was rewound."""

    images: int = 0
    edits: tuple[Edited, ...] = ()
    rewinds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Case:
    """Input of `find`."""

    history: ReportHistory
    settings: Settings
    facts: RunFacts

    @property
    def loss(self) -> Mapping[str, Any]:
        """Constants of the loss's module in `core.losses`."""
        return components("losses")[self.settings.loss].facts

    def begun(self, steps: int) -> bool:
        """Returns whether the training is at least `steps` steps and `EARLY` seconds old."""
        last = self.history.last
        return last is not None and last.step >= steps and last.seconds >= EARLY

    @property
    def is_young(self) -> bool:
        return self.history.last is not None and self.history.last.seconds < YOUNG

    @property
    def critic(self) -> bool:
        """True if D is a Wasserstein critic, which is meant to be far ahead of G and is bounded by its slope alone."""
        return self.settings.loss == "wasserstein"

    @property
    def is_adversarial(self) -> bool:
        """False if D's judgment has no weight in the losses of G."""
        return not self.settings.translates or self.settings.adversarial_weight > 0

    @property
    def has_spectral_norm(self) -> bool:
        """True if the scale of D's weights has no effect."""
        settings = self.settings
        return settings.patch_norm == "spectral" if settings.translates else settings.spectral_norm

    @property
    def was_just_edited(self) -> bool:
        """True within `PATIENCE` reports of the last edit."""
        return any(edit.step >= self.history.step_before(PATIENCE) for edit in self.facts.edits)
