"""The training's images are learned by heart: by the discriminator, and in the end by the generator."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis, Severity
from core.diagnosis.report_history import above, below, level

TITLE = "Memorization"
RANK = 4

GAP, NEAREST = "Signal/gap", "Signal/nearest"
REAL, FAKE = "Signal/D/accuracy_real", "Signal/D/accuracy_fake"
SPAN = 3
STEPS = 200
REPORTS = 16
FEW = 200
"""Images of which none are held out (`core.data.holdout`), so that there is no gap to see."""
BY_HEART = 100
"""Times that each of few images was seen."""


def find(case: Case) -> Diagnosis | None:
    """The first of these that holds:

    * the generator copies: its images lie less than half as far from the nearest training image as unseen real ones do,
      by the median of three looks; over above 0.65. Independent images of the same kind give 1;
    * the discriminator knows its images: unseen real ones are judged more than 0.8 of the way from trained to generated
      ones (ADA's r_v, Karras et al. 2020, arXiv:2006.06676, takes 0.6 for the point to hold), by the median of three
      looks; over below 0.6;
    * there are fewer than 200 images, each was seen over 100 times, and 98 % of them are recognised as well as 98 % of
      generated ones, by medians of 16 reports; over below 95 %. Without unseen images to compare with that is a
      suspicion: "watch".
    """
    return None if not case.begun(STEPS) else _copies(case) or _knows(case) or _few(case)


def _copies(case: Case) -> Diagnosis | None:
    (nearest,) = case.history.of_keys(NEAREST)
    if not below(nearest, 0.5, 0.65, SPAN):
        return None
    sentence = (
        "The generator copies training images: its images are only "
        f"{float(level(nearest, SPAN)[-1]):.2f} times as far from the nearest one as held-out real images are."
    )
    return _diagnosis(case, sentence, NEAREST, "bad")


def _knows(case: Case) -> Diagnosis | None:
    (gap,) = case.history.of_keys(GAP)
    if not above(gap, 0.8, 0.6, SPAN):
        return None
    sentence = (
        "The discriminator has memorized the training images: it scores held-out real images "
        f"{100 * min(float(level(gap, SPAN)[-1]), 1):.0f} % of the way down to generated ones."
    )
    return _diagnosis(case, sentence, GAP, "bad")


def _few(case: Case) -> Diagnosis | None:
    last, images = case.history.last, case.facts.images
    if last is None or not 0 < images < FEW or last.images < BY_HEART * images or case.critic:
        return None
    real, fake = case.history.of_keys(REAL, FAKE)
    if not above(np.minimum(real, fake), 0.98, 0.95, REPORTS):
        return None
    sentence = (
        f"Only {images} images: the discriminator has seen each {last.images // images:,} times and recognizes "
        f"{100 * float(level(real, REPORTS)[-1]):.0f} % of them, so it has probably memorized them."
    )
    return _diagnosis(case, sentence, REAL, "watch")


def _diagnosis(case: Case, sentence: str, key: str, severity: Severity) -> Diagnosis:
    cures = remedies.offered(
        case, remedies.diffaug, remedies.r1, remedies.instance_noise, remedies.slower_discriminator
    )
    return Diagnosis("memorisation", severity, sentence, (key,), cures)
