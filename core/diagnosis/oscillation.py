"""Oscillation: the two networks undo what the other learns."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import Values, level
from core.language import number, plural

TITLE = "Oscillation"
RANK = 7
KINDS = ("generation", "paired", "unpaired")

KEYS = ("Loss/D/loss", "Loss/G/loss")
WINDOW = 120
SPAN = 9
SWINGS, WIDE = 6, 0.5
STEPS = 200


def find(case: Case) -> Diagnosis | None:
    """Returns a finding if the generator's loss swings six times or more in the last 120 reports (a minute or more).

    A swing goes from half of the loss's size below the middle to half above it, or back, in running medians of 9
    reports. Noise between batches is smaller than that and removed by the medians; a drift crosses the middle once. The
    size is the median of |loss|, at least 1, so that a small loss does not count as swinging.
    """
    (loss,) = case.history.of_keys("Loss/G/loss")
    if not case.begun(STEPS) or len(loss) < WINDOW:
        return None
    recent = loss[-WINDOW:]
    size = max(float(np.median(np.abs(recent))), 1.0)
    count = swings(level(recent, SPAN), WIDE * size)
    if count < SWINGS:
        return None
    sentence = plural(
        "The losses oscillate: the generator's loss swung {count} time in the last {reports} reports, so each network "
        "undoes what the other learns.",
        "The losses oscillate: the generator's loss swung {count} times in the last {reports} reports, so each network "
        "undoes what the other learns.",
        count,
        reports=number(WINDOW),
    )
    cures = remedies.offered(case, remedies.slower_both, remedies.r1, remedies.steadier_average)
    return Diagnosis("oscillation", "watch", sentence, KEYS, cures)


def swings(values: Values, margin: float) -> int:
    """Returns how often values cross their middle from more than `margin` on one side to as much on the other."""
    middle = (values.max() + values.min()) / 2
    sides = np.sign(values - middle)[np.abs(values - middle) > margin]
    return int(np.count_nonzero(np.diff(sides)))
