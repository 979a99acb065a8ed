"""Progress of an entry, read from the last report of its run. Imports no torch."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.names import opened_regular
from core.errors import FOREIGN_ERRORS
from core.language import _, listed, number
from core.queue.folder import Listed

TAIL = 2**16
"""Bytes at the end of the reports among which the last one is looked for."""


@dataclass(frozen=True)
class EntryProgress:
    """Steps and minutes that were trained, and the limits of the settings, None for none."""

    step: int
    minutes: float
    steps_limit: int | None
    minutes_limit: float | None

    @property
    def share(self) -> float | None:
        """Fraction of the limit that is reached, in [0, 1]; None without a limit."""
        shares = [
            done / limit
            for done, limit in ((self.step, self.steps_limit), (self.minutes, self.minutes_limit))
            if limit is not None
        ]
        return min(max(shares), 1.0) if shares else None

    @property
    def minutes_left(self) -> float | None:
        """Minutes until the limit at the mean rate so far; None if unknown."""
        share = self.share
        return None if not share or not self.minutes else self.minutes * (1.0 / share - 1.0)

    @property
    def text(self) -> str:
        """Progress in words; empty before the first report."""
        if not self.step:
            return ""
        parts = [_("step {step}").format(step=number(self.step))]
        if self.minutes_left is not None and self.share != 1.0:
            parts.append(_("{minutes} min left").format(minutes=number(self.minutes_left, 1)))
        return listed(parts)

    @property
    def facts(self) -> dict[str, Any]:
        """Progress for programs."""
        return {"step": self.step, "minutes": self.minutes, "minutes_left": self.minutes_left}


def progress(entry: Listed) -> EntryProgress:
    """Returns the progress of an entry."""
    step, seconds = _last_report(entry.entry.out)
    settings = entry.entry.settings
    reached = max(step, entry.outcome.step if entry.outcome else 0)
    return EntryProgress(reached, seconds / 60, settings.steps, settings.minutes)


def _last_report(run: Path) -> tuple[int, float]:
    with suppress(OSError), opened_regular(run / "stats.jsonl", None) as file:
        file.seek(0, 2)
        file.seek(max(file.tell() - TAIL, 0))
        for line in reversed(file.read().splitlines()):
            with suppress(*FOREIGN_ERRORS):
                found = json.loads(line)
                return int(found["step"]), float(found["seconds"])
    return 0, 0.0
