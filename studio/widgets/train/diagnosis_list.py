"""List of findings about a training: each with its sentence, curves, and remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from core.diagnosis.case import Diagnosis, Remedy, Severity
from core.language import _, all_of, in_context, titled
from core.learn import topics
from studio.model.setting_text import in_words
from studio.widgets.basic.flow_layout import FlowLayout
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.basic.labels import Glyph, WrappedLabel, plain_tip

GLYPHS: dict[Severity, tuple[str, str]] = {
    "bad": ("warning", "error"),
    "watch": ("eye", "caution"),
    "good": ("check-circle", "good"),
}
WORDS: dict[Severity, str] = {"bad": _("Problem"), "watch": in_context("severity", "Watch"), "good": _("Healthy")}


class DiagnosisList(QWidget):
    """Findings, worst first, or a sentence that there are none."""

    changed = Signal()
    """The list may need another height."""
    evidence_requested = Signal(object)
    """Keys of the curves that show a finding."""
    remedy_requested = Signal(object)
    """The chosen `Remedy`."""
    undo_requested = Signal()
    """Restore the settings before the last remedy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._can_edit = False
        self._found: tuple[Diagnosis, ...] = ()
        self._rows = QVBoxLayout()
        self._rows.setSpacing(12)
        self._empty = WrappedLabel(_("No findings yet. They appear here during the training."), "muted")
        self._undo = QWidget()
        self._undo.hide()
        self._applied = WrappedLabel()
        undo = QPushButton(_("Undo"))
        undo.setToolTip(_("Restore the previous settings"))
        undo.clicked.connect(self._take_back)
        row = QHBoxLayout(self._undo)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(Glyph("check", 18, "good"))
        row.addWidget(self._applied, 1)
        row.addWidget(undo)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(10)
        column.addWidget(self._empty)
        column.addLayout(self._rows)
        column.addWidget(self._undo)
        column.addStretch()

    def show_diagnoses(self, found: Sequence[Diagnosis]) -> None:
        """Shows the findings, worst first, or the single good one."""
        if tuple(found) != self._found:  # or a button would vanish under a press
            self._found = tuple(found)
            self._build()

    def set_can_edit(self, can_edit: bool) -> None:
        """Sets whether a training runs whose settings a remedy can change."""
        if can_edit == self._can_edit:
            return
        self._can_edit = can_edit
        if not can_edit:
            self._undo.hide()
        self._build()

    def show_applied(self, changes: Mapping[str, Any]) -> None:
        """Shows an applied remedy with an undo button."""
        text = _("Applied: {changes}. The effect shows after some reports.")
        self._applied.setText(text.format(changes=all_of(in_words(changes))))
        self._undo.show()
        self.changed.emit()

    def _take_back(self) -> None:
        self._undo.hide()
        self.undo_requested.emit()

    def _build(self) -> None:
        while item := self._rows.takeAt(0):
            if widget := item.widget():
                widget.hide()  # deleted only by the event loop
                widget.deleteLater()
        for diagnosis in self._found:
            self._rows.addWidget(self._row(diagnosis))
        self._empty.setVisible(not self._found)
        self.changed.emit()

    def _row(self, diagnosis: Diagnosis) -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        line = QHBoxLayout()
        line.setSpacing(8)
        column.addLayout(line)
        name, role = GLYPHS[diagnosis.severity]
        glyph = Glyph(name, 20, role)
        glyph.setToolTip(plain_tip(WORDS[diagnosis.severity]))
        text = WrappedLabel(diagnosis.sentence)
        text.setAccessibleName(titled(WORDS[diagnosis.severity], diagnosis.sentence))
        line.addWidget(glyph)
        line.addWidget(text, 1)
        if key := topics.of_finding(diagnosis.kind):
            line.addWidget(HelpButton(key))
        if diagnosis.evidence:
            button = QToolButton(autoRaise=True)
            button.setText(_("Show evidence"))
            button.setToolTip(_("Show the curves behind this finding"))
            button.clicked.connect(partial(self.evidence_requested.emit, diagnosis.evidence))
            line.addWidget(button)
        if diagnosis.remedies and self._can_edit:
            column.addLayout(self._remedies(diagnosis.remedies))
        return row

    def _remedies(self, remedies: Sequence[Remedy]) -> QHBoxLayout:
        flow, line = FlowLayout(), QHBoxLayout()
        for remedy in remedies:
            flow.addWidget(self._button(remedy))
        line.setContentsMargins(28, 0, 0, 2)  # below the sentence
        line.addLayout(flow, 1)
        return line

    def _button(self, remedy: Remedy) -> QPushButton:
        button = QPushButton(remedy.text.rstrip("."))
        changes = "\n".join(in_words(remedy.changes))
        what = (
            _("Start a new run; this one is saved first:")
            if remedy.anew
            else _("Change the settings while training; can be undone:")
        )
        button.setToolTip(plain_tip(f"{what}\n{changes}"))
        button.clicked.connect(partial(self.remedy_requested.emit, remedy))
        return button
