"""Entry of the queue: a training that waits, runs or has ended, with its folder and the files in it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from core.config.settings import Settings, validate

AUTO = "auto"
"""Device of an entry that runs on whichever is free first."""
CLUSTER = "cluster"
"""Device of an entry that runs as a job of a cluster (`core.remote.slurm`), and not by the runner of the queue."""


class State(StrEnum):
    """State of an entry, told from the files in its folder."""

    WAITING = "waiting"
    HELD = "held"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_active(self) -> bool:
        """True while a process trains the entry."""
        return self is State.RUNNING

    @property
    def has_ended(self) -> bool:
        """True if the entry does not run again, unless it is retried."""
        return self in (State.DONE, State.STOPPED, State.FAILED)


class Entry(BaseModel):
    """Training to run. `given`: settings that the user chose, as for `TrainingJob`; None leaves all unchanged. Once the
    training has begun, `settings` are those in force and `given` is None.

    `out`: folder of its run. `resume`: checkpoint to begin from, in another run. `device`: name of a device, several
    names as in the setting, or `AUTO`. `held`: whether it waits until it is released. `begun`: whether a run in `out`
    belongs to the entry, and is continued; another run there is not touched.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    settings: Settings
    given: dict[str, Any] | None = None
    out: Path
    resume: Path | None = None
    device: str = AUTO
    held: bool = False
    begun: bool = False

    @field_validator("settings", mode="before")
    @classmethod
    def _validated(cls, values: Any) -> Settings:
        return values if isinstance(values, Settings) else validate(values)

    @property
    def title(self) -> str:
        """Name of the run folder."""
        return self.out.name

    def changed(self, **values: Any) -> Entry:
        """Returns the entry with some settings replaced. Raises `UserError` for an invalid value."""
        settings = self.settings.changed(**values)
        given = None if self.given is None else self.given | values
        device = settings.device if "device" in values else self.device
        return self.model_copy(update={"settings": settings, "given": given, "device": device})


class Outcome(BaseModel):
    """End of an entry. `reason`: sentences for the user, such as the limit that was reached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: State
    reason: str
    step: int = 0
    ended: float
    """Time in seconds since 1970."""
