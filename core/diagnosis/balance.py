"""Nothing is wrong."""

from __future__ import annotations

import numpy as np

from core.diagnosis.case import Case, Diagnosis

TITLE = "Healthy balance"
RANK = 9

ACCURACIES = ("Signal/D/accuracy_real", "Signal/D/accuracy_fake")
LOSSES = ("Loss/D/loss", "Loss/G/loss")
SPAN = 16
STEPS = 100
AHEAD = 90
GUESSING = 60
ONE_SIDED = 25


def find(case: Case) -> Diagnosis | None:
    """Sixteen reports and a hundred steps without another finding. The sentence says what medians of the last sixteen
    show. Critics' scores have no threshold, so nothing is said of theirs.

    D is ahead when it recognizes 90 % of both kinds of images. A difference of 25 between both is a shifted threshold,
    which leaves the direction of G's gradient as it is. Below 60 % on average D is close to guessing.
    """
    if not case.begun(STEPS) or len(case.history) < SPAN:
        return None
    real, fake = case.history.of_keys(*ACCURACIES)
    if case.critic:
        sentence = "No problem found. A critic's scores have no fixed scale: the samples and the metrics show progress."
        return Diagnosis("balance", "good", sentence, LOSSES)
    if not len(real):
        return Diagnosis("balance", "good", "No problem found in the losses.", LOSSES)
    right = 100 * float(np.median(real[-SPAN:])), 100 * float(np.median(fake[-SPAN:]))
    return Diagnosis("balance", "good", _sentence(*right), ACCURACIES)


def _sentence(real: float, fake: float) -> str:
    """Returns what is true of a discriminator that recognizes so many per cent of real and of generated images."""
    told = f"recognizes {real:.0f} % of real and {fake:.0f} % of generated images"
    if min(real, fake) >= AHEAD:
        return f"Healthy: the discriminator is ahead, as usual. It {told}."
    if abs(real - fake) >= ONE_SIDED:
        kind = "generated" if fake > real else "real"
        return (
            f"No problem found. The discriminator takes most images for {kind}: it {told}. The generator learns from "
            "differences between scores, so a shifted threshold alone does no harm."
        )
    if (real + fake) / 2 < GUESSING:
        return (
            f"No problem found. The discriminator cannot tell images apart: it {told}, where guessing gives 50 %. That "
            "is expected once generated images are good."
        )
    return f"Healthy: neither network dominates. The discriminator {told}."
