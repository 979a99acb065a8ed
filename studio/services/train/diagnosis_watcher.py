"""Watches a training's reports, or an opened run's, and says what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from core.config.settings import Settings
from core.diagnosis import diagnose
from core.diagnosis.case import Diagnosis, RunFacts
from core.diagnosis.report_history import ReportHistory
from core.events import Edited, Report

PAUSE_MS = 1000
"""From one diagnosis to the next at least: it costs some milliseconds, and nobody reads faster."""


class DiagnosisWatcher(QObject):
    """Lives in the window's thread. Reports that hold no losses, such as measured numbers, tell it nothing."""

    diagnosed = Signal(object)
    """All that is found, as `diagnose` returns it, whenever it changes."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._course, self._settings, self._facts = ReportHistory(), Settings(), RunFacts()
        self._found: tuple[Diagnosis, ...] = ()
        self._soon = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._soon.timeout.connect(self._diagnose)

    def begin(self, course: ReportHistory, facts: RunFacts) -> None:
        """Another run, with what it has reported so far."""
        self._course, self._facts = course, facts

    def set_training(self, settings: Settings, images: int) -> None:
        """What it is trained with; `images`: how many it sees, 0 if that is not known here."""
        self._settings = settings
        self._facts = replace(self._facts, images=images or self._facts.images)
        self._soon.stop()
        self._diagnose()

    def add(self, reports: Sequence[Report]) -> None:
        for report in reports:
            self._course.append(report)
        if not self._soon.isActive():
            self._soon.start()

    def rewind(self, step: int) -> None:
        """The training went back to a step by itself, because its numbers had run away."""
        self._facts = replace(self._facts, rewinds=(*self._facts.rewinds, step))

    def edit(self, edited: Edited) -> None:
        """Settings were changed while it trains."""
        self._facts = replace(self._facts, edits=(*self._facts.edits, edited))
        self._settings = self._settings.changed(**edited.changes)

    def _diagnose(self) -> None:
        found = diagnose(self._course, self._settings, self._facts)
        if found != self._found:
            self._found = found
            self.diagnosed.emit(found)
