"""The generator makes only a few of the kinds of images that there are."""

from __future__ import annotations

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import below, level

TITLE = "Mode collapse"
RANK = 1

KEY = "Signal/diversity"
SPAN = 2
ALIKE, VARIED = 0.2, 0.35
SAME = 0.01
"""Of what real images differ by: less is one image, of a generator that does not answer to its noise."""
STEPS = 200


def find(case: Case) -> Diagnosis | None:
    """Generated images differ by less than 0.2 of what real ones do; over above 0.35. Or by less than half of what they
    once did, when that was above 0.6; over above 0.7 of it.

    Where they hardly differ at all, what is offered first is another network: no setting gives a generator the variety
    that it has no way to make.

    By means of two looks, each at more than a hundred images, so that chance plays no part. Every generator begins with
    images that are all alike: looks before step 200 do not count, nor do they while the last is a fifth above the one
    before.
    """
    (diversity,) = case.history.of_keys(KEY, since=STEPS)
    if not case.begun(STEPS) or len(diversity) < SPAN or diversity[-1] > 1.2 * diversity[-2]:
        return None
    levels = level(diversity, SPAN)
    now, best = 100 * levels[-1], 100 * levels.max()
    what = "The generated images" if case.settings.condition == "none" else "The generated images of each class"
    if below(diversity, ALIKE, VARIED, SPAN):
        sentence = f"{what} are nearly identical: their diversity is {now:.0f} % of the real images'."
    elif best > 60 and below(diversity, best / 200, best / 100 * 0.7, SPAN):
        sentence = (
            f"{what} become more alike: their diversity is {now:.0f} % of the real images', down from {best:.0f} %."
        )
    else:
        return None
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
