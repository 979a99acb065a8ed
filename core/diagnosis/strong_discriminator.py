"""The discriminator tells every image, and the generator is not told how to do better."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.course import above, below, level

TITLE = "Discriminator too strong"
RANK = 2

ACCURACIES = ("Signal/D/accuracy_real", "Signal/D/accuracy_fake")
GRADIENT = "Signal/G/gradient"
SPAN = 16
STEPS = 100
CERTAIN, UNCERTAIN = 0.98, 0.95
EMPTY, FULL = 0.02, 0.05
"""A discriminator's loss, in parts of what it is when D cannot tell, below which nothing is left to learn from."""


def find(case: Case) -> Diagnosis | None:
    """Over 98 % of real and of generated images recognised, by medians of 16 reports; over below 95 %. And D's own
    loss has all but gone, below a fiftieth of what it is when D cannot tell: then D learns nothing either, and nothing
    will change. Together that is bad where G's gradient is less than a tenth of the largest that it had (it vanishes),
    or where D's loss is gone; a sure discriminator alone is no illness.

    Not of Wasserstein critics, which are to be far ahead, and not before step 100.
    """
    last = case.course.last
    if case.critic or last is None or last.step < STEPS:
        return None
    real, fake, loss = case.course.of_keys(*ACCURACIES, "Loss/D/loss")
    certain = above(np.minimum(real, fake), CERTAIN, UNCERTAIN, SPAN)
    unsure = _unsure(case)
    empty = below(loss, EMPTY * unsure, FULL * unsure, SPAN)
    if not (certain and empty):
        return None
    (gradient,) = case.course.of_keys(GRADIENT)
    part = _part(gradient)
    vanishing = part is not None and part < 0.1
    seen = 100 * float(np.median(np.minimum(real, fake)[-SPAN:]))
    told = f"its gradient has shrunk to {100 * part:.1f} % of what it was" if vanishing else "it learns next to nothing"
    sentence = f"The discriminator recognises {seen:.0f} % of all images, so the generator is not told how to do better: {told}."
    return Diagnosis("strong_discriminator", "bad", sentence, (*ACCURACIES, GRADIENT), _cures(case))
