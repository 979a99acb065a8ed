"""Charts as plain values for inline SVG: thinned curves with bands, and marks of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from core.language import _, number, sentences
from core.stats import keys
from core.stats.curves import Curve, Line

WIDTH, HEIGHT = 640, 230
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 26
LOG_FROM = 100
"""Ratio of the largest to the smallest value from which a chart is logarithmic, if all values are positive."""
TICKS = 5
COLORS = 4
"""Number of color classes c0 ... c3 in the style sheet."""


@dataclass(frozen=True)
class Axis:
    """Axis from `low` to `high` over the pixels `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def to_pixels(self, values: Line) -> Line:
        """Returns the positions of values in pixels."""
        low, high = self._scaled(np.array([self.low, self.high]))
        share = (self._scaled(values) - low) / (high - low)
        return np.asarray(self.start + share * (self.end - self.start))

    def ticks(self) -> list[float]:
        """Returns round values between the ends."""
        if self.log:
            decades = [10.0**power for power in range(floor(log10(self.low)), ceil(log10(self.high)) + 1)]
            steps = (1,) if len(decades) > TICKS else (1, 2, 5)
            found = [decade * step for decade in decades[:: max(len(decades) // TICKS, 1)] for step in steps]
        else:
            step = _round_step((self.high - self.low) / TICKS)
            found = [step * number for number in range(ceil(self.low / step), floor(self.high / step) + 1)]
        return [value for value in found if self.low <= value <= self.high]

    def _scaled(self, values: Line) -> Line:
        return np.log10(values) if self.log else values


@dataclass(frozen=True)
class Mark:
    """Label at a position on an axis, in pixels."""

    at: float
    label: str


@dataclass(frozen=True)
class DrawnCurve:
    """Curve with its style class, its values as text, and its SVG points; `band` is empty if it has no spread."""

    name: str
    color: str
    steps: Sequence[str]
    values: Sequence[str]
    points: Sequence[str]
    band: Sequence[str]


@dataclass(frozen=True)
class Chart:
    """Curves that share an axis. `summary`: description for screen readers; `notes`: hints for reading the chart."""

    title: str
    is_logarithmic: bool
    summary: str
    notes: Sequence[str]
    curves: Sequence[DrawnCurve]
    x_ticks: Sequence[Mark]
    y_ticks: Sequence[Mark]
    marks: Sequence[Mark]
    last_step: int


def chart(curves: Sequence[tuple[str, Curve]], last_step: int, marks: Sequence[tuple[int, str]]) -> Chart:
    """Returns a chart of curves by key, over the steps 0 to `last_step`, with events as marks (step, text)."""
    x = Axis(0, max(last_step, 1), LEFT, WIDTH - RIGHT)
    y = _value_axis([curve for _key, curve in curves])
    return Chart(
        keys.title([key for key, _curve in curves]),
        y.log,
        sentences(*(_in_words(key, curve) for key, curve in curves)),
        list(_notes(curves)),
        [_drawn(key, curve, index, x, y) for index, (key, curve) in enumerate(curves)],
        _ticks(x),
        _ticks(y),
        [
            Mark(_pixel(x, step), _("step {step}: {text}").format(step=number(step), text=words))
            for step, words in marks
        ],
        last_step,
    )


def short(value: float) -> str:
    """Returns the label of a tick: 250, 40k, 1.5M, 0.002."""
    if not value:
        return "0"
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'k' else size):.4g}{sign}"
    return f"{value:.4g}"


def _value_axis(curves: Sequence[Curve]) -> Axis:
    bands = [curve.band or (curve.low, curve.high) for curve in curves]
    low, high = min(float(low.min()) for low, _ in bands), max(float(high.max()) for _, high in bands)
    log = low > 0 and high / low >= LOG_FROM
    if log:
        low, high = low / 1.1, high * 1.1
    else:
        margin = 0.05 * (high - low) or max(abs(high) * 0.1, 0.1)
        low, high = low - margin, high + margin
    return Axis(low, high, HEIGHT - BOTTOM, TOP, log)


def _drawn(key: str, curve: Curve, number: int, x: Axis, y: Axis) -> DrawnCurve:
    across = x.to_pixels(curve.steps)
    band: list[str] = []
    if curve.band is not None:
        low, high = curve.band
        band = _points(np.concatenate([across, across[::-1]]), y.to_pixels(np.concatenate([high, low[::-1]])))
    return DrawnCurve(
        keys.label(key),
        _color(key, number),
        [f"{step:.10g}" for step in curve.steps],
        [f"{value:.6g}" for value in curve.mean],
        _points(across, y.to_pixels(curve.mean)),
        band,
    )


def _points(across: Line, down: Line) -> list[str]:
    return [f"{a:.1f},{d:.1f}" for a, d in zip(across, down, strict=True)]


def _ticks(axis: Axis) -> list[Mark]:
    return [Mark(_pixel(axis, value), short(value)) for value in axis.ticks()]


def _pixel(axis: Axis, value: float) -> float:
    return float(axis.to_pixels(np.array([value], np.float64))[0])


def _notes(curves: Sequence[tuple[str, Curve]]) -> Iterator[str]:
    first = curves[0][0]
    if found := keys.measured(first):
        yield _("Measured with {protocol}").format(protocol=keys.protocol_text(found[1]))
    if any(curve.spread is not None for _key, curve in curves):
        yield _("The band shows one standard deviation on either side.")
    if explained := keys.meaning(first):
        yield explained


def _in_words(key: str, curve: Curve) -> str:
    low, high, last = curve.lowest, curve.highest, curve.last
    return _("{label}: from {low} (step {low_step}) to {high} (step {high_step}), last {last}.").format(
        label=keys.label(key),
        low=f"{low.value:.6g}",
        low_step=number(low.step),
        high=f"{high.value:.6g}",
        high_step=number(high.step),
        last=f"{last.value:.6g}",
    )


def _color(key: str, number: int) -> str:
    """Returns the color class of a curve: G and generated images share one, D and real images the other."""
    if ("/D/" in key and not key.endswith("_fake")) or key.endswith("/real") or "/real/" in key:
        return "discriminator"
    if "/G/" in key or key.endswith(("/fake", "_fake")) or "/fake/" in key:
        return "generator"
    return f"c{number % COLORS}"


def _round_step(least: float) -> float:
    """Returns the smallest step of 1, 2 or 5 times a power of ten that is at least `least`."""
    decade = 10.0 ** floor(log10(least))
    return next(step * decade for step in (1, 2, 5, 10) if step * decade >= least * 0.999)
