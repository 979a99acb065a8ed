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


def find(case: Case) -> Diagnosis | None:
    """Sixteen reports and a hundred steps without another finding. What is told of it is the median of the last sixteen
    reports; of a critic, and of runs without signals, only that nothing is wrong."""
    if not case.begun(STEPS) or len(case.history) < SPAN:
        return None
    real, fake = case.history.of_keys(*ACCURACIES)
    if case.critic or not len(real):
        return Diagnosis("balance", "good", "Both networks learn, and nothing is wrong.", LOSSES)
    right = 100 * np.median(real[-SPAN:]), 100 * np.median(fake[-SPAN:])
    told = f"recognises {right[0]:.0f} % of real and {right[1]:.0f} % of generated images"
    sentence = (
        f"Nothing is wrong: the discriminator is ahead, as it usually is, and {told}; the generator learns from it."
        if min(right) >= AHEAD
        else f"The two networks are in balance: the discriminator {told}, and nothing is wrong."
    )
    return Diagnosis("balance", "good", sentence, ACCURACIES)
