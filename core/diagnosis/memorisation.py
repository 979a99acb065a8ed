"""Memorization of the training images, by the discriminator first and by the generator in the end."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis, Severity
from core.diagnosis.report_history import above, below, level
from core.language import _, number, plural

TITLE = "Memorization"
RANK = 4
KINDS = ("generation", "paired", "unpaired")

GAP, NEAREST = "Signal/gap", "Signal/nearest"
REAL, FAKE = "Signal/D/accuracy_real", "Signal/D/accuracy_fake"
SPAN = 3
STEPS = 200
REPORTS = 16
FEW = 200
"""Size of a dataset below which no images are held out (`core.data.holdout`), so the gap cannot be measured."""
BY_HEART = 100
"""Times that each image of a small dataset has to be seen before memorization is suspected."""


def find(case: Case) -> Diagnosis | None:
    """Returns the first finding of these:

    * the generator copies: the distance of its images to the nearest training image is below 0.5 of that of held-out
      images, by the median of three probes; ends above 0.65. Independent images of the same kind give 1;
    * the discriminator overfits: the mean score of held-out images lies more than 0.8 of the way from that of training
      images to that of generated ones, by the median of three probes; ends below 0.6. This is r_v of ADA, which aims at
      0.6 (Karras et al. 2020, arXiv:2006.06676);
    * a dataset of fewer than 200 images, each seen more than 100 times, with accuracies above 98 % on real and on
      generated images, by medians of 16 reports; ends below 95 %. Without held-out images this is a suspicion: "watch".
    """
    return None if not case.begun(STEPS) else _copies(case) or _knows(case) or _few(case)


def _copies(case: Case) -> Diagnosis | None:
    (nearest,) = case.history.of_keys(NEAREST)
    if not below(nearest, 0.5, 0.65, SPAN):
        return None
    sentence = _(
        "The generator copies training images: its images are only {ratio} times as far from the nearest one as "
        "held-out real images are."
    ).format(ratio=number(float(level(nearest, SPAN)[-1]), 2))
    return _diagnosis(case, sentence, NEAREST, "bad")


def _knows(case: Case) -> Diagnosis | None:
    (gap,) = case.history.of_keys(GAP)
    if not above(gap, 0.8, 0.6, SPAN):
        return None
    sentence = _(
        "The discriminator has memorized the training images: it scores held-out real images {share} % of the way down "
        "to generated ones."
    ).format(share=number(100 * min(float(level(gap, SPAN)[-1]), 1)))
    return _diagnosis(case, sentence, GAP, "bad")


def _few(case: Case) -> Diagnosis | None:
    last, images = case.history.last, case.facts.images
    if last is None or not 0 < images < FEW or last.images < BY_HEART * images or case.critic:
        return None
    real, fake = case.history.of_keys(REAL, FAKE)
    if not above(np.minimum(real, fake), 0.98, 0.95, REPORTS):
        return None
    seen = number(last.images // images)
    if images == 1:
        sentence = _("Only 1 image: the discriminator has seen it {seen} times, so it has probably memorized it.")
        return _diagnosis(case, sentence.format(seen=seen), REAL, "watch")
    sentence = plural(
        "Only {count} image: the discriminator has seen each {seen} times and recognizes {share} % of them, so it has "
        "probably memorized them.",
        "Only {count} images: the discriminator has seen each {seen} times and recognizes {share} % of them, so it has "
        "probably memorized them.",
        images,
        seen=seen,
        share=number(100 * float(level(real, REPORTS)[-1])),
    )
    return _diagnosis(case, sentence, REAL, "watch")


def _diagnosis(case: Case, sentence: str, key: str, severity: Severity) -> Diagnosis:
    cures = remedies.offered(
        case, remedies.diffaug, remedies.r1, remedies.instance_noise, remedies.slower_discriminator
    )
    return Diagnosis("memorisation", severity, sentence, (key,), cures)
