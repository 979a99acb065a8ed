"""The discriminator hardly tells generated images from real ones, though they differ, or though it once could."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import Values, below, level

TITLE = "Discriminator too weak"
RANK = 7

ACCURACIES = ("Signal/D/accuracy_real", "Signal/D/accuracy_fake")
PROBE_KEYS = ("Signal/diversity", "Signal/nearest")
SPAN = 30
GUESSING, KNOWING = 0.55, 0.6
ABLE, SUDDEN = 0.8, 1.25
STEPS = 200


def find(case: Case) -> Diagnosis | None:
    """Under 55 % of real and generated images recognised on average, by medians of 30 reports (coin tosses get 50 %);
    over above 60 %. And the images are not simply that good: they differ by less than 0.7 or more than 1.4 of what real
    ones do, or lie more than 1.4 times as far from the training's images as unseen real ones (medians of five looks).
    Or it was right in more than 80 % before, and is not any more after a quarter more steps: images do not become that
    good so soon, but a discriminator that took steps too large guesses from then on.

    Not of Wasserstein critics, whose scores alone say how well they tell, and not before step 200.
    """
    if case.critic or not case.begun(STEPS):
        return None
    real, fake = case.history.of_keys(*ACCURACIES)
    accuracy = (real + fake) / 2
    if not below(accuracy, GUESSING, KNOWING, SPAN):
        return None
    right = 100 * level(accuracy, SPAN)[-1]
    if _has_lost_it(accuracy, case.history.steps_of(*ACCURACIES)):
        sentence = (
            f"The discriminator has lost what it had learned: it is right about {right:.0f} % of images, where "
            "guessing gives 50 %, so the generator no longer learns from it."
        )
        slower = (remedies.slower_discriminator, remedies.slower_both)
        cures = (remedies.anew(case, *slower) + remedies.offered(case, *slower))[: remedies.MOST]
        return Diagnosis("weak_discriminator", "bad", sentence, (*ACCURACIES, "Signal/D/update"), cures)
    if not _poor(case):
        return None
    sentence = (
        f"The discriminator is too weak: it is right about {right:.0f} % of images (guessing: 50 %), although "
        "generated images still differ from real ones."
    )
    cures = remedies.offered(
        case,
        remedies.faster_discriminator,
        remedies.less_penalty,
        remedies.less_noise,
        remedies.more_discriminator_steps,
    )
    return Diagnosis("weak_discriminator", "watch", sentence, (*ACCURACIES, *PROBE_KEYS), cures)


def _has_lost_it(accuracy: Values, steps: Values) -> bool:
    """Whether it guesses after it knew, all of a sudden."""
    medians, ends = level(accuracy, SPAN), steps[SPAN - 1 :]
    able = np.flatnonzero(medians > ABLE)
    if not len(able):
        return False
    guessing = np.flatnonzero(medians[able[-1] :] < GUESSING)
    return bool(len(guessing)) and ends[able[-1] + guessing[0]] <= SUDDEN * ends[able[-1]] + STEPS


def _poor(case: Case) -> bool:
    """Whether generated images are plainly not like real ones."""
    diversity, nearest = (case.history.of_keys(key)[0][-5:] for key in PROBE_KEYS)
    uneven = len(diversity) == 5 and not 0.7 <= np.median(diversity) <= 1.4
    return uneven or bool(len(nearest) == 5 and np.median(nearest) > 1.4)
