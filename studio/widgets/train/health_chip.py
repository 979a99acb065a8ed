"""Health chip: a few colored words about a training, and a panel below it with findings, evidence and remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QStyle, QStyleOptionToolButton, QToolButton, QVBoxLayout, QWidget

from core.diagnosis.case import Diagnosis, Remedy
from studio.widgets.basic.fitting_area import FittingArea
from studio.widgets.basic.labels import plain_tip
from studio.widgets.train.diagnosis_list import DiagnosisList

NOTHING = "No findings"
WIDEST = "No findings", "99 findings", "Healthy"
"""The button is wide enough for each of these, so that nothing moves as they change."""
SIDES = 8
"""Pixels beside the text, both together."""
PANEL_WIDTH = 520
TALLEST = 0.6
"""Height of the panel, as a part of the screen's."""


class HealthChip(QToolButton):
    """A click opens the panel, which lies over the window: nothing in it moves."""

    evidence_requested = Signal(object)
    """The keys of the curves that show a finding."""
    remedy_requested = Signal(object)
    """The `Remedy` that the person chose."""
    undo_requested = Signal()
    """Settings as they were before the last remedy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self.setToolTip("Health of the training: findings, evidence and remedies")
        self.list = DiagnosisList()
        self.panel = QFrame(self, Qt.WindowType.Popup)
        self.panel.setObjectName("card")
        self.panel.setAccessibleName("Health of the training")
        self.panel.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)  # a click on the chip closes it, and no more
        column = QVBoxLayout(self.panel)
        column.setContentsMargins(1, 1, 1, 1)
        column.addWidget(FittingArea(self.list))
        self.list.changed.connect(self._fit_panel)
        self.list.evidence_requested.connect(self._show_evidence)
        self.list.remedy_requested.connect(self._take_remedy)
        self.list.undo_requested.connect(self.undo_requested)
        self.clicked.connect(self.open_panel)
        self.show_diagnoses(())

    def show_diagnoses(self, found: Sequence[Diagnosis]) -> None:
        """What is found, the worst first; the one good finding when nothing is wrong."""
        self.list.show_diagnoses(found)
        wrong = [each for each in found if each.severity != "good"]
        words = f"{len(wrong)} finding{'s' * (len(wrong) != 1)}" if wrong else "Healthy" if found else NOTHING
        self.setText(words)
        said = "\n".join(each.sentence for each in found)
        self.setAccessibleName(f"Health of the training: {words}")
        self.setAccessibleDescription(said)
        self.setToolTip(plain_tip(said or "Health of the training: findings, evidence and remedies"))
        self.setProperty("severity", found[0].severity if found else "none")
        self.style().unpolish(self)  # the style sheet looks at the property only when it is asked to
        self.style().polish(self)

    def set_can_edit(self, can_edit: bool) -> None:
        """Whether a training runs whose settings a remedy can change."""
        self.list.set_can_edit(can_edit)

    def show_applied(self, changes: Mapping[str, Any]) -> None:
        """A remedy was taken; the panel offers to take it back."""
        self.list.show_applied(changes)

    def open_panel(self) -> None:
        """Shows the panel below the chip."""
        self._fit_panel()
        self.panel.show()
        self.panel.setFocus()

    def sizeHint(self) -> QSize:
        option, metrics = QStyleOptionToolButton(), self.fontMetrics()
        self.initStyleOption(option)
        option.text = max(WIDEST, key=metrics.horizontalAdvance)
        room = QSize(metrics.horizontalAdvance(option.text) + SIDES, metrics.height())
        return self.style().sizeFromContents(QStyle.ContentsType.CT_ToolButton, option, room, self)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _fit_panel(self) -> None:
        room = self.screen().availableGeometry()
        width = min(PANEL_WIDTH, room.width())
        layout = self.list.layout()
        assert layout is not None
        height = layout.totalHeightForWidth(width - 2) if layout.hasHeightForWidth() else layout.sizeHint().height()
        self.panel.resize(width, min(height + 2, int(TALLEST * room.height())))
        corner = self.mapToGlobal(QPoint(self.width() - width, self.height() + 4))
        corner.setX(min(max(corner.x(), room.left()), room.right() + 1 - width))
        self.panel.move(corner)

    def _show_evidence(self, keys: object) -> None:
        self.panel.hide()
        self.evidence_requested.emit(keys)

    def _take_remedy(self, remedy: Remedy) -> None:
        if remedy.anew:
            self.panel.hide()
        self.remedy_requested.emit(remedy)
