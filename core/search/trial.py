"""Plan of a search, and its trials, as values in JSON files and events. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.config.settings import Settings, validate
from core.events import Event
from core.search.space import Variation

RUNGS = 1, 3, 9
"""Training time of the rungs of successive halving, in the shortest one: the best third goes on at each."""
SHARE = 1 / 30
"""Training time of the first rung, as a share of the time budget."""
COLLAPSED = 0.5
"""Recall relative to the largest of the completed trials below which a trial is taken for collapsed."""


class TrialState(StrEnum):
    """State of a trial."""

    RUNNING = "running"
    DONE = "done"
    PRUNED = "pruned"
    FAILED = "failed"


class Plan(BaseModel):
    """Plan of a search, which trains with `settings`, of which `variations` differ, within `minutes` of all trials.

    `source`: dataset. `rung`: training time of the first rung in minutes; None: `SHARE` of the budget.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    settings: Settings
    variations: tuple[Variation, ...] = Field(min_length=1)
    minutes: float = Field(gt=0, allow_inf_nan=False)
    rung: float | None = Field(default=None, gt=0)

    @field_validator("settings", mode="before")
    @classmethod
    def _validated(cls, values: Any) -> Settings:
        return values if isinstance(values, Settings) else validate(values)

    @property
    def rungs(self) -> list[float]:
        """Training time of a trial in minutes until each of its measurements."""
        first = self.minutes * SHARE if self.rung is None else self.rung
        return [first * rung for rung in RUNGS]

    def extended(self, minutes: float) -> Plan:
        """Returns the plan with a larger budget and the same rungs."""
        return self.model_copy(update={"minutes": self.minutes + minutes, "rung": self.rungs[0]})

    def trained(self, trial: Trial) -> Settings:
        """Returns the settings of a full training with the values of a trial. Raises `UserError`."""
        return self.settings.changed(**trial.values)


class Trial(BaseModel):
    """One training of a search. `values`: of the varied settings. `run`: its run folder. `kid` and `recall`: its newest
    measurements. `step`: of these; while it trains, of the training. `reason`: why it was pruned or failed. `seconds`:
    time that it took of the budget. `worker`: name of the process that trains it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    values: dict[str, int | float | str]
    run: Path
    state: TrialState = TrialState.RUNNING
    kid: float | None = None
    recall: float | None = None
    step: int = 0
    reason: str = ""
    seconds: float = 0.0
    worker: str = ""

    @property
    def has_begun(self) -> bool:
        """True if its run can be opened."""
        return self.kid is not None or self.step > 0

    @property
    def checkpoint(self) -> Path | None:
        """Checkpoint that was measured last; None if none was."""
        return self.run / "checkpoints" / f"{self.step:09d}.safetensors" if self.kid is not None else None

    @property
    def samples(self) -> Path | None:
        """Sample grid of that checkpoint."""
        return self.run / "samples" / f"{self.step:09d}.png" if self.kid is not None else None


class SearchState(BaseModel):
    """State of a search. `activity`: what it does before the first trial. `reason`: why
    it has ended; empty while it goes on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: tuple[Trial, ...] = ()
    activity: str = ""
    reason: str = ""

    @property
    def seconds(self) -> float:
        """Time spent of the budget: that of the trials of every process."""
        return sum(trial.seconds for trial in self.trials)

    @property
    def best(self) -> Trial | None:
        """The completed trial with the smallest KID among those that have not collapsed; before one is completed, the
        measured one that got furthest."""
        measured = [trial for trial in self.trials if trial.kid is not None and trial.state is not TrialState.FAILED]
        done = [trial for trial in measured if trial.state is TrialState.DONE]
        kept = [trial for trial in done or measured if not self.is_collapsed(trial)]
        return min(kept, key=lambda trial: trial.kid or 0.0, default=None)

    def is_collapsed(self, trial: Trial) -> bool:
        """Returns whether the recall of a completed trial is less than `COLLAPSED` of the largest."""
        done = [each.recall or 0.0 for each in self.trials if each.state is TrialState.DONE]
        return trial.state is TrialState.DONE and (trial.recall or 0.0) < COLLAPSED * max(done, default=0.0)


@dataclass(frozen=True)
class TrialStarted(Event):
    """Start of a trial."""

    trial: Trial
    state: SearchState


@dataclass(frozen=True)
class TrialMeasured(Event):
    """Measurement of a trial at a rung, 0 for the first."""

    trial: Trial
    rung: int
    state: SearchState


@dataclass(frozen=True)
class TrialEnded(Event):
    """End of a trial: done, pruned or failed."""

    trial: Trial
    state: SearchState


@dataclass(frozen=True)
class SearchEnded(Event):
    """End of the search in this process. `reason`: a sentence."""

    reason: str
    state: SearchState
