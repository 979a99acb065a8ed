"""Too weak discriminator: it guesses although generated images differ from real ones, or although it once knew."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import Values, below, level
from core.language import _, number

TITLE = "Discriminator too weak"
RANK = 8
KINDS = ("generation", "paired", "unpaired")

ACCURACIES = ("Signal/D/accuracy_real", "Signal/D/accuracy_fake")
PROBE_KEYS = ("Signal/diversity", "Signal/nearest")
SPAN = 30
GUESSING, KNOWING = 0.55, 0.6
ABLE, SUDDEN = 0.8, 1.25
STEPS = 200


def find(case: Case) -> Diagnosis | None:
    """Returns a finding if the mean accuracy is below 55 % (ends above 60 %), by medians of 30 reports, and one of
    these holds:

    * generated images are still poor: a diversity outside [0.7, 1.4], or a distance to the nearest training image more
      than 1.4 times that of held-out images, by medians of five probes;
    * the accuracy fell from above 80 % within a quarter of the steps so far. Images do not improve so fast; a
      discriminator whose steps were too large guesses from then on.

    Reports before step 200 do not count. Wasserstein critics are excluded, because their scores have no threshold,
    and translations whose adversarial weight is 0.
    """
    if case.critic or not case.is_adversarial or not case.begun(STEPS):
        return None
    real, fake = case.history.of_keys(*ACCURACIES)
    accuracy = (real + fake) / 2
    if not below(accuracy, GUESSING, KNOWING, SPAN):
        return None
    right = number(100 * level(accuracy, SPAN)[-1])
    if _has_lost_it(accuracy, case.history.steps_of(*ACCURACIES)):
        sentence = _(
            "The discriminator has lost what it had learned: it is right about {right} % of images, where guessing "
            "gives 50 %, so the generator no longer learns from it."
        ).format(right=right)
        slower = (remedies.slower_discriminator, remedies.slower_both)
        cures = (remedies.anew(case, *slower) + remedies.offered(case, *slower))[: remedies.MOST]
        return Diagnosis("weak_discriminator", "bad", sentence, (*ACCURACIES, "Signal/D/update"), cures)
    if not _poor(case):
        return None
    sentence = _(
        "The discriminator is too weak: it is right about {right} % of images (guessing: 50 %), although generated "
        "images still differ from real ones."
    ).format(right=right)
    cures = remedies.offered(
        case,
        remedies.faster_discriminator,
        remedies.less_penalty,
        remedies.less_noise,
        remedies.more_discriminator_steps,
    )
    return Diagnosis("weak_discriminator", "watch", sentence, (*ACCURACIES, *PROBE_KEYS), cures)


def _has_lost_it(accuracy: Values, steps: Values) -> bool:
    """Returns whether the accuracy fell suddenly from above `ABLE` to guessing."""
    medians, ends = level(accuracy, SPAN), steps[SPAN - 1 :]
    able = np.flatnonzero(medians > ABLE)
    if not len(able):
        return False
    guessing = np.flatnonzero(medians[able[-1] :] < GUESSING)
    return bool(len(guessing)) and ends[able[-1] + guessing[0]] <= SUDDEN * ends[able[-1]] + STEPS


def _poor(case: Case) -> bool:
    """Returns whether generated images clearly differ from real ones in diversity or distance."""
    diversity, nearest = (case.history.of_keys(key)[0][-5:] for key in PROBE_KEYS)
    uneven = len(diversity) == 5 and not 0.7 <= np.median(diversity) <= 1.4
    return uneven or bool(len(nearest) == 5 and np.median(nearest) > 1.4)
