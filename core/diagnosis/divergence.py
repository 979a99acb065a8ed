"""Divergence: losses, scores or weight updates grow without bound, or become NaN."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis, Remedy
from core.diagnosis.report_history import above, level
from core.language import _, number, plural

TITLE = "Divergence"
RANK = 0
KINDS = ("generation", "paired", "unpaired")

LOSSES = ("Loss/D/loss", "Loss/G/loss")
SCORES = ("Loss/scores/real", "Loss/scores/fake")
UPDATE = "Signal/D/update"
SPAN = 8
STEPS = 50
LARGEST_LOGIT, LARGEST_TARGETED = 50.0, 10.0
LEAP, STRIDE, LEAPS = 0.015, 0.007, 16
SPECTRAL = 4.0


def find(case: Case) -> Diagnosis | None:
    """Returns the first finding of these:

    * losses that are NaN or infinite in the last report;
    * a rewind within the last 120 reports. One rewind is "watch", because the program has already lowered the rates;
      more are "bad";
    * runaway scores: their median over 8 reports, robust against one odd batch, exceeds `_limit`; ends below half of
      it;
    * too large steps of D: one step changes its weights by more than 1.5 %, by the median of 16 reports; ends below
      0.7 %. 0.1 to 0.5 % is usual, and healthy trainings take larger steps only at the start, so steps before 50 do not
      count. Clipped weights are excluded: they are so small that any step is a large share of them. With spectral
      normalization the scale of a weight has no effect, and the limits are four times as high: `studio` at 64 px learns
      well with 2 to 4.5 %.
    """
    return _no_numbers(case) or _rewound(case) or _runaway(case) or _leaps(case)


def _no_numbers(case: Case) -> Diagnosis | None:
    last = case.history.last
    if last is None or all(isfinite(last.stats.get(key, 0.0)) for key in LOSSES):
        return None
    sentence = _("The losses became infinite or NaN at step {step}: the networks no longer learn.")
    sentence = sentence.format(step=number(last.step))
    return Diagnosis("divergence", "bad", sentence, LOSSES, _cures(case))


def _rewound(case: Case) -> Diagnosis | None:
    recent = [step for step in case.facts.rewinds if step >= case.history.step_before(120)]
    if not recent:
        return None
    step = number(recent[-1])
    if len(recent) == 1:
        sentence = _("Training diverged once: it went back to step {step} and continued with gentler settings.")
        return Diagnosis("divergence", "watch", sentence.format(step=step), LOSSES)
    sentence = plural(
        "Training diverged {count} time: it last went back to step {step} and continued with gentler settings.",
        "Training diverged {count} times: it last went back to step {step} and continued with gentler settings.",
        len(recent),
        step=step,
    )
    return Diagnosis("divergence", "bad", sentence, LOSSES, _cures(case))


def _runaway(case: Case) -> Diagnosis | None:
    real, fake = case.history.of_keys(*SCORES)
    size = np.abs(real - fake) if case.critic else np.maximum(np.abs(real), np.abs(fake))
    limit = _limit(case)
    if not case.begun(0) or not above(size, limit, limit / 2, SPAN):
        return None
    if case.critic:
        sentence = _(
            "The discriminator diverges: its scores of real and generated images differ by {measured}; at most {limit} "
            "is expected."
        )
    else:
        sentence = _("The discriminator diverges: its scores reach {measured}; at most {limit} is expected.")
    sentence = sentence.format(measured=number(level(size, SPAN)[-1]), limit=number(limit))
    return Diagnosis("divergence", "bad", sentence, (*SCORES, "Loss/D/loss"), _cures(case))


def _limit(case: Case) -> float:
    """Returns the largest score of a healthy D, or the largest difference of a healthy critic's scores.

    A critic of slope 1 separates two images by at most their distance, and black from white by 2 sqrt(3 width height).
    Trained logits stay within 20, and at 50 a sigmoid is 1 in every number format. Least squares pulls logits to 0 and
    1, so 10 is far off.
    """
    if case.critic:
        width, height = case.settings.size
        return 2.0 * sqrt(3 * width * height)
    return LARGEST_TARGETED if case.loss["TARGETS"] and not case.loss["SIGNED"] else LARGEST_LOGIT


def _leaps(case: Case) -> Diagnosis | None:
    (update,) = case.history.of_keys(UPDATE, since=STEPS)
    factor = SPECTRAL if case.has_spectral_norm else 1.0
    if case.settings.weight_clip or not case.begun(STEPS) or not above(update, factor * LEAP, factor * STRIDE, LEAPS):
        return None
    ratio = float(level(update, LEAPS)[-1])
    if case.has_spectral_norm:
        sentence = _(
            "The discriminator's steps are too large: each changes its weights by {share} % (usual: up to 4.5 % with "
            "spectral normalization), so it forgets as fast as it learns."
        )
    else:
        sentence = _(
            "The discriminator's steps are too large: each changes its weights by {share} % (usual: 0.1 to 0.5 %), so "
            "it forgets as fast as it learns."
        )
    sentence = sentence.format(share=number(100 * ratio, 1))
    first = remedies.anew(case, remedies.slower_discriminator, remedies.slower_both)
    cures = first + remedies.offered(case, remedies.smaller_steps(ratio), remedies.r1, remedies.slower_both)
    return Diagnosis("divergence", "bad", sentence, (UPDATE, "Loss/D/loss"), cures[: remedies.MOST])


def _cures(case: Case) -> tuple[Remedy, ...]:
    gentler = (remedies.slower_discriminator, remedies.r1, remedies.slower_both)
    # Clipping gives good images soonest, but destroys weights that have already grown large.
    bounds = (remedies.weight_clip, remedies.gradient_penalty) if case.critic else ()
    cures = remedies.anew(case, *bounds, *gentler) + remedies.offered(case, *reversed(bounds), *gentler)
    return cures[: remedies.MOST]
