"""All images of one class are alike, although the other classes vary."""

from __future__ import annotations

from core.diagnosis import mode_collapse, remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import below, level

TITLE = "Class collapse"
RANK = 2

KEY = "Signal/class_diversity"
SPAN = 2
ALIKE, VARIED = 0.2, 0.35
STEPS = 500


def find(case: Case) -> Diagnosis | None:
    """The images of one class differ by less than 0.2 of what the real images of that class do; over above 0.35.

    By the median of two probes, from step 500 on, since every generator begins with images that are all alike. The mean
    over all classes hides it: with ten classes it falls by a tenth. An auxiliary classifier that weighs much for G is a
    known cause (Gong et al. 2019, arXiv:1907.02690).
    """
    (diversity,) = case.history.of_keys(KEY, since=STEPS)
    if not case.begun(STEPS) or len(diversity) < SPAN or not below(diversity, ALIKE, VARIED, SPAN):
        return None
    if mode_collapse.find(case):
        return None
    share = 100 * level(diversity, SPAN)[-1]
    sentence = f"The images of one class are nearly identical: their diversity is {share:.0f} % of the real images'."
    cures = remedies.offered(
        case,
        remedies.classifier_for_discriminator_alone,
        remedies.diffaug,
        remedies.lower_generator_lead,
        remedies.r1,
        remedies.slower_both,
    )
    return Diagnosis("class_collapse", "bad", sentence, (KEY,), cures)
