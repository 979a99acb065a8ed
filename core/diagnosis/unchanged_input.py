"""Unchanged input: the generator of a translation copies its input."""

from __future__ import annotations

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import below, level
from core.language import _, number

TITLE = "Unchanged input"
RANK = 6
KINDS = ("paired", "unpaired")

KEY = "Signal/change"
SPAN = 3
COPIED, CHANGED = 0.1, 0.2
STEPS = 1000


def find(case: Case) -> Diagnosis | None:
    """Returns a finding if translations differ from their inputs by less than 0.1 of the difference between targets and
    inputs, by the median of three probes; ends above 0.2.

    Residual networks begin with a copy of the input, so probes before step 1000 do not count. The signal is left out
    where inputs and targets are alike. Terms that compare with the input or the mean target hold the generator back:
    the identity loss (CycleGAN, section 5.2), the cycle loss, whose minimum a copy reaches, and L1, whose answer to an
    uncertain color is gray (pix2pix, section 3.3).
    """
    (change,) = case.history.of_keys(KEY, since=STEPS)
    if not case.begun(STEPS) or not below(change, COPIED, CHANGED, SPAN):
        return None
    sentence = _(
        "The generator copies its input: its translations differ from it by {share} % of the difference between "
        "targets and inputs."
    ).format(share=number(100 * level(change, SPAN)[-1]))
    cures = remedies.offered(
        case,
        remedies.less_identity,
        remedies.more_adversarial,
        remedies.less_l1,
        remedies.less_cycle,
    )
    return Diagnosis("unchanged_input", "watch", sentence, (KEY,), cures)
