"""The generated images lose contrast: they turn gray."""

from __future__ import annotations

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import below, level

TITLE = "Losing contrast"
RANK = 5

KEY, COLOR = "Signal/contrast", "Signal/color"
SPAN = 3
LOST, FULL = 0.8, 0.88
ONCE = 0.9
STEPS = 200


def find(case: Case) -> Diagnosis | None:
    """The values of generated images spread less than 0.8 as far as those of real ones, by the median of three probes,
    and once spread 0.9 as far; over above 0.88.

    A discriminator whose layers are all blind to scale cannot see it, and its accuracy says nothing of it. Every
    training begins with gray images: probes before step 200 do not count, nor does a contrast that was never there.
    """
    (contrast,) = case.history.of_keys(KEY, since=STEPS)
    levels = level(contrast, SPAN)
    if not case.begun(STEPS) or not len(levels) or levels.max() < ONCE or not below(contrast, LOST, FULL, SPAN):
        return None
    sentence = (
        f"The generated images lose contrast: they have {100 * levels[-1]:.0f} % of the real images' contrast, down "
        f"from {100 * levels.max():.0f} %."
    )
    # What is built in is cured by no edit, so beginning anew is offered however old the training is.
    cures = remedies.restart(case, remedies.input_bias) + remedies.offered(case, remedies.slower_both)
    return Diagnosis("lost_contrast", "bad", sentence, (KEY, COLOR), cures[: remedies.MOST])
