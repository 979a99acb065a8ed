"""Results of a run: each metric with its trend, its spread and its best step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from core.registry import components
from core.stats.keys import METRICS, better, is_spread, label, spread_of
from core.stats.metric_key import PIXELS, parse
from studio.model.history import History

WINDOW = 5
"""Measurements that a trend is seen in, at most."""
FEWEST = 3
STUDENT_T = {1: 12.71, 2: 4.30, 3: 3.18}
"""Two-sided 5 % points of Student's t, by degrees of freedom: a slope of less is no trend."""


class Trend(Enum):
    """Trend of the last measurements."""

    NONE = "no trend yet"
    BETTER = "better"
    WORSE = "worse"
    NOISE = "within noise"


@dataclass(frozen=True)
class MetricResult:
    """Measurements of one number under one key, in order of their steps; only these are comparable.

    `spread`: the standard deviation of the last value, where it is known.
    """

    key: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    spread: float | None = None

    @property
    def title(self) -> str:
        return label(self.key)

    @property
    def value(self) -> float:
        """The last value."""
        return self.values[-1]

    @property
    def best(self) -> int:
        """Place of the best value, the first of equal ones; the last value's where nobody can tell which is better."""
        return int(np.argmax(better(self.number) * np.array(self.values))) if better(self.number) else -1

    @property
    def window(self) -> int:
        """How many measurements the trend is seen in."""
        return min(len(self.values), WINDOW)

    @property
    def trend(self) -> Trend:
        """Whether the last measurements got better or worse: a straight line through them has a significant slope, and
        rises by more than the spread of one value."""
        if len(self.values) < FEWEST or not better(self.number):
            return Trend.NONE
        values = np.array(self.values[-self.window :])
        steps = np.array(self.steps[-self.window :], np.float64)
        steps -= steps.mean()
        length = float(steps @ steps)
        if not length:
            return Trend.NOISE
        slope = float(steps @ values) / length
        freedom = self.window - 2
        noise = np.sqrt(float(np.square(values - values.mean() - slope * steps).sum()) / freedom / length)
        rise = abs(slope) * float(np.ptp(steps))
        if abs(slope) <= STUDENT_T[freedom] * noise or rise <= (self.spread or 0.0):
            return Trend.NOISE
        return Trend.BETTER if slope * better(self.number) > 0 else Trend.WORSE

    @property
    def protocol(self) -> str:
        """How it was measured: "1,000 generated and 3,583 training images, VGG16, random weights"."""
        try:
            how = parse(self.key)[1]
        except ValueError:  # somebody else measured it
            return self.key.partition("@")[2]
        real = {"train": "training", "held-out": "held-out"}.get(how.split, "real")
        name = how.extractor.partition("-")[0]
        found = components("evaluation.features").get(name)
        features = "Pixels" if name == PIXELS else found.title if found else how.extractor
        return f"{features}. {how.fake:,} generated and {how.real:,} {real} images"

    @property
    def number(self) -> str:
        """Its name among the metrics: "fid"."""
        return self.key.removeprefix(METRICS).partition("@")[0]


def results(history: History) -> tuple[MetricResult, ...]:
    """Returns the metrics of a run, those that were measured last first, in the order in which reports have them."""
    keys = history.keys()
    found = [_result(history, key) for key in keys if key.startswith(METRICS) and not is_spread(key)]
    return tuple(sorted((each for each in found if each.values), key=lambda each: -each.steps[-1]))


def _result(history: History, key: str) -> MetricResult:
    rows = history.rows([key])
    there = np.flatnonzero(~np.isnan(rows.values[:, 0]))
    steps, values = rows.steps[there], rows.values[there, 0]
    # Of a step that was measured twice the last value counts.
    last = np.flatnonzero(np.append(np.diff(steps) > 0, True)) if len(steps) else there
    beside = spread_of(key)
    spread = history.value_at(beside, float(steps[-1])) if len(steps) else None
    return MetricResult(key, tuple(steps[last].tolist()), tuple(values[last].tolist()), spread)
