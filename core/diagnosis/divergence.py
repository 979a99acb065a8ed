"""The numbers run away, or have ceased to be numbers."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis, Remedy
from core.diagnosis.course import above

TITLE = "Divergence"
RANK = 0

LOSSES = ("Loss/G/loss", "Loss/D/loss")
SCORES = ("Loss/scores/real", "Loss/scores/fake")
SPAN = 8
LARGEST_LOGIT = 50.0
"""Of a loss that takes a logit's size for certainty: no trained discriminator is surer than 20, and the sigmoid of 50
is 1 in every number format."""


def find(case: Case) -> Diagnosis | None:
    """Losses that are no numbers: one report says it. A training that was rewound: its last two minutes hold one.

    Scores that run away: the median of eight reports, so that one wild batch is not taken for it, lies beyond what
    bounded slopes can give (see `_limit`); it is over when they are half as large.
    """
    return _no_numbers(case) or _rewound(case) or _runaway(case)


def _no_numbers(case: Case) -> Diagnosis | None:
    last = case.course.last
    if last is None or all(isfinite(last.stats.get(key, 0.0)) for key in LOSSES):
        return None
    sentence = f"The losses stopped being numbers at step {last.step:,}: nothing is learned any more."
    return Diagnosis("divergence", "bad", sentence, LOSSES, _cures(case))


def _rewound(case: Case) -> Diagnosis | None:
    recent = [step for step in case.facts.rewinds if step >= case.course.step_before(2 * SPAN * SPAN)]
    if not recent:
        return None
    times = "once" if len(recent) == 1 else f"{len(recent)} times"
    sentence = f"The numbers ran away, and the training went back to an earlier state {times}, last to step {recent[-1]:,}."
    return Diagnosis("divergence", "watch" if len(recent) == 1 else "bad", sentence, LOSSES, _cures(case))


def _runaway(case: Case) -> Diagnosis | None:
    real, fake = case.course.of_keys(*SCORES)
    size = np.abs(real - fake) if case.critic else np.maximum(np.abs(real), np.abs(fake))
    limit = _limit(case)
    if not above(size, limit, limit / 2, SPAN):
        return None
    what = "Its scores of real and generated images lie" if case.critic else "Its scores reach"
    seen = float(np.median(size[-SPAN:]))
    apart = " apart" if case.critic else ""
    sentence = f"The discriminator runs away: {what[0].lower()}{what[1:]} {seen:,.0f}{apart}, and should stay below {limit:,.0f}."
    return Diagnosis("divergence", "bad", sentence, (*SCORES, "Loss/D/loss"), _cures(case))


def _limit(case: Case) -> float:
    """Of a critic whose slope is 1 at most, scores of two images differ by no more than the images do, and images of
    that size by no more than black and white ones: 2 sqrt(3 width height). Elsewhere logits are limited; least squares
    pulls its own to 0 and 1."""
    if case.critic:
        width, height = case.settings.size
        return 2.0 * sqrt(3 * width * height)
    return 10.0 if case.settings.loss == "least_squares" else LARGEST_LOGIT


def _cures(case: Case) -> tuple[Remedy, ...]:
    if case.critic:
        bounds = (remedies.gradient_penalty, remedies.weight_clip)
        return remedies.offered(case, *bounds, remedies.slower_discriminator, remedies.slower_both)
    return remedies.offered(case, remedies.slower_discriminator, remedies.r1, remedies.slower_both)
