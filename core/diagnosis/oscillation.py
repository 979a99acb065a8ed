"""The two networks chase each other in circles."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import Values, level

TITLE = "Oscillation"
RANK = 6

KEYS = ("Loss/D/loss", "Loss/G/loss")
WINDOW = 120
SPAN = 9
SWINGS, WIDE = 6, 0.5
STEPS = 200


def find(case: Case) -> Diagnosis | None:
    """The generator's loss swings to and fro: in the last 120 reports (a minute or more) its medians of nine go at
    least six times from beyond half of its own size on one side of their middle to as far on the other side.

    Noise from batch to batch is smaller than that and gone in the medians, also where a report is a single step; a
    drift crosses the middle once. The size is the median of the loss without sign, and at least 1: a small loss that
    wavers is no swing.
    """
    (loss,) = case.history.of_keys("Loss/G/loss")
    if not case.begun(STEPS) or len(loss) < WINDOW:
        return None
    recent = loss[-WINDOW:]
    size = max(float(np.median(np.abs(recent))), 1.0)
    count = swings(level(recent, SPAN), WIDE * size)
    if count < SWINGS:
        return None
    sentence = (
        f"The losses oscillate: the generator's loss swung {count} times in the last {WINDOW} reports, so each network "
        "undoes what the other learns."
    )
    cures = remedies.offered(case, remedies.slower_both, remedies.r1, remedies.steadier_average)
    return Diagnosis("oscillation", "watch", sentence, KEYS, cures)


def swings(values: Values, margin: float) -> int:
    """How often values go from more than `margin` on one side of their middle to as much on the other side."""
    middle = (values.max() + values.min()) / 2
    sides = np.sign(values - middle)[np.abs(values - middle) > margin]
    return int(np.count_nonzero(np.diff(sides)))
