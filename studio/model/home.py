"""Values shown by the Home workspace: recent runs and datasets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.events import Event, Images
from core.language import _, date_text, number


@dataclass(frozen=True)
class Project:
    """A run or a dataset.

    `source`: its path or name. `step`: of a run's newest checkpoint; -1 if it has none. `facts`: one line about it.
    `date`: when it was last trained or opened, in local time.
    """

    source: str
    name: str
    is_run: bool
    step: int
    facts: str
    date: datetime

    @property
    def title(self) -> str:
        """Returns the name, and the step of a run."""
        if not self.is_run or self.step < 0:
            return self.name
        return _("{name}, step {step}").format(name=self.name, step=number(self.step))


@dataclass(frozen=True)
class ProjectsListed(Event):
    """Runs and datasets, newest first; previews follow."""

    runs: tuple[Project, ...]
    datasets: tuple[Project, ...]


@dataclass(frozen=True, eq=False)
class ProjectRead(Event):
    """Preview of one project: a few images, uint8 (N, H, W, C), perhaps none.

    `problem`: why it cannot be opened; empty if it can. `row`: images that stay in one line, such as an input and its
    translation; 0 if each stands alone.
    """

    source: str
    images: Images
    problem: str = ""
    row: int = 0


def day_text(date: datetime, now: datetime) -> str:
    """Returns a date relative to `now`: "Today 14:05", "Yesterday 9:30" or "12 Nov 2026"."""
    days = (now.date() - date.date()) // timedelta(days=1)
    if days in (0, 1):
        text = _("Yesterday {time}") if days else _("Today {time}")
        return text.format(time=f"{date.hour}:{date.minute:02d}")
    return date_text(date)
