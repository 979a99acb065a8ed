"""A chart as inline SVG: lines of thinned curves, a band where they vary, and marks where something happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from core.report.markup import element, text, void
from core.stats import keys
from core.stats.curves import Curve, Line
from core.stats.keys import meaning

WIDTH, HEIGHT = 640, 230
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 26
LOG_FROM = 100
"""A chart is logarithmic where its largest value is so many times its least, and all are above 0."""
TICKS = 5
COLOURS = 4
"""Classes c0 ... c3 in the style sheet."""


@dataclass(frozen=True)
class Axis:
    """From `low` to `high` over the pixels `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, values: Line) -> Line:
        """Where values lie, in pixels."""
        low, high = self._scaled(np.array([self.low, self.high]))
        share = (self._scaled(values) - low) / (high - low)
        return np.asarray(self.start + share * (self.end - self.start))

    def ticks(self) -> list[float]:
        """Round values between the ends."""
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


def chart(curves: Sequence[tuple[str, Curve]], last_step: int, marks: Sequence[tuple[int, str]]) -> str:
    """A figure of curves by key, over the steps 0 to `last_step`, with what happened at which step."""
    x = Axis(0, max(last_step, 1), LEFT, WIDTH - RIGHT)
    y = _value_axis([curve for _, curve in curves])
    name = keys.title([key for key, _ in curves])
    lines = "".join(_line(key, curve, number, x, y) for number, (key, curve) in enumerate(curves))
    drawing = element(
        "svg",
        element("title", text(name)),
        element("desc", text(". ".join(_in_words(key, curve) for key, curve in curves))),
        _grid(x, y),
        "".join(_mark(step, words, x) for step, words in marks),
        lines,
        void("line", class_="cross", y1=TOP, y2=HEIGHT - BOTTOM, visibility="hidden"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        data_last=last_step,
    )
    legend = "".join(
        element("li", element("i", class_=_colour(key, number)), text(keys.label(key)))
        for number, (key, _) in enumerate(curves)
    )
    scale = " (logarithmic)" if y.log else ""
    found = keys.measured(curves[0][0])
    said = element("ul", legend, class_="legend") if len(curves) > 1 else ""
    said += element("p", "Measured with ", text(keys.protocol_text(found[1])), class_="muted") if found else ""
    if any(curve.spread is not None for _, curve in curves):
        said += element("p", "The band reaches a standard deviation to either side.", class_="muted")
    if explained := meaning(curves[0][0]):
        said += element("p", text(explained), class_="muted")
    head = element("figcaption", element("h4", text(name + scale)), said)
    return element("figure", head, drawing, element("output"), class_="chart")


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


def _line(key: str, curve: Curve, number: int, x: Axis, y: Axis) -> str:
    across = x.place(curve.steps)
    band = ""
    if curve.band is not None:
        low, high = curve.band
        around = np.concatenate([across, across[::-1]]), np.concatenate([high, low[::-1]])
        band = void("polygon", class_="band", points=_points(around[0], y.place(around[1])))
    points = _points(across, y.place(curve.mean))
    drawn = void("polyline", class_="line", points=points) if len(across) > 1 else _dot(points)
    return element(
        "g",
        band,
        drawn,
        class_=_colour(key, number),
        data_name=keys.label(key),
        data_steps=" ".join(f"{step:.10g}" for step in curve.steps),
        data_values=" ".join(f"{value:.6g}" for value in curve.mean),
    )


def _dot(points: str) -> str:
    across, down = points.split(",")
    return void("circle", class_="dot", cx=across, cy=down, r=3)


def _points(across: Line, down: Line) -> str:
    return " ".join(f"{a:.1f},{d:.1f}" for a, d in zip(across, down, strict=True))


def _grid(x: Axis, y: Axis) -> str:
    parts = []
    for value, at in zip(y.ticks(), y.place(np.array(y.ticks())), strict=True):
        parts.append(void("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{at:.1f}", y2=f"{at:.1f}"))
        parts.append(element("text", short(value), x=LEFT - 6, y=f"{at + 4:.1f}", text_anchor="end"))
    for value, at in zip(x.ticks(), x.place(np.array(x.ticks())), strict=True):
        side = "end" if at > WIDTH - RIGHT - 20 else "middle"
        parts.append(element("text", short(value), x=f"{at:.1f}", y=HEIGHT - 8, text_anchor=side))
    return element("g", *parts, class_="grid", aria_hidden="true")


def _mark(step: int, words: str, x: Axis) -> str:
    at = f"{float(x.place(np.array([step], np.float64))[0]):.1f}"
    said = element("title", text(f"step {step:,}: {words}"))
    return element("g", said, void("line", x1=at, x2=at, y1=TOP, y2=HEIGHT - BOTTOM), class_="mark")


def _in_words(key: str, curve: Curve) -> str:
    low, high, last = curve.lowest, curve.highest, curve.last
    ends = f"from {low.value:.6g} (step {low.step:,}) to {high.value:.6g} (step {high.step:,})"
    return f"{keys.label(key)}: {ends}, at last {last.value:.6g}"


def _colour(key: str, number: int) -> str:
    """The two networks keep theirs everywhere; what is generated has the generator's, and what is real the other."""
    if ("/D/" in key and not key.endswith("_fake")) or key.endswith("/real") or "/real/" in key:
        return "discriminator"
    if "/G/" in key or key.endswith(("/fake", "_fake")) or "/fake/" in key:
        return "generator"
    return f"c{number % COLOURS}"


def short(value: float) -> str:
    """A tick's label: 250, 40k, 1.5M, 0.002."""
    if not value:
        return "0"
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'k' else size):.4g}{sign}"
    return f"{value:.4g}"


def _round_step(least: float) -> float:
    """1, 2 or 5 of a decade, not smaller than `least`."""
    decade = 10.0 ** floor(log10(least))
    return next(step * decade for step in (1, 2, 5, 10) if step * decade >= least * 0.999)
