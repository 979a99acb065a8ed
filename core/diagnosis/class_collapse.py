"""Class collapse: all images of one class are alike, although other classes vary."""

from __future__ import annotations

from core.diagnosis import mode_collapse, remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import below, level
from core.language import _, number

TITLE = "Class collapse"
RANK = 2
KINDS = ("generation",)

KEY = "Signal/class_diversity"
SPAN = 2
ALIKE, VARIED = 0.2, 0.35
STEPS = 500


def find(case: Case) -> Diagnosis | None:
    """Returns a finding if the lowest diversity of a class falls below 0.2 of the real images'; ends above 0.35.

    Uses the median of two probes from step 500 on, because every generator starts with images that are all alike. The
    mean over all classes hides the collapse: with ten classes it falls by a tenth. A known cause is a large weight of
    the auxiliary classifier for G (Gong et al. 2019, arXiv:1907.02690).
    """
    (diversity,) = case.history.of_keys(KEY, since=STEPS)
    if not case.begun(STEPS) or len(diversity) < SPAN or not below(diversity, ALIKE, VARIED, SPAN):
        return None
    if mode_collapse.find(case):
        return None
    sentence = _(
        "The images of one class are nearly identical: their diversity is {share} % of the real images'."
    ).format(share=number(100 * level(diversity, SPAN)[-1]))
    cures = remedies.offered(
        case,
        remedies.classifier_for_discriminator_alone,
        remedies.diffaug,
        remedies.lower_generator_lead,
        remedies.r1,
        remedies.slower_both,
    )
    return Diagnosis("class_collapse", "bad", sentence, (KEY,), cures)
