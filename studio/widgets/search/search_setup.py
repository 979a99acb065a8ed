"""Setup of a search: time budget, goal, and the settings that may vary."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.config.setting import unit_text
from core.config.settings import Settings
from core.errors import UserError
from core.language import _
from core.search.space import CHECKED, Variation
from core.search.trial import Plan
from studio import theme
from studio.widgets.basic.labels import Label, WrappedLabel
from studio.widgets.basic.spin_boxes import indent_spin_box
from studio.widgets.search.variation_form import VariationForm

MINUTES, LONGEST = 30.0, 100_000.0
"""Usual and largest time budget in minutes."""


class SearchSetup(QWidget):
    """Asks what to search for."""

    begin_requested = Signal(object)
    """A `Plan`."""
    last_requested = Signal()
    """Show the last search."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source, self._settings = "", Settings()
        self._about = WrappedLabel(role="title")
        self._minutes = QDoubleSpinBox(minimum=0.1, maximum=LONGEST, decimals=1, value=MINUTES)
        self._minutes.setSuffix(f" {unit_text('min', MINUTES)}")
        self._minutes.setAccessibleName(_("Time budget"))
        self._minutes.setToolTip(_("Time for all trials together. 30 is usual; a trial trains for at most 3/10 of it."))
        indent_spin_box(self._minutes)
        self.form = VariationForm()
        self._problem = WrappedLabel(role="error")
        self._begin = QPushButton(theme.icon("magnifying-glass", "on_accent"), _("Find settings"))
        self._begin.setObjectName("primary")
        self._begin.setDefault(True)
        self._last = QPushButton(theme.icon("clock-counter-clockwise"), _("Last search"))
        self._last.setAutoDefault(False)
        self._last.hide()
        self.form.changed.connect(self._check)
        self._begin.clicked.connect(self._emit_begin)
        self._last.clicked.connect(self.last_requested)
        self._build()

    def set_subject(self, source: str, title: str, settings: Settings, suggested: Sequence[Variation]) -> None:
        """Shows what the search would train: a dataset, and the settings that are the same in every trial."""
        self._source, self._settings = source, settings
        self._about.setText(_("Settings for {name}").format(name=title))
        self.form.set_variations(suggested, CHECKED)
        self._begin.setEnabled(True)
        self._check()

    def show_begun(self, has_last: bool) -> None:
        """Enables the buttons for what there is."""
        self._last.setVisible(has_last)
        self._begin.setText(_("Find settings"))
        self._begin.setEnabled(bool(self._source))

    def plan(self) -> Plan:
        """Returns what to search for. Raises `UserError`."""
        variations = self.form.variations()
        return Plan(source=self._source, settings=self._settings, variations=variations, minutes=self._minutes.value())

    def _check(self) -> None:
        problem = ""
        try:
            self.form.variations()
        except UserError as error:
            problem = str(error)
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self._begin.setEnabled(not problem and bool(self._source))

    def _emit_begin(self) -> None:
        self._begin.setEnabled(False)  # until the search has begun, or could not
        self._begin.setText(_("Starting…"))
        self.begin_requested.emit(self.plan())

    def _build(self) -> None:
        explanation = _(
            "Trains with different settings, measures every trial at the same training times, and stops all but the "
            "best third early. The search goes on when the window is closed."
        )
        goal = Label(_("smallest KID; a trial whose recall is less than half of the largest has collapsed"))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form)
        column.addStretch(1)
        area.setWidget(inner)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        rows.addRow(_("Time budget"), self._minutes)
        rows.addRow(_("Goal"), goal)
        buttons = QHBoxLayout()
        buttons.addWidget(self._last)
        buttons.addStretch(1)
        buttons.addWidget(self._begin)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(10)
        whole.addWidget(self._about)
        whole.addWidget(WrappedLabel(explanation, "muted"))
        whole.addLayout(rows)
        vary = Label(_("May vary"))
        vary.setObjectName("title")
        whole.addWidget(vary)
        whole.addWidget(area, 1)
        whole.addWidget(self._problem)
        whole.addLayout(buttons)
