"""Too strong discriminator: it recognizes every image, and the generator gets no useful gradient."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import above, below, level
from core.language import _, number

TITLE = "Discriminator too strong"
RANK = 3
KINDS = ("generation", "paired", "unpaired")

ACCURACIES = ("Signal/D/accuracy_real", "Signal/D/accuracy_fake")
LOSS, GRADIENT = "Loss/D/loss", "Signal/G/gradient"
SPAN = 16
STEPS = 300
SURE, UNSURE = 0.98, 0.95
EMPTY, FULL = 0.02, 0.05
VANISHED, PRESENT = 0.01, 0.03


def find(case: Case) -> Diagnosis | None:
    """Returns a finding if both accuracies exceed 98 % (end below 95 %), by medians of 16 reports, and one of these
    holds, by the same medians:

    * the norm of G's gradient is below 1 % of its maximum; ends above 3 %;
    * D's loss is below 2 % of that of an undecided D (ends above 5 %): D itself hardly learns any more. Good trainings
      stay above 10 %; with label smoothing the loss never falls so far.

    High accuracies alone are normal in the first minutes. Reports before step 300 do not count: noise is easy to
    recognize, and with the hinge loss good trainings start with a loss of 1 % for a hundred steps. Wasserstein critics
    are excluded, because they are meant to be far ahead, and translations whose adversarial weight is 0.
    """
    if case.critic or not case.is_adversarial or not case.begun(STEPS):
        return None
    real, fake, loss = case.history.of_keys(*ACCURACIES, LOSS, since=STEPS)
    sure = np.minimum(real, fake)
    (gradient,) = case.history.of_keys(GRADIENT, since=STEPS)
    most = float(level(gradient, SPAN).max(initial=0.0))
    undecided = float(case.loss["UNDECIDED"])
    if not above(sure, SURE, UNSURE, SPAN):
        return None
    recognized = number(100 * level(sure, SPAN)[-1])
    if below(gradient, VANISHED * most, PRESENT * most, SPAN):
        sentence = _(
            "The discriminator is too strong: it recognizes {recognized} % of real and of generated images, and the "
            "generator's gradient is {share} % of its largest, so the generator hardly learns from it."
        ).format(recognized=recognized, share=f"{100 * level(gradient, SPAN)[-1] / most:.1g}")
    elif below(loss, EMPTY * undecided, FULL * undecided, SPAN):
        sentence = _(
            "The discriminator is too strong: it recognizes {recognized} % of real and of generated images, and its "
            "loss is almost 0 ({loss}), so the generator hardly learns from it."
        ).format(recognized=recognized, loss=f"{level(loss, SPAN)[-1]:.2g}")
    else:
        return None
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
