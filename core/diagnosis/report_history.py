"""History of a training's reports: all recent ones, and a thinned selection of older ones."""

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
"""Number of newest reports that are all kept: 90 seconds or more."""
OLDER = 256
"""Limit of the number of older reports, which are kept evenly spaced."""


class ReportHistory:
    """Keeps reports in constant time and memory: all of the newest, and every n-th of the older ones.

    Older reports are not averaged, since each is a mean over its steps already.
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
        """Adds the next report; ignores metrics of a checkpoint, which come late.

        A report of an earlier step than the last means that the training was rewound: it replaces all reports from that
        step on.
        """
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
        """Returns the step of the report `reports` (< `RECENT`) before the last; 0 if there are fewer reports."""
        return self._recent[-1 - reports].step if reports < len(self._recent) else 0

    def __len__(self) -> int:
        """Returns the number of reports that are kept."""
        return len(self._older) + len(self._recent)

    def of_keys(self, *keys: str, since: int = 0) -> tuple[Values, ...]:
        """Returns the values of each key, (n,), from the kept reports in which all of the keys are finite.

        `since`: the first step that counts.
        """
        table, whole = self._table(keys, since)
        return tuple(table[:, whole])

    def steps_of(self, *keys: str) -> Values:
        """Returns the steps of the values that `of_keys` returns, (n,)."""
        return self._steps()[self._table(keys, 0)[1]]

    def _table(self, keys: tuple[str, ...], since: int) -> tuple[Values, NDArray[np.bool_]]:
        """Returns values (keys, reports), and a mask (reports,) of the reports that have all of them."""
        table = np.stack([self._column(key) for key in keys])
        return table, np.isfinite(table).all(0) & (self._steps() >= since)

    def _column(self, key: str) -> Values:
        """Returns the values of one key in all kept reports, NaN where missing; cached until the next report."""
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
    """Returns running medians over `span` values, (n - span + 1,); empty for fewer values. Removes single outliers."""
    if len(values) < span:
        return np.zeros(0)
    return np.asarray(np.median(sliding_window_view(values, span), axis=1))


def above(values: Values, on: float, off: float, span: int) -> bool:
    """Returns whether running medians of `span` values have risen above `on` and not fallen below `off` since.

    The two thresholds are a hysteresis: a value that wavers about one of them does not switch the finding on and off.
    """
    medians = level(values, span)
    risen, fallen = np.flatnonzero(medians > on), np.flatnonzero(medians < off)
    return bool(len(risen)) and (not len(fallen) or bool(risen[-1] > fallen[-1]))


def below(values: Values, on: float, off: float, span: int) -> bool:
    """Returns whether running medians have fallen below `on` and not risen above `off` since."""
    return above(-values, -on, -off, span)
