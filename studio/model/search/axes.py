"""Axes of plots of trials: where the values of the varied settings and the measurements stand, from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any

from core.presets.settings_diff import value_text


@dataclass(frozen=True)
class PlottedTrial:
    """A trial as plots need it. `values`: one for each axis, None where there is none yet. `goal`: what the search
    makes small; None before the first measurement. `is_complete`: False for a trial that was pruned or is running."""

    number: int
    values: tuple[Any, ...]
    goal: float | None
    is_complete: bool


@dataclass(frozen=True)
class Axis:
    """Scale of a setting or measurement. `choices`: the values of one without numbers; `low`, `high` and `log` scale
    the others. `name`: name of the setting, empty for a measurement."""

    title: str
    name: str = ""
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: tuple[Any, ...] = ()

    def place(self, value: Any) -> float | None:
        """Returns the position of a value, within [0, 1]; None for no value."""
        if value is None:
            return None
        if self.choices:
            return self.choices.index(value) / max(len(self.choices) - 1, 1) if value in self.choices else None
        if not isfinite(value) or (self.log and value <= 0):
            return None
        low, high, at = (log10(each) if self.log else float(each) for each in (self.low, self.high, value))
        return min(max((at - low) / (high - low), 0.0), 1.0) if high > low else 0.5

    def text(self, value: Any) -> str:
        """Returns a value in words."""
        return value_text(self.name, value) if self.name else f"{value:.4g}"

    def ticks(self) -> list[tuple[float, str]]:
        """Returns positions and labels: every choice, or the ends and what lies between them."""
        values: Sequence[Any] = self.choices or _numbers(self.low, self.high, self.log)
        places = ((self.place(value), value) for value in values)
        return [(at, self._tick(value)) for at, value in places if at is not None]

    def _tick(self, value: Any) -> str:
        return self.text(value) if self.choices else f"{value:.3g}"


def measured_axis(title: str, values: Sequence[float]) -> Axis:
    """Returns the axis of measurements, with a margin around them."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.05 * (high - low) or abs(high) * 0.1 or 0.1
    return Axis(title, low=low - margin, high=high + margin)


def _numbers(low: float, high: float, log: bool) -> list[float]:
    """Returns two to five values: powers of ten on a logarithmic scale of a decade or more, else even parts."""
    if log and high >= 10 * low > 0:
        powers = [10.0**power for power in range(ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9) + 1)]
        if len(powers) > 1:
            return powers
    if not high > low:
        return [low]
    if log and low > 0:
        return [low, (low * high) ** 0.5, high]
    step = 10.0 ** floor(log10(high - low))
    step *= next(factor for factor in (0.2, 0.5, 1.0, 2.0, 5.0) if (high - low) / (step * factor) <= 5)
    return [step * count for count in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]
