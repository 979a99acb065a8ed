"""Health chip: a few colored words about a training, and a panel below it with findings, evidence and remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from core.diagnosis.case import Diagnosis, Remedy
from studio.widgets.basic.chip import Chip
from studio.widgets.basic.labels import plain_tip
from studio.widgets.train.diagnosis_list import DiagnosisList

NOTHING = "No findings"
WIDEST = "No findings", "99 findings", "Healthy"
"""The button is wide enough for each of these, so that nothing moves as they change."""


class HealthChip(Chip):
    """Says how many findings there are; its panel lists them."""

    evidence_requested = Signal(object)
    """The keys of the curves that show a finding."""
    remedy_requested = Signal(object)
    """The `Remedy` that the person chose."""
    undo_requested = Signal()
    """Settings as they were before the last remedy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.list = DiagnosisList()
        super().__init__(self.list, "Health of the training", WIDEST, parent)
        self.list.changed.connect(self.fit_panel)
        self.list.evidence_requested.connect(self._show_evidence)
        self.list.remedy_requested.connect(self._take_remedy)
        self.list.undo_requested.connect(self.undo_requested)
        self.show_diagnoses(())

    def show_diagnoses(self, found: Sequence[Diagnosis]) -> None:
        """Shows the findings, the worst first; the one good finding when nothing is wrong."""
        self.list.show_diagnoses(found)
        wrong = [each for each in found if each.severity != "good"]
        words = f"{len(wrong)} finding{'s' * (len(wrong) != 1)}" if wrong else "Healthy" if found else NOTHING
        self.setText(words)
        said = "\n".join(each.sentence for each in found)
        self.setAccessibleName(f"Health of the training: {words}")
        self.setAccessibleDescription(said)
        self.setToolTip(plain_tip(said or "Health of the training: findings, evidence and remedies"))
        self.set_severity(found[0].severity if found else "none")

    def set_can_edit(self, can_edit: bool) -> None:
        """Whether a training runs whose settings a remedy can change."""
        self.list.set_can_edit(can_edit)

    def show_applied(self, changes: Mapping[str, Any]) -> None:
        """A remedy was taken; the panel offers to take it back."""
        self.list.show_applied(changes)

    def _show_evidence(self, keys: object) -> None:
        self.panel.hide()
        self.evidence_requested.emit(keys)

    def _take_remedy(self, remedy: Remedy) -> None:
        if remedy.anew:
            self.panel.hide()
        self.remedy_requested.emit(remedy)
