"""Healthy balance: no other finding."""

from __future__ import annotations

import numpy as np

from core.diagnosis.case import Case, Diagnosis
from core.language import _, number

TITLE = "Healthy balance"
RANK = 10
KINDS = ("generation", "paired", "unpaired")

ACCURACIES = ("Signal/D/accuracy_real", "Signal/D/accuracy_fake")
LOSSES = ("Loss/D/loss", "Loss/G/loss")
SPAN = 16
STEPS = 100
AHEAD = 90
GUESSING = 60
ONE_SIDED = 25


def find(case: Case) -> Diagnosis | None:
    """Returns a finding from report 16 and step 100 on, with the medians of the last 16 accuracies.

    D is ahead if it recognizes 90 % of real and of generated images. A difference of 25 points between the two is a
    shifted threshold, which does not change the direction of G's gradient. Below 60 % on average, D nearly guesses. A
    critic's scores have no threshold, so it has no accuracy; nor has a D that does not train.
    """
    if not case.begun(STEPS) or len(case.history) < SPAN:
        return None
    real, fake = case.history.of_keys(*ACCURACIES)
    if case.critic:
        sentence = _(
            "No problem found. A critic's scores have no fixed scale: the samples and the metrics show progress."
        )
        return Diagnosis("balance", "good", sentence, LOSSES)
    if not case.is_adversarial or not len(real):
        return Diagnosis("balance", "good", _("No problem found in the losses."), LOSSES)
    right = 100 * float(np.median(real[-SPAN:])), 100 * float(np.median(fake[-SPAN:]))
    return Diagnosis("balance", "good", _sentence(*right), ACCURACIES)


def _sentence(real: float, fake: float) -> str:
    """Returns the sentence for a discriminator that recognizes `real` and `fake` per cent of the images."""
    if min(real, fake) >= AHEAD:
        sentence = _(
            "Healthy: the discriminator is ahead, as usual. It recognizes {real} % of real and {fake} % of generated "
            "images."
        )
    elif fake - real >= ONE_SIDED:
        sentence = _(
            "No problem found. The discriminator takes most images for generated: it recognizes {real} % of real and "
            "{fake} % of generated images. The generator learns from differences between scores, so a shifted "
            "threshold alone does no harm."
        )
    elif real - fake >= ONE_SIDED:
        sentence = _(
            "No problem found. The discriminator takes most images for real: it recognizes {real} % of real and "
            "{fake} % of generated images. The generator learns from differences between scores, so a shifted "
            "threshold alone does no harm."
        )
    elif (real + fake) / 2 < GUESSING:
        sentence = _(
            "No problem found. The discriminator cannot tell images apart: it recognizes {real} % of real and {fake} % "
            "of generated images, where guessing gives 50 %. That is expected once generated images are good."
        )
    else:
        sentence = _(
            "Healthy: neither network dominates. The discriminator recognizes {real} % of real and {fake} % of "
            "generated images."
        )
    return sentence.format(real=number(real), fake=number(fake))
