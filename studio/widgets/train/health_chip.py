"""Health chip: a colored summary of a training's health, and a panel with findings, evidence and remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from core.diagnosis.case import Diagnosis, Remedy
from core.language import _, plural
from studio.widgets.basic.chip import Chip
from studio.widgets.basic.labels import plain_tip
from studio.widgets.train.diagnosis_list import DiagnosisList

NOTHING = _("No findings")
WIDEST = NOTHING, plural("{count} finding", "{count} findings", 99), _("Healthy")
"""Texts whose width is reserved, so that the layout does not move."""


class HealthChip(Chip):
    """Chip with the number of findings; its panel lists them."""

    evidence_requested = Signal(object)
    """Keys of the curves that show a finding."""
    remedy_requested = Signal(object)
    """The chosen `Remedy`."""
    undo_requested = Signal()
    """Restore the settings before the last remedy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.list = DiagnosisList()
        super().__init__(self.list, _("Training health"), WIDEST, parent)
        self.list.changed.connect(self.fit_panel)
        self.list.evidence_requested.connect(self._show_evidence)
        self.list.remedy_requested.connect(self._take_remedy)
        self.list.undo_requested.connect(self.undo_requested)
        self.show_diagnoses(())

    def show_diagnoses(self, found: Sequence[Diagnosis]) -> None:
        """Shows the findings, worst first, or the single good one."""
        self.list.show_diagnoses(found)
        wrong = sum(each.severity != "good" for each in found)
        count = plural("{count} finding", "{count} findings", wrong)
        words = count if wrong else _("Healthy") if found else NOTHING
        self.setText(words)
        said = "\n".join(each.sentence for each in found)
        self.setAccessibleName(_("Training health: {words}").format(words=words))
        self.setAccessibleDescription(said)
        self.setToolTip(plain_tip(said or _("Show findings, evidence and remedies")))
        self.set_severity(found[0].severity if found else "none")

    def set_can_edit(self, can_edit: bool) -> None:
        """Sets whether a training runs whose settings a remedy can change."""
        self.list.set_can_edit(can_edit)

    def show_applied(self, changes: Mapping[str, Any]) -> None:
        """Shows an applied remedy, which the panel can undo."""
        self.list.show_applied(changes)

    def _show_evidence(self, keys: object) -> None:
        self.panel.hide()
        self.evidence_requested.emit(keys)

    def _take_remedy(self, remedy: Remedy) -> None:
        if remedy.anew:
            self.panel.hide()
        self.remedy_requested.emit(remedy)
