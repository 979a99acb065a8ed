"""View of a dataset's health report: findings, remedies and numbers."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.data.health.findings import HealthFinding, HealthReport
from core.events import Progress
from studio.model.data import Examined, Page
from studio.widgets.basic.labels import Label
from studio.widgets.data.finding_card import FindingCard
from studio.widgets.data.finding_view import FindingView
from studio.widgets.plots.bar_chart import BarChart


class HealthView(QStackedWidget):
    """A list of findings, or the images of one of them."""

    page_requested = Signal(object, int)
    """A finding, and which page of its images."""
    leave_out_requested = Signal(object, object)
    """A finding, and the rows of which the person decided otherwise than it suggests."""
    leave_out_suggested_requested = Signal()
    include_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = QWidget()
        self._scroll = QScrollArea(widgetResizable=True)
        column = QVBoxLayout(self._list)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._build_top())
        column.addWidget(self._build_progress())
        column.addWidget(self._scroll, 1)
        self.finding = FindingView()
        self.finding.back_requested.connect(lambda: self.setCurrentWidget(self._list))
        self.finding.page_requested.connect(self.page_requested)
        self.finding.leave_out_requested.connect(self.leave_out_requested)
        self.addWidget(self._list)
        self.addWidget(self.finding)

    def clear(self) -> None:
        """Another dataset, of which nothing is known yet."""
        self._scroll.setWidget(QWidget())
        self._headline.setText("")

    def begin(self) -> None:
        """An examination begins; what the last one said is not to be acted on any more."""
        self.setCurrentWidget(self._list)
        self._headline.setText("Examining the images…")
        self._scroll.setEnabled(False)
        self._suggested.hide()
        self._bar.setRange(0, 0)
        self._bar.show()

    def show_progress(self, progress: Progress) -> None:
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)

    def show_report(self, examined: Examined) -> None:
        """What was found."""
        report, count = examined.report, len(examined.suggested)
        self._headline.setText(_headline(report))
        self._suggested.setText(f"Leave out all that is suggested ({count:,})")
        self._suggested.setVisible(count > 0)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        for finding in report.findings:
            if finding.severity != "good":
                column.addWidget(self._card(finding, report))
        column.addWidget(_numbers(report))
        for finding in report.findings:
            if finding.severity == "good":
                column.addWidget(self._card(finding, report))
        column.addStretch()
        self._scroll.setWidget(content)

    def end(self) -> None:
        """The examination is over, with a report or without."""
        self._bar.hide()
        self._scroll.setEnabled(True)
        if self._headline.text().startswith("Examining"):
            self._headline.setText("The images could not be examined.")

    def show_excluded(self, count: int) -> None:
        """How many images are left out."""
        self._include.setText(f"Include again… ({count:,})")
        self._include.setVisible(count > 0)

    def show_page(self, page: Page) -> None:
        self.finding.show_page(page)

    def _build_top(self) -> QHBoxLayout:
        self._headline = Label()
        self._headline.setObjectName("title")
        self._suggested = QPushButton()
        self._suggested.setToolTip(
            "Copies, empty images and the like: they stay where they are, and can be included again"
        )
        self._suggested.clicked.connect(self.leave_out_suggested_requested)
        self._suggested.hide()
        self._include = QPushButton()
        self._include.setToolTip("Lists what is left out")
        self._include.clicked.connect(self.include_requested)
        self._include.hide()
        row = QHBoxLayout()
        row.addWidget(self._headline, 1)
        row.addWidget(self._include)
        row.addWidget(self._suggested)
        return row

    def _build_progress(self) -> QWidget:
        self._bar = QProgressBar(textVisible=False)
        self._bar.setAccessibleName("Progress of examining the images")
        self._bar.hide()
        return self._bar

    def _card(self, finding: HealthFinding, report: HealthReport) -> QWidget:
        card = FindingCard(finding, can_show_images=report.widths is not None)  # points are not looked at one by one
        card.images_requested.connect(partial(self._show_images, finding))
        card.leave_out_requested.connect(lambda: self.leave_out_requested.emit(finding, frozenset()))
        return card

    def _show_images(self, finding: HealthFinding) -> None:
        self.finding.show_finding(finding)
        self.setCurrentWidget(self.finding)


def _headline(report: HealthReport) -> str:
    count = sum(finding.severity != "good" for finding in report.findings)
    if not count:
        return "Nothing is wrong with these images."
    return f"{count} thing{'' if count == 1 else 's'} to know about these images"


def _numbers(report: HealthReport) -> QWidget:
    """Histograms side by side."""
    row = QWidget()
    charts = QHBoxLayout(row)
    charts.setContentsMargins(0, 4, 0, 4)
    charts.setSpacing(24)
    of_originals = (("Width", report.widths), ("Height", report.heights), ("Width ÷ height", report.aspects))
    for title, histogram in of_originals:
        if histogram is not None:
            chart = BarChart(title)
            chart.show_histogram(histogram)
            charts.addWidget(chart, 1)
    if report.classes:
        chart = BarChart("Images of each class")
        chart.show_counts(list(report.classes), list(report.classes.values()))
        charts.addWidget(chart, 1)
    charts.addStretch()
    return row
