"""Service that diagnoses a training, or an opened run, from its reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from core.diagnosis import diagnose
from core.diagnosis.case import Diagnosis, RunFacts
from core.diagnosis.report_history import ReportHistory
from core.events import Edited, Report
from studio.services.train.training import TrainingService

PAUSE_MS = 1000
"""Shortest time between two diagnoses in ms, each of which takes some milliseconds."""


class DiagnosisWatcher(QObject):
    """Runs in the window's thread. Reports without losses, such as metrics, are ignored."""

    diagnosed = Signal(object)
    """All findings, as returned by `diagnose`, whenever they change."""

    def __init__(self, training: TrainingService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._history, self._facts = ReportHistory(), RunFacts()
        self._found: tuple[Diagnosis, ...] = ()
        self._soon = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._soon.timeout.connect(self._diagnose)

    def begin(self, history: ReportHistory | None = None, facts: RunFacts | None = None) -> None:
        """Watches another run, given its reports and events so far."""
        self._history, self._facts = history or ReportHistory(), facts or RunFacts()

    def go_on(self, images: int) -> None:
        """Diagnoses at once; `images`: number of training images, 0 if unknown."""
        self._facts = replace(self._facts, images=images or self._facts.images)
        self._soon.stop()
        self._diagnose()

    def add(self, reports: Sequence[Report]) -> None:
        for report in reports:
            self._history.append(report)
        if not self._soon.isActive():
            self._soon.start()

    def rewind(self, step: int) -> None:
        """Follows a training that went back to a step after it diverged."""
        self._facts = replace(self._facts, rewinds=(*self._facts.rewinds, step))

    def edit(self, edited: Edited) -> None:
        """Follows a change of settings during the training."""
        self._facts = replace(self._facts, edits=(*self._facts.edits, edited))

    def _diagnose(self) -> None:
        found = diagnose(self._history, self._training.settings, self._facts)
        if found != self._found:
            self._found = found
            self.diagnosed.emit(found)
