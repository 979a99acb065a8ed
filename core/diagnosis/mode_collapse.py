"""The generator makes only a few of the kinds of images that there are."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.course import Values, below, level

TITLE = "Mode collapse"
RANK = 1

KEY = "Signal/diversity"
ALIKE, VARIED = 0.35, 0.5
SPAN = 5
STEPS = 200


def find(case: Case) -> Diagnosis | None:
    """Diversity below 0.35: generated images differ by a third of what real ones do. It is over above 0.5.

    Five looks are needed, and 200 steps: every generator begins with images that are all alike. While diversity still
    rises by a tenth from five looks to the next it is not collapse either. A generator that has once been varied is
    also said to collapse when half of its best diversity is lost.
    """
    (diversity,) = case.course.of_keys(KEY)
    last = case.course.last
    if last is None or last.step < STEPS or len(diversity) < SPAN or _rises(diversity):
        return None
    best = float(level(diversity, SPAN).max())
    alike = below(diversity, ALIKE, VARIED, SPAN)
    lost = best > VARIED and below(diversity, best / 2, best * 0.7, SPAN)
    if not (alike or lost):
        return None
    now = float(np.median(diversity[-SPAN:]))
    before = f", and did by {100 * best:.0f} %" if lost else ""
    sentence = (
        f"The generated images are nearly all alike: they differ by {100 * now:.0f} % of what real ones do{before}."
    )
    cures = remedies.offered(
        case,
        remedies.lower_generator_lead,
        remedies.r1,
        remedies.more_discriminator_steps,
        remedies.diffaug,
        remedies.slower_both,
    )
    return Diagnosis("mode_collapse", "bad", sentence, (KEY,), cures)


def _rises(diversity: Values) -> bool:
    medians = level(diversity, SPAN)
    return len(medians) > SPAN and bool(medians[-1] > 1.1 * medians[-1 - SPAN])
