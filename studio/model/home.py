"""Values shown by the Home workspace: runs and datasets to go on with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.events import Event, Images


@dataclass(frozen=True)
class Project:
    """A run or a dataset.

    `source`: as it is opened. `step`: that of a run's newest checkpoint; -1 if it has none. `facts`: one line about it.
    `date`: when it was trained or opened last, in local time.
    """

    source: str
    name: str
    is_run: bool
    step: int
    facts: str
    date: datetime

    @property
    def title(self) -> str:
        """Its name, and the step of a run."""
        return f"{self.name}, step {self.step:,}" if self.is_run and self.step >= 0 else self.name


@dataclass(frozen=True)
class ProjectsListed(Event):
    """Runs and datasets, each the newest first; their pictures follow."""

    runs: tuple[Project, ...]
    datasets: tuple[Project, ...]


@dataclass(frozen=True, eq=False)
class ProjectRead(Event):
    """A closer look at one project: a few images of it, uint8 NHWC, none where there are none to show.

    `problem`: why it cannot be opened; empty if it can.
    """

    source: str
    images: Images
    problem: str = ""


def day_text(date: datetime, now: datetime) -> str:
    """Returns a date as it is said at a time `now`: "Today 14:05", "Yesterday 9:30" or "12 Nov 2026"."""
    days = (now.date() - date.date()) // timedelta(days=1)
    if days in (0, 1):
        return f"{('Today', 'Yesterday')[days]} {date.hour}:{date.minute:02d}"
    return f"{date.day} {date.strftime('%b %Y')}"
