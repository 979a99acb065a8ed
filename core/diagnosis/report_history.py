"""History of a training's reports: all of the newest, and older ones ever further apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import chain
from math import nan

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.events import Report

Values = NDArray[np.float64]

RECENT = 180
"""So many of the newest reports are all kept: those of a minute and a half, or of more."""
OLDER = 256
"""And fewer than this many of those before, evenly spread."""


class ReportHistory:
    """Adding a report takes the same short time however many there were, and a million take the memory of some hundred.

    Of older reports every n-th is kept as it was: each one is a mean over its steps already.
    """

    def __init__(self) -> None:
        self._recent: deque[Report] = deque()
        self._older: list[Report] = []
        self._stride, self._retired = 1, 0
        self._columns: dict[str, Values] = {}

    @classmethod
    def of(cls, reports: Iterable[Report]) -> ReportHistory:
        history = cls()
        for report in reports:
            history.append(report)
        return history

    def append(self, report: Report) -> None:
        """Adds the next report. One of an earlier step than the last says that the training was rewound: what was
        reported from that step on is forgotten. Measured numbers of a checkpoint, which come late, are passed over."""
        if not report.of_steps:
            return
        while self._recent and self._recent[-1].step >= report.step:
            self._recent.pop()
        while not self._recent and self._older and self._older[-1].step >= report.step:
            self._older.pop()
        self._recent.append(report)
        self._columns.clear()
        if len(self._recent) > RECENT:
            self._retire(self._recent.popleft())

    @property
    def last(self) -> Report | None:
        return self._recent[-1] if self._recent else None

    @property
    def first(self) -> Report | None:
        return self._older[0] if self._older else self._recent[0] if self._recent else None

    def step_before(self, reports: int) -> int:
        """The step of the report so many (fewer than `RECENT`) before the last; 0 where there are not so many."""
        return self._recent[-1 - reports].step if reports < len(self._recent) else 0

    def __len__(self) -> int:
        """How many reports are kept."""
        return len(self._older) + len(self._recent)

    def of_keys(self, *keys: str, since: int = 0) -> tuple[Values, ...]:
        """The values of each key, (n,), from the kept reports that hold all of the keys as finite numbers.

        `since`: only from reports of this step and later.
        """
        table, whole = self._table(keys, since)
        return tuple(table[:, whole])

    def steps_of(self, *keys: str) -> Values:
        """The steps of the values that `of_keys` gives."""
        return self._steps()[self._table(keys, 0)[1]]

    def _table(self, keys: tuple[str, ...], since: int) -> tuple[Values, NDArray[np.bool_]]:
        """(keys, reports), and which of the reports hold all of them."""
        table = np.stack([self._column(key) for key in keys])
        return table, np.isfinite(table).all(0) & (self._steps() >= since)

    def _column(self, key: str) -> Values:
        """The values of one key in all kept reports, NaN where there is none; read once for each new report."""
        if key not in self._columns:
            kept = chain(self._older, self._recent)
            self._columns[key] = np.array([report.stats.get(key, nan) for report in kept], np.float64)
        return self._columns[key]

    def _steps(self) -> Values:
        return np.array([report.step for report in chain(self._older, self._recent)], np.float64)

    def _retire(self, report: Report) -> None:
        if self._retired % self._stride == 0:
            self._older.append(report)
        self._retired += 1
        if len(self._older) == OLDER:
            self._older = self._older[::2]
            self._stride *= 2


def level(values: Values, span: int) -> Values:
    """Running medians of `span` neighbours, (n - span + 1,); none of fewer values. Single outliers leave no trace."""
    if len(values) < span:
        return np.zeros(0)
    return np.asarray(np.median(sliding_window_view(values, span), axis=1))


def above(values: Values, on: float, off: float, span: int) -> bool:
    """Whether values have risen above `on` and not fallen below `off` since, judged by medians of `span` of them.

    What lies between the two changes nothing, so a value that wavers about a threshold does not switch to and fro.
    """
    medians = level(values, span)
    risen, fallen = np.flatnonzero(medians > on), np.flatnonzero(medians < off)
    return bool(len(risen)) and (not len(fallen) or bool(risen[-1] > fallen[-1]))


def below(values: Values, on: float, off: float, span: int) -> bool:
    """Whether values have fallen below `on` and not risen above `off` since, likewise."""
    return above(-values, -on, -off, span)
