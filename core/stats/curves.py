"""Thinning of curves from millions of reports to a few hundred points, in one pass and constant memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64]
Cells = NDArray[np.float64]

MOST = 400
"""Most cells of a curve, drawn as a band of 800 points."""
_STEP, _IMAGES, _SECONDS, _SUM, _COUNT, _LOW, _HIGH = range(7)


@dataclass(frozen=True)
class Extreme:
    """Extreme value and the step of its report."""

    value: float
    step: int


@dataclass(frozen=True, eq=False)
class Curve:
    """Curve of one key, sorted by step; each point stands for `counts` reports.

    `steps`, `images` and `seconds`: means over the reports of a point. low <= mean <= high. `lowest`, `highest`,
    `first` and `last` are exact. `spread`: standard deviation of each value, if reports have it.
    """

    steps: Line
    images: Line
    seconds: Line
    mean: Line
    low: Line
    high: Line
    counts: NDArray[np.int64]
    lowest: Extreme
    highest: Extreme
    first: Extreme
    last: Extreme
    spread: Line | None = None

    @property
    def is_thinned(self) -> bool:
        """True if any point stands for more than one report."""
        return bool((self.counts > 1).any())

    @property
    def band(self) -> tuple[Line, Line] | None:
        """Lower and upper limits of the values; None if each point is one value without a spread."""
        if self.spread is not None:
            return self.low - self.spread, self.high + self.spread
        return (self.low, self.high) if self.is_thinned else None

    def spread_at(self, step: float) -> float | None:
        """Returns the spread of the value nearest to a step."""
        return None if self.spread is None else float(self.spread[np.abs(self.steps - step).argmin()])


class Thinner:
    """Collects values in at most `most` cells, and one more that is not full yet.

    Above that number, adjacent cells are merged by two. A cell keeps minimum, maximum and mean of its values, so no
    extreme is lost.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 1
        self._cells: Cells = np.empty((0, 7))
        self._rest: Cells = np.empty((0, 7))
        self._extremes: dict[str, Extreme] = {}

    def extend(self, positions: Line, values: Line) -> None:
        """Adds reports. `positions`: (n, 3), their steps, images and seconds. `values`: (n,). All are finite."""
        if not len(values):
            return
        self._note(positions[:, _STEP], values)
        new = np.column_stack([positions, values, np.ones(len(values)), values, values])
        rest = np.concatenate([self._rest, new])
        whole = len(rest) // self._size * self._size
        self._cells = np.concatenate([self._cells, _merged(rest[:whole], self._size)])
        self._rest = rest[whole:]
        while len(self._cells) > self._most:
            self._size *= 2
            even = len(self._cells) // 2 * 2
            self._cells = np.concatenate([_merged(self._cells[:even], 2), self._cells[even:]])

    def curve(self) -> Curve | None:
        """Returns the curve of all values so far; None without values."""
        cells = np.concatenate([self._cells, _merged(self._rest, max(len(self._rest), 1))])
        if not len(cells):
            return None
        counts = cells[:, _COUNT]
        cells[:, : _SUM + 1] /= counts[:, None]
        cells = cells[np.argsort(cells[:, _STEP], kind="stable")]  # a metric may come after later reports
        return Curve(
            cells[:, _STEP],
            cells[:, _IMAGES],
            cells[:, _SECONDS],
            np.clip(cells[:, _SUM], cells[:, _LOW], cells[:, _HIGH]),  # rounding may step just outside
            cells[:, _LOW],
            cells[:, _HIGH],
            cells[:, _COUNT].astype(np.int64),
            self._extremes["lowest"],
            self._extremes["highest"],
            self._extremes["first"],
            self._extremes["last"],
        )

    def _note(self, steps: Line, values: Line) -> None:
        for name, row in (("lowest", values.argmin()), ("highest", values.argmax())):
            found, known = Extreme(float(values[row]), int(steps[row])), self._extremes.get(name)
            sign = 1 if name == "lowest" else -1
            if known is None or sign * found.value < sign * known.value:
                self._extremes[name] = found
        earliest, latest = int(steps.argmin()), len(steps) - 1 - int(steps[::-1].argmax())
        first, last = self._extremes.get("first"), self._extremes.get("last")
        if first is None or steps[earliest] < first.step:
            self._extremes["first"] = Extreme(float(values[earliest]), int(steps[earliest]))
        if last is None or steps[latest] >= last.step:
            self._extremes["last"] = Extreme(float(values[latest]), int(steps[latest]))


def _merged(cells: Cells, size: int) -> Cells:
    """Merges every `size` adjacent cells; the number of cells is a multiple of it."""
    if size == 1 or not len(cells):
        return cells
    groups = cells.reshape(-1, size, cells.shape[1])
    merged: Cells = groups.sum(axis=1)
    merged[:, _LOW], merged[:, _HIGH] = groups[:, :, _LOW].min(axis=1), groups[:, :, _HIGH].max(axis=1)
    return merged
