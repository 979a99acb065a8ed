"""List of the findings of a dataset, with remedies as switches."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from core.data.health.findings import FindingKind, HealthFinding, HealthReport
from core.events import Progress
from core.language import _, number, plural
from studio.model.data import Examined
from studio.widgets.basic.labels import Label
from studio.widgets.data.finding_card import FindingCard


class FindingsList(QWidget):
    """A card for each finding, most severe first."""

    left_out_switched = Signal(object, bool)
    """Rows (n,), and whether to leave them out."""
    remedy_switched = Signal(object, bool)
    """A `Remedy`, and whether to apply it."""
    images_requested = Signal(object)
    """A finding whose images to show in the grid."""
    groups_requested = Signal(object)
    """A finding whose groups or skipped files to show."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: dict[FindingKind, FindingCard] = {}
        self._examined: Examined | None = None
        self._is_examining = False
        self._left_out: frozenset[int] = frozenset()
        self._values: Mapping[str, Any] = {}
        self._is_locked = False
        self._headline = Label(wordWrap=True)
        self._headline.setObjectName("title")
        self._apply = QPushButton()
        self._apply.setToolTip(_("Duplicates, blank images and similar; files are not changed"))
        self._apply.clicked.connect(self._apply_suggestions)
        self._apply.hide()
        self._bar = QProgressBar(textVisible=False)
        self._bar.setAccessibleName(_("Progress of examining the images"))
        self._bar.hide()
        self._column = QVBoxLayout()
        self._column.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in (self._headline, self._bar, self._apply):
            column.addWidget(widget)
        column.addLayout(self._column)

    def clear(self) -> None:
        """Clears the findings for other images."""
        self._examined, self._is_examining = None, False
        self._headline.setText("")
        self._show_cards((), can_show_images=False)
        self._show_states()

    def begin(self) -> None:
        """Shows that an examination runs; keeps the previous findings of these images."""
        self._is_examining = True
        self._headline.setText(_("Examining the images…"))
        self._bar.setRange(0, 0)
        self._bar.show()

    def show_progress(self, progress: Progress) -> None:
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)

    def end(self) -> None:
        """Shows that the examination has ended, with or without a report."""
        self._bar.hide()
        if self._is_examining:
            self.clear()
            self._headline.setText(_("The images could not be examined."))

    def show_report(self, examined: Examined) -> None:
        """Shows the findings; keeps the cards of unchanged ones."""
        self._examined, self._is_examining = examined, False
        self._headline.setText(_headline(examined.report))
        # Points are not examined one by one.
        self._show_cards(examined.report.findings, can_show_images=examined.report.widths is not None)
        self._show_states()

    def show_left_out(self, rows: frozenset[int]) -> None:
        """Shows which remedies that leave images out are applied."""
        self._left_out = rows
        self._show_states()

    def show_settings(self, values: Mapping[str, Any], locked: bool) -> None:
        """Shows which setting remedies are applied; locks them while a training runs."""
        self._values, self._is_locked = values, locked
        self._show_states()

    def _show_cards(self, findings: tuple[HealthFinding, ...], can_show_images: bool) -> None:
        before, self._cards = self._cards, {}
        for place, finding in enumerate(findings):
            card = before.get(finding.kind)
            if card is None or card.finding is not finding:
                card = self._card(finding, can_show_images)
            else:
                del before[finding.kind]
            self._cards[finding.kind] = card
            self._column.insertWidget(place, card)
        for card in before.values():
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()

    def _card(self, finding: HealthFinding, can_show_images: bool) -> FindingCard:
        card = FindingCard(finding, can_show_images)
        card.left_out_switched.connect(partial(self.left_out_switched.emit, finding.excludable))
        card.remedy_switched.connect(self.remedy_switched)
        card.images_requested.connect(partial(self.images_requested.emit, finding))
        card.groups_requested.connect(partial(self.groups_requested.emit, finding))
        return card

    def _show_states(self) -> None:
        for card in self._cards.values():
            card.show_left_out(self._left_out)
            card.show_settings(self._values, self._is_locked)
        suggested = () if self._examined is None else self._examined.suggested.tolist()
        left = len(frozenset(suggested) - self._left_out)
        self._apply.setText(_("Apply suggestions: leave out {number}").format(number=number(left)))
        self._apply.setVisible(left > 0)

    def _apply_suggestions(self) -> None:
        if self._examined is not None:
            self.left_out_switched.emit(self._examined.suggested, True)


def _headline(report: HealthReport) -> str:
    count = sum(finding.severity != "good" for finding in report.findings)
    if not count:
        return _("No problems found")
    return plural("{count} finding", "{count} findings", count)
