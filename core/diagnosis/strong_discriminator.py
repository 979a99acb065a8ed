"""The discriminator tells every image, and the generator is not told how to do better."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import above, below, level

TITLE = "Discriminator too strong"
RANK = 3

ACCURACIES = ("Signal/D/accuracy_real", "Signal/D/accuracy_fake")
LOSS, GRADIENT = "Loss/D/loss", "Signal/G/gradient"
SPAN = 16
STEPS = 300
SURE, UNSURE = 0.98, 0.95
EMPTY, FULL = 0.02, 0.05
VANISHED, PRESENT = 0.01, 0.03


def find(case: Case) -> Diagnosis | None:
    """Over 98 % of real and of generated images recognised, by medians of 16 reports; over below 95 %. That alone is no
    illness: the first minutes of many a good training are so. One of these comes with it, by medians of 16 reports:

    * G's gradient is less than a hundredth of the largest that it had; over above three hundredths;
    * D's own loss is less than 2 % of what it is while it cannot tell (over above 5 %): D learns nothing more either,
      and nobody corrects the slope that G follows. In good trainings 10 % and more remain. With label smoothing the
      loss never falls so far.

    Reports before step 300 do not count: noise is told from images at once, and with the hinge loss a good training
    begins with 1 % for a hundred steps. Nor do Wasserstein critics, which are to be far ahead.
    """
    if case.critic or not case.begun(STEPS):
        return None
    real, fake, loss = case.history.of_keys(*ACCURACIES, LOSS, since=STEPS)
    sure = np.minimum(real, fake)
    (gradient,) = case.history.of_keys(GRADIENT, since=STEPS)
    most = float(level(gradient, SPAN).max(initial=0.0))
    undecided = float(case.loss["UNDECIDED"])
    if not above(sure, SURE, UNSURE, SPAN):
        return None
    if below(gradient, VANISHED * most, PRESENT * most, SPAN):
        told = f"the generator's gradient is {100 * level(gradient, SPAN)[-1] / most:.1g} % of its largest"
    elif below(loss, EMPTY * undecided, FULL * undecided, SPAN):
        told = f"its loss is almost 0 ({level(loss, SPAN)[-1]:.2g})"
    else:
        return None
    sentence = (
        f"The discriminator is too strong: it recognizes {100 * level(sure, SPAN)[-1]:.0f} % of real and of generated "
        f"images, and {told}, so the generator hardly learns from it."
    )
    cures = remedies.offered(
        case,
        remedies.slower_discriminator,
        remedies.fewer_discriminator_steps,
        remedies.r1,
        remedies.instance_noise,
        remedies.label_smoothing,
        remedies.augment,
    )
    return Diagnosis("strong_discriminator", "bad", sentence, (*ACCURACIES, LOSS, GRADIENT), cures)
