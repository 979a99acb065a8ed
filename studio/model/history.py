"""History of a run's numbers over its steps: any range of millions of reports is drawn in O(pixels)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.stats.keys import spread_of
from studio.model.series import FAN_OUT, Floats, Series, lengthened

Steps = NDArray[np.int64]
Seconds = NDArray[np.float64]

_LARGEST = float(np.finfo(np.float32).max)


class ReportRows(NamedTuple):
    """Reports as a table: `values` (reports, keys), NaN for missing ones."""

    keys: Sequence[str]
    steps: Steps
    seconds: Seconds
    values: Floats


class History:
    """Append-only series by key (`Loss/G/loss` ...), with a pyramid of minima, maxima and means.

    Missing or non-finite values are NaN and ignored. Steps stay sorted: a late report (a metric of an older checkpoint)
    is inserted. Not thread-safe: belongs to the GUI.
    """

    def __init__(self) -> None:
        self._version = 0
        self.clear()

    def clear(self) -> None:
        """Removes all reports."""
        self._version += 1
        self._length = 0
        self._series: dict[str, Series] = {}
        self._steps: Steps = np.empty(0, np.int64)
        self._seconds: Seconds = np.empty(0, np.float64)

    @property
    def version(self) -> int:
        """Returns a counter of changes, so that a view can tell whether there is new data."""
        return self._version

    def keys(self) -> list[str]:
        """Returns the keys in order of first appearance."""
        return list(self._series)

    def __len__(self) -> int:
        return self._length

    # --- writing ---

    def append(self, step: int, seconds: float, stats: Mapping[str, float]) -> None:
        """Adds one report."""
        self._add_keys(stats)
        self._reserve(self._length + 1)
        row = self._length
        if row and step < self._steps[row - 1]:
            row = self._open_row(step)
        self._steps[row] = step
        self._seconds[row] = seconds
        for key, series in self._series.items():
            value = stats.get(key, math.nan)
            series.values[row] = value if abs(value) <= _LARGEST else math.nan  # infinities cannot be drawn
            series.invalidate(row)
        self._length += 1
        self._version += 1

    def extend(self, steps: ArrayLike, seconds: ArrayLike, stats: Mapping[str, ArrayLike]) -> None:
        """Adds many reports: arrays of one length, NaN for missing values."""
        columns = [np.asarray(column, np.float64) for column in stats.values()]
        drawable = [np.where(np.abs(column) <= _LARGEST, column, np.nan) for column in columns]
        times = np.asarray(steps, np.int64)
        values = np.array(drawable, np.float32).reshape(len(stats), len(times)).T
        self.add(ReportRows(list(stats), times, np.asarray(seconds, np.float64), values))

    def add(self, rows: ReportRows) -> None:
        """Adds many reports, to replay a run. Takes half a second for a million reports with many keys, so it is called
        in the thread that reads the run, before the history is shared."""
        if not len(rows.steps):
            return
        self._add_keys(rows.keys)
        start, end = self._length, self._length + len(rows.steps)
        self._reserve(end + end // 4)  # or the next report would move everything
        self._steps[start:end] = rows.steps
        self._seconds[start:end] = rows.seconds
        theirs = {key: column for column, key in enumerate(rows.keys)}
        for key, series in self._series.items():
            series.values[start:end] = rows.values[:, theirs[key]] if key in theirs else np.nan
        self._length = end
        self._put_in_order(start)
        self._version += 1

    def fold(self, keys: Iterable[str]) -> None:
        """Prepares the drawing of these keys, which otherwise happens when each is first drawn."""
        for key in keys:
            if key in self._series:
                self._series[key].fold(self._length)

    def rewind(self, step: int) -> None:
        """Removes every report after `step`, from which the training continues."""
        self._length = int(np.searchsorted(self._steps[: self._length], step, "right"))
        for series in self._series.values():
            series.invalidate(self._length)
        self._version += 1

    def _open_row(self, step: int) -> int:
        row = int(np.searchsorted(self._steps[: self._length], step, "right"))
        for array in self._arrays():
            array[row + 1 : self._length + 1] = array[row : self._length].copy()
        return row

    def _put_in_order(self, start: int) -> None:
        """Sorts the rows after rows were added at `start`."""
        steps, changed = self._steps[: self._length], start
        tail = steps[max(start - 1, 0) :]
        if np.any(tail[1:] < tail[:-1]):
            order, changed = np.argsort(steps, kind="stable"), 0
            for array in self._arrays():
                array[: self._length] = array[: self._length][order]
        for series in self._series.values():
            series.invalidate(changed)

    def _arrays(self) -> list[NDArray[np.generic]]:
        return [self._steps, self._seconds, *(series.values for series in self._series.values())]

    def _add_keys(self, keys: Iterable[str]) -> None:
        for key in keys:
            if key not in self._series:
                self._series[key] = Series(len(self._steps))

    def _reserve(self, rows: int) -> None:
        # Doubling makes appending O(1) on average.
        if rows <= len(self._steps):
            return
        capacity = max(rows, 2 * len(self._steps), 256)
        self._steps, self._seconds = lengthened(self._steps, capacity), lengthened(self._seconds, capacity)
        for series in self._series.values():
            series.reserve(capacity)

    # --- reading ---

    def span(self) -> tuple[int, int] | None:
        """Returns the first and last step, None when empty."""
        return (int(self._steps[0]), int(self._steps[self._length - 1])) if self._length else None

    def view(self, key: str, x0: float, x1: float, pixels: int) -> tuple[Seconds, Floats, Floats, Floats]:
        """Returns (x, low, high, mean) of `key` over the steps x0 ... x1, with at most about 2 * `pixels` points.

        Exact reports if few enough lie in the range; otherwise aggregates, whose x is the middle of their group.
        Includes one report on either side, so that lines run off the edge. Everything in range is bounded by the low
        and high of some point, and low <= mean <= high. They extend by a standard deviation if reports include one.
        """
        series = self._series.get(key)
        if series is None or not self._length:
            nothing = np.empty(0, np.float32)
            return np.empty(0, np.float64), nothing, nothing, nothing
        steps = self._steps[: self._length]
        first = max(_rows_before(steps, x0) - 1, 0)
        last = min(_rows_before(steps, math.nextafter(x1, math.inf)) + 1, self._length)
        depth, budget = 0, max(2 * pixels, 8)
        while (last - first) // FAN_OUT**depth > budget:
            depth += 1
        series.fold(self._length)
        # Groups at the coarsest level, then finer pieces of the incomplete tail.
        pieces = []
        row = first // FAN_OUT**depth * FAN_OUT**depth
        for level in range(depth, -1, -1):
            size = FAN_OUT**level
            begin, complete = row // size, self._length // size
            end = min(-(-last // size), complete)
            if end > begin:
                pieces.append(self._slice(series, level, begin, end))
                row = end * size
        x, low, high, mean = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        there = ~np.isnan(mean)
        x, low, high, mean = x[there], low[there], high[there], mean[there]
        if (beside := spread_of(key)) in self._series:
            spread = self.view(beside, x0, x1, pixels)[3]
            if len(spread) == len(mean):
                low, high = low - spread, high + spread
        return x, low, high, mean

    def _slice(self, series: Series, level: int, begin: int, end: int) -> tuple[Seconds, Floats, Floats, Floats]:
        if level == 0:
            values = series.values[begin:end]
            return self._steps[begin:end].astype(np.float64), values, values, values
        size = FAN_OUT**level
        left = self._steps[begin * size : end * size : size]
        right = self._steps[begin * size + size - 1 : end * size : size]
        rows = series.level(level)
        return (left + right) / 2.0, rows.low[begin:end], rows.high[begin:end], rows.mean[begin:end]

    def nearest_step(self, step: float) -> int | None:
        """Returns the reported step closest to `step`, None when empty."""
        steps = self._steps[: self._length]
        if not len(steps):
            return None
        right = min(_rows_before(steps, step), len(steps) - 1)
        left = max(right - 1, 0)
        return int(steps[left] if step - steps[left] <= steps[right] - step else steps[right])

    def value_at(self, key: str, step: float) -> float | None:
        """Returns the value of the report nearest to `step` that has one, None when none has."""
        series = self._series.get(key)
        if series is None:
            return None
        steps, values = self._steps[: self._length], series.values[: self._length]
        center, reach = _rows_before(steps, step), 2
        while True:
            # Only one report of thousands may hold a metric: widens the window until both sides have one.
            first, last = max(center - reach, 0), min(center + reach, self._length)
            rows = first + np.flatnonzero(~np.isnan(values[first:last]))
            both = len(rows) and (rows[0] < center or first == 0) and (rows[-1] >= center or last == self._length)
            if both:
                return float(values[rows[np.argmin(np.abs(steps[rows] - step))]])
            if first == 0 and last == self._length:
                return None
            reach *= 8

    def rows(self, keys: Sequence[str] | None = None) -> ReportRows:
        """Returns a copy of all reports."""
        keys = self.keys() if keys is None else keys
        size = self._length
        values = np.empty((size, len(keys)), np.float32)
        for column, key in enumerate(keys):
            values[:, column] = self._series[key].values[:size]
        return ReportRows(keys, self._steps[:size].copy(), self._seconds[:size].copy(), values)


def _rows_before(steps: Steps, step: float) -> int:
    """Returns the number of rows before `step`."""
    # Searching for a float would first convert a million integers.
    whole = math.ceil(min(max(step, -(2.0**62)), 2.0**62))
    return int(np.searchsorted(steps, np.int64(whole)))
