"""The numbers run away, or have ceased to be numbers."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis, Remedy
from core.diagnosis.report_history import above, level

TITLE = "Divergence"
RANK = 0

LOSSES = ("Loss/D/loss", "Loss/G/loss")
SCORES = ("Loss/scores/real", "Loss/scores/fake")
UPDATE = "Signal/D/update"
SPAN = 8
STEPS = 50
LARGEST_LOGIT, LARGEST_TARGETED = 50.0, 10.0
LEAP, STRIDE, LEAPS = 0.015, 0.007, 16
SPECTRAL = 4.0


def find(case: Case) -> Diagnosis | None:
    """The first of these that holds:

    * losses that are no numbers: one report says it;
    * a training that was rewound for that within the last 120 reports. Once is to be watched, and the program has done
      what is to be done; more often is bad;
    * scores that run away: their median of eight reports, so that one wild batch is not taken for it, lies beyond what
      a trained discriminator can need (`_limit`); over below half of that;
    * steps of D that are too large: one changes its weights by more than 1.5 %, by the median of 16 reports; over
      below 0.7 %. A tenth to half of a per cent is usual, and healthy trainings take larger ones only in their first
      steps, so none before step 50 count. Nor where weights are clipped: they are so small then that any step is a
      large part of them, also of critics that teach well. With spectral normalization a layer does not depend on how
      large its weights are, and four times as much counts: `studio` at 64 px learns well with 2 to 4.5 %.
    """
    return _no_numbers(case) or _rewound(case) or _runaway(case) or _leaps(case)


def _no_numbers(case: Case) -> Diagnosis | None:
    last = case.history.last
    if last is None or all(isfinite(last.stats.get(key, 0.0)) for key in LOSSES):
        return None
    sentence = f"The losses became infinite or NaN at step {last.step:,}: nothing more is learned."
    return Diagnosis("divergence", "bad", sentence, LOSSES, _cures(case))


def _rewound(case: Case) -> Diagnosis | None:
    recent = [step for step in case.facts.rewinds if step >= case.history.step_before(120)]
    if not recent:
        return None
    once = len(recent) == 1
    sentence = (
        f"Training diverged {'once' if once else f'{len(recent)} times'}: it went back to step {recent[-1]:,} and "
        "continued with gentler settings."
    )
    return Diagnosis("divergence", "watch" if once else "bad", sentence, LOSSES, () if once else _cures(case))


def _runaway(case: Case) -> Diagnosis | None:
    real, fake = case.history.of_keys(*SCORES)
    size = np.abs(real - fake) if case.critic else np.maximum(np.abs(real), np.abs(fake))
    limit = _limit(case)
    if not case.begun(0) or not above(size, limit, limit / 2, SPAN):
        return None
    what = "scores of real and generated images differ by {}" if case.critic else "scores reach {}"
    measured = what.format(f"{level(size, SPAN)[-1]:,.0f}")
    sentence = f"The discriminator diverges: its {measured}; at most {limit:,.0f} is expected."
    return Diagnosis("divergence", "bad", sentence, (*SCORES, "Loss/D/loss"), _cures(case))


def _limit(case: Case) -> float:
    """Of a critic whose slope is 1 at most, the scores of two images differ by no more than the images do, and those by
    no more than white from black: 2 sqrt(3 width height). Elsewhere logits tell how sure D is: trained ones
    stay within 20, and at 50 a sigmoid is 1 in every number format. Where they are pulled to 0 and 1 ten is far off."""
    if case.critic:
        width, height = case.settings.size
        return 2.0 * sqrt(3 * width * height)
    return LARGEST_TARGETED if case.loss["TARGETS"] and not case.loss["SIGNED"] else LARGEST_LOGIT


def _leaps(case: Case) -> Diagnosis | None:
    (update,) = case.history.of_keys(UPDATE, since=STEPS)
    factor = SPECTRAL if case.settings.spectral_norm else 1.0
    if case.settings.weight_clip or not case.begun(STEPS) or not above(update, factor * LEAP, factor * STRIDE, LEAPS):
        return None
    ratio = float(level(update, LEAPS)[-1])
    usual = "up to 4.5 % with spectral normalization" if case.settings.spectral_norm else "0.1 to 0.5 %"
    sentence = (
        f"The discriminator's steps are too large: each changes its weights by {100 * ratio:.1f} % (usual: {usual}), "
        "so it forgets as fast as it learns."
    )
    first = remedies.anew(case, remedies.slower_discriminator, remedies.slower_both)
    cures = first + remedies.offered(case, remedies.smaller_steps(ratio), remedies.r1, remedies.slower_both)
    return Diagnosis("divergence", "bad", sentence, (UPDATE, "Loss/D/loss"), cures[: remedies.MOST])


def _cures(case: Case) -> tuple[Remedy, ...]:
    gentler = (remedies.slower_discriminator, remedies.r1, remedies.slower_both)
    # Clipping has good images soonest, but would cut down weights that have run away, with what they learned.
    bounds = (remedies.weight_clip, remedies.gradient_penalty) if case.critic else ()
    cures = remedies.anew(case, *bounds, *gentler) + remedies.offered(case, *reversed(bounds), *gentler)
    return cures[: remedies.MOST]
