"""Statistics of a dataset: histograms of the originals' sizes, and images per class."""

from __future__ import annotations

from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from core.data.health.findings import HealthReport
from core.language import _
from studio.widgets.basic.flow_layout import FlowLayout
from studio.widgets.plots.bar_chart import BarChart

WIDTH, HEIGHT = 300, 170
"""Smallest size of a chart, in pixels."""


class StatisticsView(QScrollArea):
    """Charts side by side, as many as fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)

    def show_report(self, report: HealthReport | None) -> None:
        """Shows the statistics of a report; None clears them."""
        content = QWidget()
        column = QVBoxLayout(content)
        flow = FlowLayout(spacing=24)
        for chart in [] if report is None else _charts(report):
            chart.setMinimumSize(WIDTH, HEIGHT)
            flow.addWidget(chart)
        column.addLayout(flow)
        column.addStretch()
        self.setWidget(content)


def _charts(report: HealthReport) -> list[BarChart]:
    charts = []
    histograms = (
        (_("Width"), report.widths),
        (_("Height"), report.heights),
        (_("Width ÷ height"), report.aspects),
    )
    for title, histogram in histograms:
        if histogram is not None:
            chart = BarChart(title)
            chart.show_histogram(histogram)
            charts.append(chart)
    if report.classes:
        chart = BarChart(_("Images per class"))
        chart.show_counts(list(report.classes), list(report.classes.values()))
        charts.append(chart)
    return charts
