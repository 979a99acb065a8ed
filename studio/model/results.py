"""Results of a run: each metric with its trend, its spread and its best step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from core.language import _, number, plural
from core.registry import components
from core.stats.keys import METRICS, better, is_spread, label, spread_of
from core.stats.metric_key import PIXELS, parse
from studio.model.history import History

WINDOW = 5
"""Largest number of measurements for a trend."""
FEWEST = 3
STUDENT_T = {1: 12.71, 2: 4.30, 3: 3.18}
"""Two-sided 5 % points of Student's t by degrees of freedom; a smaller slope is no trend."""


class Trend(Enum):
    """Trend of the last measurements."""

    NONE = _("no trend yet")
    BETTER = _("better")
    WORSE = _("worse")
    NOISE = _("within noise")


@dataclass(frozen=True)
class MetricResult:
    """Measurements of one number under one key, by step; only these are comparable.

    `spread`: standard deviation of the last value, if known.
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
        """Returns the last value."""
        return self.values[-1]

    @property
    def best(self) -> int:
        """Returns the index of the best value, the first of equal ones; the last index if the better direction is
        unknown."""
        return int(np.argmax(better(self.number) * np.array(self.values))) if better(self.number) else -1

    @property
    def window(self) -> int:
        """Returns the number of measurements used for the trend."""
        return min(len(self.values), WINDOW)

    @property
    def trend(self) -> Trend:
        """Returns whether the last measurements got better or worse: a linear fit has a significant slope and rises by
        more than the spread of one value."""
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
        """Returns how it was measured: "1,000 generated and 3,583 training images, VGG16, random weights"."""
        try:
            how = parse(self.key)[1]
        except ValueError:  # measured by other software
            return self.key.partition("@")[2]
        name = how.extractor.partition("-")[0]
        found = components("evaluation.features").get(name)
        features = _("Pixels") if name == PIXELS else found.title if found else how.extractor
        values: dict[str, Any] = {"features": features, "fake": number(how.fake)}
        match how.split:
            case "train":
                return plural(
                    "{features}. {fake} generated and {count} training image",
                    "{features}. {fake} generated and {count} training images",
                    how.real,
                    **values,
                )
            case "held-out":
                return plural(
                    "{features}. {fake} generated and {count} held-out image",
                    "{features}. {fake} generated and {count} held-out images",
                    how.real,
                    **values,
                )
        return plural(
            "{features}. {fake} generated and {count} real image",
            "{features}. {fake} generated and {count} real images",
            how.real,
            **values,
        )

    @property
    def number(self) -> str:
        """Returns the metric's name: "fid"."""
        return self.key.removeprefix(METRICS).partition("@")[0]


def results(history: History) -> tuple[MetricResult, ...]:
    """Returns the metrics of a run, the most recently measured first, in the order of the reports."""
    keys = history.keys()
    found = [_result(history, key) for key in keys if key.startswith(METRICS) and not is_spread(key)]
    return tuple(sorted((each for each in found if each.values), key=lambda each: -each.steps[-1]))


def _result(history: History, key: str) -> MetricResult:
    rows = history.rows([key])
    there = np.flatnonzero(~np.isnan(rows.values[:, 0]))
    steps, values = rows.steps[there], rows.values[there, 0]
    # Of repeated measurements at a step the last value counts.
    last = np.flatnonzero(np.append(np.diff(steps) > 0, True)) if len(steps) else there
    beside = spread_of(key)
    spread = history.value_at(beside, float(steps[-1])) if len(steps) else None
    return MetricResult(key, tuple(steps[last].tolist()), tuple(values[last].tolist()), spread)
