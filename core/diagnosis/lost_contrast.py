"""Loss of contrast: generated images turn gray."""

from __future__ import annotations

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import below, level
from core.language import _, number

TITLE = "Losing contrast"
RANK = 5
KINDS = ("generation", "unpaired")

KEY, COLOR = "Signal/contrast", "Signal/color"
SPAN = 3
LOST, FULL = 0.8, 0.88
ONCE = 0.9
STEPS = 200


def find(case: Case) -> Diagnosis | None:
    """Returns a finding if contrast falls below 0.8 of the real images', by the median of three probes, after it has
    reached 0.9; ends above 0.88.

    A discriminator whose layers are all invariant to scale cannot see contrast, so its accuracy does not show the loss.
    Every training starts with gray images, so probes before step 200 do not count.
    """
    (contrast,) = case.history.of_keys(KEY, since=STEPS)
    levels = level(contrast, SPAN)
    if not case.begun(STEPS) or not len(levels) or levels.max() < ONCE or not below(contrast, LOST, FULL, SPAN):
        return None
    sentence = _(
        "The generated images lose contrast: they have {share} % of the real images' contrast, down from {best} %."
    ).format(share=number(100 * levels[-1]), best=number(100 * levels.max()))
    # No edit can add the bias to a network that was built without it, so a restart is offered at any age.
    cures = remedies.restart(case, remedies.input_bias) + remedies.offered(case, remedies.slower_both)
    return Diagnosis("lost_contrast", "bad", sentence, (KEY, COLOR), cures[: remedies.MOST])
