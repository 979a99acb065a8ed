"""Card of one health finding: severity, text and actions."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.data.health.findings import HealthFinding, Severity
from studio.widgets.basic.labels import Glyph, WrappedLabel, plain_tip

GLYPHS: dict[Severity, tuple[str, str]] = {
    "warning": ("warning", "caution"),
    "note": ("info", "accent"),
    "good": ("check-circle", "good"),
}
WORDS: dict[Severity, str] = {"warning": "Warning", "note": "Note", "good": "In order"}


class FindingCard(QFrame):
    """`can_show_images`: whether the images that it is about can be shown."""

    images_requested = Signal()
    leave_out_requested = Signal()

    def __init__(self, finding: HealthFinding, can_show_images: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
        self.setObjectName("card")
        self.setAccessibleName(f"{WORDS[finding.severity]}: {finding.text}")
        name, role = GLYPHS[finding.severity]
        glyph = Glyph(name, 20, role)
        glyph.setToolTip(plain_tip(WORDS[finding.severity]))
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(_label(finding.text))
        if finding.suggestion:
            words.addWidget(_label(finding.suggestion, "muted"))
        words.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 10, 12, 10)
        row.setSpacing(10)
        row.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addLayout(self._build_buttons(can_show_images))

    def _build_buttons(self, can_show_images: bool) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        if count := len(self.finding.excludable):
            leave_out = QPushButton(f"Leave out {count:,} {'image' if count == 1 else 'images'}")
            leave_out.setToolTip("They stay where they are, and can be included again")
            leave_out.clicked.connect(self.leave_out_requested)
            column.addWidget(leave_out)
        if self.finding.skipped or (can_show_images and self.finding.groups):
            button = QPushButton("Show files" if self.finding.skipped else "Look at them")
            button.clicked.connect(self.images_requested)
            column.addWidget(button)
        column.addStretch()
        return column


def _label(text: str, role: str = "") -> WrappedLabel:
    label = WrappedLabel(text, role)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
