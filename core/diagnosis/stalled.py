"""Stalled training: the generator's weights hardly change."""

from __future__ import annotations

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.report_history import below, level
from core.language import _

TITLE = "Stalled"
RANK = 9
KINDS = ("generation", "paired", "unpaired")

UPDATE = "Signal/G/update"
SPAN = 5
STILL, MOVING = 1e-5, 3e-5
STEPS = 100


def find(case: Case) -> Diagnosis | None:
    """Returns a finding if the relative weight update of G is below 1e-5, by the median of 5 values; ends above 3e-5.

    About 1e-3 is usual. The causes are learning rates that have decayed to 0, or a gradient of 0. Steps before 100 and
    the warm-up do not count.
    """
    last = case.history.last
    (update,) = case.history.of_keys(UPDATE)
    cold = last is None or last.images < 1000 * case.settings.warm_up_kimg
    if cold or not case.begun(STEPS) or not below(update, STILL, MOVING, SPAN):
        return None
    sentence = _("The generator has stopped learning: a step changes its weights by {share} % (usual: 0.1 %).").format(
        share=f"{100 * float(level(update, SPAN)[-1]):.2g}"
    )
    cures = remedies.offered(case, remedies.no_decay, remedies.faster_generator)
    return Diagnosis("stalled", "watch", sentence, (UPDATE, "Signal/G/gradient"), cures)
