"""Mode collapse: the generator makes only a few kinds of images."""

from __future__ import annotations

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import below, level
from core.language import _, number

TITLE = "Mode collapse"
RANK = 1
KINDS = ("generation",)

KEY = "Signal/diversity"
SPAN = 2
ALIKE, VARIED = 0.2, 0.35
SAME = 0.01
"""Diversity below which the generator ignores its latents and makes a single image."""
STEPS = 200


def find(case: Case) -> Diagnosis | None:
    """Returns a finding if diversity falls below 0.2 of the real images' (ends above 0.35), or below half of its own
    best if that was above 0.6 (ends above 0.7 of it).

    Uses medians of two probes of more than a hundred images each, which makes chance negligible. Every generator starts
    with images that are all alike, so probes before step 200 do not count, nor while the last is 20 % above the one
    before. Below 0.01 the first remedy is another network, because no setting adds variety to a generator that ignores
    its latents.
    """
    (diversity,) = case.history.of_keys(KEY, since=STEPS)
    if not case.begun(STEPS) or len(diversity) < SPAN or diversity[-1] > 1.2 * diversity[-2]:
        return None
    levels = level(diversity, SPAN)
    now, best = 100 * levels[-1], 100 * levels.max()
    if below(diversity, ALIKE, VARIED, SPAN):
        sentence = _identical(case)
    elif best > 60 and below(diversity, best / 200, best / 100 * 0.7, SPAN):
        sentence = _more_alike(case)
    else:
        return None
    sentence = sentence.format(now=number(now), best=number(best))
    first = remedies.anew(case, remedies.other_network) if levels[-1] < SAME else ()
    cures = first + remedies.offered(
        case,
        remedies.lower_generator_lead,
        remedies.r1,
        remedies.diffaug,
        remedies.more_discriminator_steps,
        remedies.slower_both,
    )
    return Diagnosis("mode_collapse", "bad", sentence, (KEY,), cures[: remedies.MOST])


def _identical(case: Case) -> str:
    if case.settings.condition == "none":
        return _("The generated images are nearly identical: their diversity is {now} % of the real images'.")
    return _("The generated images of each class are nearly identical: their diversity is {now} % of the real images'.")


def _more_alike(case: Case) -> str:
    if case.settings.condition == "none":
        return _(
            "The generated images become more alike: their diversity is {now} % of the real images', down from "
            "{best} %."
        )
    return _(
        "The generated images of each class become more alike: their diversity is {now} % of the real images', "
        "down from {best} %."
    )
