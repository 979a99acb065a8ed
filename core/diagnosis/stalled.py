"""The generator no longer changes, or no longer gets better."""

from __future__ import annotations

import numpy as np

from core.diagnosis import remedies
from core.diagnosis.case import Case, Diagnosis
from core.diagnosis.course import below, level

TITLE = "Stalled"
RANK = 6

UPDATE, GRADIENT = "Signal/G/update", "Signal/G/gradient"
SPAN = 5
STILL, MOVING = 1e-7, 1e-6


def find(case: Case) -> Diagnosis | None:
    """TBD"""
    return None
