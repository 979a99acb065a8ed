"""Series of one number over a run, with a pyramid of minima, maxima and means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)

FAN_OUT = 4
"""Rows of one level that make a row of the next coarser one."""


@dataclass
class Level:
    """Aggregates of FAN_OUT ** depth reports each; `count` counts finite values."""

    low: Floats
    high: Floats
    mean: Floats
    count: NDArray[np.int32]


class Series:
    """Values by report, NaN for missing ones. The content beyond the reports is undefined."""

    def __init__(self, capacity: int) -> None:
        self.values: Floats = np.full(capacity, np.nan, np.float32)
        self._levels: list[Level] = []
        self._folded = 0

    def reserve(self, capacity: int) -> None:
        """Reserves room for a number of values."""
        self.values = lengthened(self.values, capacity)

    def invalidate(self, row: int) -> None:
        """Marks values from this row on as changed."""
        self._folded = min(self._folded, row)

    def fold(self, count: int) -> None:
        """Updates the aggregates of the first `count` values; costs time for new values only."""
        row, rows, depth = self._folded, count, 0
        self._folded = count
        below = Level(self.values, self.values, self.values, np.empty(0, np.int32))
        while (row := row // FAN_OUT) < (rows := rows // FAN_OUT):
            level = self._level(depth, rows)
            children = slice(row * FAN_OUT, rows * FAN_OUT)
            mean = below.mean[children].reshape(-1, FAN_OUT)
            counts = below.count[children].reshape(-1, FAN_OUT) if depth else (~np.isnan(mean)).astype(np.int32)
            low = _across(np.fmin, below.low[children].reshape(-1, FAN_OUT))
            high = _across(np.fmax, below.high[children].reshape(-1, FAN_OUT))
            level.low[row:rows], level.high[row:rows] = low, high
            level.count[row:rows], averages = _averages(mean, counts)
            # Rounding to float32 may step just outside of the bounds.
            level.mean[row:rows] = np.clip(averages, low, high)
            below, depth = level, depth + 1

    def level(self, depth: int) -> Level:
        """Returns the aggregates of FAN_OUT ** depth reports, depth >= 1, as last folded."""
        return self._levels[depth - 1]

    def _level(self, depth: int, rows: int) -> Level:
        """Returns a level with enough room."""
        if depth == len(self._levels):
            nothing = np.empty(0, np.float32)
            self._levels.append(Level(nothing, nothing, nothing, np.empty(0, np.int32)))
        level = self._levels[depth]
        if len(level.low) < rows:
            room = max(rows, len(self.values) // FAN_OUT ** (depth + 1))
            level.low, level.high = lengthened(level.low, room), lengthened(level.high, room)
            level.mean, level.count = lengthened(level.mean, room), lengthened(level.count, room)
        return level


def lengthened(array: NDArray[Scalar], rows: int) -> NDArray[Scalar]:
    """Returns a longer copy, or the array itself if it is long enough."""
    if rows <= len(array):
        return array
    longer = np.empty(rows, array.dtype)
    longer[: len(array)] = array
    return longer


def _across(of: np.ufunc, rows: Floats) -> Floats:
    """Reduces each row; numpy's own reduction over so few values takes several times as long."""
    return np.asarray(of(of(rows[:, 0], rows[:, 1]), of(rows[:, 2], rows[:, 3])))


def _averages(mean: Floats, counts: NDArray[np.int32]) -> tuple[NDArray[np.int32], Floats]:
    """Returns for each row the sum of the counts and the weighted mean."""
    total = np.zeros(len(mean), np.int32)
    weighted = np.zeros(len(mean), np.float64)
    for part in range(FAN_OUT):
        there = counts[:, part]
        total += there
        weighted += np.where(there, mean[:, part], np.float32(0)).astype(np.float64) * there
    with np.errstate(invalid="ignore"):
        return total, (weighted / np.where(total, total, np.nan)).astype(np.float32)
