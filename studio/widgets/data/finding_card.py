"""Card of a health finding, with its remedies as switches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.data.health.findings import HealthFinding, Remedy, Severity
from core.language import _, in_context, number, titled
from studio.model.image_filter import NAMES, rows_of
from studio.widgets.basic.flow_layout import FlowLayout
from studio.widgets.basic.labels import Glyph, WrappedLabel, plain_tip

GLYPHS: dict[Severity, tuple[str, str]] = {
    "warning": ("warning", "caution"),
    "note": ("info", "accent"),
    "good": ("check-circle", "good"),
}
WORDS: dict[Severity, str] = {"warning": _("Warning"), "note": _("Note"), "good": in_context("severity", "OK")}
LOCKED = _("Stop the training to change this")


class FindingCard(QFrame):
    """Card of one finding. `can_show_images`: whether its images can be shown."""

    left_out_switched = Signal(bool)
    remedy_switched = Signal(object, bool)
    """A `Remedy`, and whether to apply it."""
    images_requested = Signal()
    groups_requested = Signal()
    """Show the groups of images, or the files outside the dataset."""

    def __init__(self, finding: HealthFinding, can_show_images: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
        self._excludable = frozenset(finding.excludable.tolist())
        self._remedies: dict[Remedy, QCheckBox] = {}
        self._leave_out = QCheckBox(_("Leave out {number}").format(number=number(len(self._excludable))))
        self._leave_out.setToolTip(_("Leave out these images; files are not changed"))
        self._leave_out.clicked.connect(self.left_out_switched)
        is_quiet = finding.severity == "good" and not finding.remedies
        self.setObjectName("" if is_quiet else "card")
        self.setAccessibleName(titled(WORDS[finding.severity], finding.text))
        name, role = GLYPHS[finding.severity]
        glyph = Glyph(name, 18, role)
        glyph.setToolTip(plain_tip(WORDS[finding.severity]))
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(_label(finding.text))
        if finding.suggestion:
            words.addWidget(_label(finding.suggestion, "muted"))
        words.addWidget(self._build_switches())
        if can_show_images or finding.skipped:
            words.addWidget(self._build_buttons())
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0 if is_quiet else 8, 8, 0 if is_quiet else 8)
        row.setSpacing(8)
        row.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def show_left_out(self, rows: frozenset[int]) -> None:
        """Shows whether all removable images are left out."""
        self._leave_out.setChecked(self._excludable <= rows)

    def show_settings(self, values: Mapping[str, Any], locked: bool) -> None:
        """Shows which remedies are applied; locks them while a training runs."""
        for remedy, switch in self._remedies.items():
            switch.setChecked(all(values.get(name) == value for name, value in remedy.settings.items()))
            switch.setEnabled(not locked)
            switch.setToolTip(plain_tip(LOCKED if locked else _("Change the settings of the training")))

    def _build_switches(self) -> QWidget:
        switches = QWidget()
        column = QVBoxLayout(switches)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._leave_out.setVisible(bool(self._excludable))
        column.addWidget(self._leave_out, 0, Qt.AlignmentFlag.AlignLeft)
        for remedy in self.finding.remedies:
            switch = self._remedies[remedy] = QCheckBox(remedy.title)
            switch.clicked.connect(lambda on, remedy=remedy: self.remedy_switched.emit(remedy, on))
            column.addWidget(switch, 0, Qt.AlignmentFlag.AlignLeft)
        switches.setVisible(bool(self._excludable or self._remedies))
        return switches

    def _build_buttons(self) -> QWidget:
        """Adds buttons that show the images, groups or files of the finding."""
        buttons, finding = QWidget(), self.finding
        flow = FlowLayout(buttons, spacing=6)
        if finding.skipped:
            self._button(flow, _("Show files"), self.groups_requested)
        elif finding.severity != "good" and finding.kind in NAMES and (count := len(rows_of(finding))):
            several = _("Show {number}").format(number=number(count))
            self._button(flow, _("Show it") if count == 1 else several, self.images_requested)
            if len(finding.groups) > 1 or finding.kind in ("exact_duplicates", "near_duplicates"):
                self._button(flow, _("Groups"), self.groups_requested)
        buttons.setVisible(flow.count() > 0)
        return buttons

    def _button(self, flow: FlowLayout, text: str, asked: SignalInstance) -> None:
        button = QPushButton(text)
        button.setAccessibleName(titled(text, self.finding.text))
        button.clicked.connect(asked)
        flow.addWidget(button)


def _label(text: str, role: str = "") -> WrappedLabel:
    label = WrappedLabel(text, role)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
