"""The training's images are learned by heart: by the discriminator, and in the end by the generator."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.course import above, below

TITLE = "Memorisation"
RANK = 3

GAP, NEAREST = "Signal/gap", "Signal/nearest"
ACCURACIES = ("Signal/D/accuracy_real", "Signal/D/accuracy_fake")
SPAN = 5


def find(case: Case) -> Diagnosis | None:
    """TBD"""
    return None
