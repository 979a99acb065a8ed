"""A run's numbers over its steps, kept so that any stretch of millions of reports is drawn in O(pixels)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Steps = NDArray[np.int64]
Seconds = NDArray[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)

FAN_OUT = 4
"""Rows of one level that make a row of the next coarser one."""

_LARGEST = float(np.finfo(np.float32).max)


@dataclass
class _Level:
    """Aggregates of FAN_OUT ** depth reports a row; all arrays are (rows, keys). `count` is of finite values."""

    low: Floats
    high: Floats
    mean: Floats
    count: NDArray[np.int32]


class Rows(NamedTuple):
    """Reports as a table: `values` is (reports, keys), NaN where a report has none."""

    keys: Sequence[str]
    steps: Steps
    seconds: Seconds
    values: Floats


class History:
    """Append-only series by key (`Loss/G/loss` ...), with a pyramid of minima, maxima and means on top.

    Values that are missing from a report, or not finite, are NaN and count nowhere. Steps are kept in order: a report
    that comes late (a metric of an older checkpoint) is put in its place. Not thread-safe: it belongs to the GUI.
    """

    def __init__(self) -> None:
        self._version = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._version += 1
        self._length = 0
        self._columns: dict[str, int] = {}
        self._steps: Steps = np.empty(0, np.int64)
        self._seconds: Seconds = np.empty(0, np.float64)
        self._values: Floats = np.empty((0, 0), np.float32)
        self._levels: list[_Level] = []

    @property
    def version(self) -> int:
        """Counts changes, so that a view can tell whether there is something new to draw."""
        return self._version

    def keys(self) -> list[str]:
        """Keys in the order of their first appearance."""
        return list(self._columns)

    def __len__(self) -> int:
        return self._length

    # --- writing ---

    def append(self, step: int, seconds: float, stats: Mapping[str, float]) -> None:
        """Add one report."""
        self._add_keys(stats)
        self._reserve(self._length + 1)
        row = self._length
        if row and step < self._steps[row - 1]:
            row = self._open_row(step)
        self._steps[row] = step
        self._seconds[row] = seconds
        self._values[row] = np.nan
        for key, value in stats.items():
            if abs(value) <= _LARGEST:  # also refuses NaN; infinities cannot be drawn
                self._values[row, self._columns[key]] = value
        self._length += 1
        self._fold(row)
        self._version += 1

    def extend(self, steps: ArrayLike, seconds: ArrayLike, stats: Mapping[str, ArrayLike]) -> None:
        """Add many reports at once, for replaying a run: arrays of one length, NaN where a report had no value."""
        new_steps = np.asarray(steps, np.int64)
        if not len(new_steps):
            return
        self._add_keys(stats)
        start, end = self._length, self._length + len(new_steps)
        self._reserve(end)
        self._steps[start:end] = new_steps
        self._seconds[start:end] = seconds
        self._values[start:end] = np.nan
        for key, column in stats.items():
            values = np.asarray(column, np.float64)
            self._values[start:end, self._columns[key]] = np.where(np.abs(values) <= _LARGEST, values, np.nan)
        self._length = end
        self._fold(self._sort(start))
        self._version += 1

    def rewind(self, step: int) -> None:
        """Forget every report after `step`: the training continues from there."""
        self._length = int(np.searchsorted(self._steps[: self._length], step, "right"))
        self._version += 1

    def _open_row(self, step: int) -> int:
        row = int(np.searchsorted(self._steps[: self._length], step, "right"))
        for array in (self._steps, self._seconds, self._values):
            array[row + 1 : self._length + 1] = array[row : self._length].copy()
        return row

    def _sort(self, start: int) -> int:
        """Put the rows in order after some were added at `start`; returns the first row that may have changed."""
        steps = self._steps[: self._length]
        tail = steps[max(start - 1, 0) :]
        if np.all(tail[1:] >= tail[:-1]):
            return start
        order = np.argsort(steps, kind="stable")
        for array in (self._steps, self._seconds, self._values):
            array[: self._length] = array[: self._length][order]
        return 0

    def _add_keys(self, keys: Mapping[str, object]) -> None:
        new = [key for key in keys if key not in self._columns]
        if not new:
            return
        for key in new:
            self._columns[key] = len(self._columns)
        self._values = _widened(self._values, len(new), np.nan)
        for level in self._levels:
            level.low = _widened(level.low, len(new), np.nan)
            level.high = _widened(level.high, len(new), np.nan)
            level.mean = _widened(level.mean, len(new), np.nan)
            level.count = _widened(level.count, len(new), 0)

    def _reserve(self, rows: int) -> None:
        # Doubling makes appending O(1) on average.
        if rows <= len(self._steps):
            return
        capacity = max(rows, 2 * len(self._steps), 256)
        self._steps = _lengthened(self._steps, capacity)
        self._seconds = _lengthened(self._seconds, capacity)
        self._values = _lengthened(self._values, capacity)
        level_rows, depth = capacity // FAN_OUT, 0
        while level_rows:
            if depth == len(self._levels):
                self._levels.append(_empty_level(len(self._columns)))
            level = self._levels[depth]
            level.low = _lengthened(level.low, level_rows)
            level.high = _lengthened(level.high, level_rows)
            level.mean = _lengthened(level.mean, level_rows)
            level.count = _lengthened(level.count, level_rows)
            level_rows, depth = level_rows // FAN_OUT, depth + 1

    def _fold(self, row: int) -> None:
        """Aggregate every group that is complete and holds `row` or a later row."""
        below = _Level(self._values, self._values, self._values, np.empty(0, np.int32))
        rows = self._length
        for depth, level in enumerate(self._levels):
            row, rows = row // FAN_OUT, rows // FAN_OUT
            if row >= rows:
                return
            children = slice(row * FAN_OUT, rows * FAN_OUT)
            shape = (rows - row, FAN_OUT, len(self._columns))
            mean = below.mean[children].reshape(shape)
            count = (below.count[children].reshape(shape) if depth else np.isfinite(mean)).astype(np.int32)
            total = count.sum(axis=1, dtype=np.int32)
            low = np.fmin.reduce(below.low[children].reshape(shape), axis=1)
            high = np.fmax.reduce(below.high[children].reshape(shape), axis=1)
            weighted = np.where(count > 0, mean.astype(np.float64) * count, 0.0).sum(axis=1)
            with np.errstate(invalid="ignore"):
                averages = np.where(total > 0, weighted / np.maximum(total, 1), np.nan)
            level.low[row:rows], level.high[row:rows], level.count[row:rows] = low, high, total
            # Rounding to float32 may step just outside of the bounds.
            level.mean[row:rows] = np.clip(averages.astype(np.float32), low, high)
            below = level

    # --- reading ---

    def span(self) -> tuple[int, int] | None:
        """First and last step, None when empty."""
        return (int(self._steps[0]), int(self._steps[self._length - 1])) if self._length else None

    def view(self, key: str, x0: float, x1: float, pixels: int) -> tuple[Seconds, Floats, Floats, Floats]:
        """(x, low, high, mean) of `key` over the steps x0 ... x1, with at most about 2 * `pixels` points.

        Exact reports when few enough lie in the range; otherwise aggregates, whose x is the middle of their group.
        One report on either side is included so that lines run off the edge. Everything in range is bounded by the
        low and high of some point, and low <= mean <= high.
        """
        column = self._columns.get(key)
        if column is None or not self._length:
            nothing = np.empty(0, np.float32)
            return np.empty(0, np.float64), nothing, nothing, nothing
        steps = self._steps[: self._length]
        first = max(_rows_before(steps, x0) - 1, 0)
        last = min(_rows_before(steps, math.nextafter(x1, math.inf)) + 1, self._length)
        depth, budget = 0, max(2 * pixels, 8)
        while (last - first) // FAN_OUT**depth > budget and depth < len(self._levels):
            depth += 1
        # Groups at the coarsest level, then ever finer pieces of the tail that fills no group yet.
        pieces = []
        row = first // FAN_OUT**depth * FAN_OUT**depth
        for level in range(depth, -1, -1):
            size = FAN_OUT**level
            begin, complete = row // size, self._length // size
            end = min(-(-last // size), complete)
            if end > begin:
                pieces.append(self._slice(level, column, begin, end))
                row = end * size
        x, low, high, mean = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        there = ~np.isnan(mean)
        return x[there], low[there], high[there], mean[there]

    def _slice(self, level: int, column: int, begin: int, end: int) -> tuple[Seconds, Floats, Floats, Floats]:
        if level == 0:
            values = self._values[begin:end, column]
            return self._steps[begin:end].astype(np.float64), values, values, values
        size = FAN_OUT**level
        left = self._steps[begin * size : end * size : size]
        right = self._steps[begin * size + size - 1 : end * size : size]
        rows = self._levels[level - 1]
        return (
            (left + right) / 2.0,
            rows.low[begin:end, column],
            rows.high[begin:end, column],
            rows.mean[begin:end, column],
        )

    def nearest_step(self, step: float) -> int | None:
        """The reported step closest to `step`, None when empty."""
        steps = self._steps[: self._length]
        if not len(steps):
            return None
        right = min(_rows_before(steps, step), len(steps) - 1)
        left = max(right - 1, 0)
        return int(steps[left] if step - steps[left] <= steps[right] - step else steps[right])

    def value_at(self, key: str, step: float) -> float | None:
        """The value of the report nearest to `step` that has one, None when none has."""
        column = self._columns.get(key)
        if column is None:
            return None
        steps, values = self._steps[: self._length], self._values[: self._length, column]
        centre, reach = _rows_before(steps, step), 2
        while True:
            # A metric may stand in one report of thousands, so look in ever wider windows until both sides have one.
            first, last = max(centre - reach, 0), min(centre + reach, self._length)
            rows = first + np.flatnonzero(~np.isnan(values[first:last]))
            both = len(rows) and (rows[0] < centre or first == 0) and (rows[-1] >= centre or last == self._length)
            if both:
                return float(values[rows[np.argmin(np.abs(steps[rows] - step))]])
            if first == 0 and last == self._length:
                return None
            reach *= 8

    def rows(self, keys: Sequence[str] | None = None) -> Rows:
        """A copy of all reports."""
        keys = self.keys() if keys is None else keys
        columns = [self._columns[key] for key in keys]
        size = self._length
        return Rows(keys, self._steps[:size].copy(), self._seconds[:size].copy(), self._values[:size][:, columns])


def _rows_before(steps: Steps, step: float) -> int:
    """How many rows lie before `step`."""
    # Searching for a float would first convert a million integers.
    whole = math.ceil(min(max(step, -(2.0**62)), 2.0**62))
    return int(np.searchsorted(steps, np.int64(whole)))


def _empty_level(keys: int) -> _Level:
    nothing = np.empty((0, keys), np.float32)
    return _Level(nothing, nothing, nothing, np.empty((0, keys), np.int32))


def _lengthened(array: NDArray[Scalar], rows: int) -> NDArray[Scalar]:
    if rows <= len(array):
        return array
    longer = np.empty((rows, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


def _widened(array: NDArray[Scalar], columns: int, fill: float) -> NDArray[Scalar]:
    return np.hstack([array, np.full((len(array), columns), fill, array.dtype)])
