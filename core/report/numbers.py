"""Tables of the metrics and signals of a run, as rows of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.config.translation_fields import Kind
from core.language import _, number
from core.stats import keys
from core.stats.curves import Curve, Extreme

HEADS = (
    _("Key"),
    _("First"),
    _("Minimum"),
    _("at step"),
    _("Maximum"),
    _("at step"),
    _("Last"),
    _("at step"),
)
METRIC_HEADS = (_("Metric"), _("Measured with"), _("Best"), _("at step"), _("Last"), _("at step"))

BEST_BY: Mapping[Kind, tuple[str, ...]] = {
    "generation": ("fid", "kid", "swd", "is", "recall", "coverage", "precision", "density"),
    "paired": ("psnr", "ssim"),
    "unpaired": ("kid", "fid", "swd"),
}
"""Metrics that determine the best step of a run, by the kind of training, most reliable first."""


def rows(curves: Mapping[str, Curve]) -> Iterator[tuple[str, ...]]:
    """Yields each key with its first, smallest, largest and last value."""
    for key, curve in curves.items():
        positions = (_valued(each, curve) for each in (curve.lowest, curve.highest, curve.last))
        yield key, f"{curve.first.value:.6g}", *(value for pair in positions for value in pair)


def metric_rows(curves: Mapping[str, Curve]) -> Iterator[tuple[str, ...]]:
    """Yields each metric with its protocol, best value and last value."""
    for key, curve in curves.items():
        if found := keys.measured(key):
            best = best_of(key, curve)
            yield (
                keys.label(key),
                keys.protocol_text(found[1]),
                *(_valued(best, curve) if best else ("", "")),
                *_valued(curve.last, curve),
            )


def best_of(key: str, curve: Curve) -> Extreme | None:
    """Returns the best value of a metric; None if it has no better direction."""
    found = keys.measured(key)
    sign = keys.better(found[0]) if found else 0
    return {1: curve.highest, -1: curve.lowest, 0: None}[sign]


def best_metric(curves: Mapping[str, Curve], kind: Kind) -> tuple[str, Extreme] | None:
    """Returns the metric that determines the best step of a run, and its best value: the first of `BEST_BY`, and among
    several protocols the one used most; None without metrics."""
    names = BEST_BY[kind]
    found = [
        (names.index(measured[0]), -int(curve.counts.sum()), key)
        for key, curve in curves.items()
        if (measured := keys.measured(key)) and measured[0] in names
    ]
    if not found:
        return None
    key = min(found)[2]
    best = best_of(key, curves[key])
    return (key, best) if best else None


def _valued(extreme: Extreme, curve: Curve) -> tuple[str, str]:
    return keys.valued(extreme.value, curve.spread_at(extreme.step), digits=6), number(extreme.step)
