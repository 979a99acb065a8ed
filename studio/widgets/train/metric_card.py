"""Metric cards: value, trend, best step and protocol, in a panel below a chip."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.language import _, listed, number, plural
from core.learn import topics
from core.stats.keys import better, meaning, valued
from studio.model.results import MetricResult, Trend
from studio.widgets.basic.chip import Chip
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.basic.labels import Glyph, Label, WrappedLabel, plain_tip

NOTHING = _("No metrics")
WIDEST = NOTHING, "FID 0.0888"
GLYPHS = {
    Trend.NONE: ("minus", "muted"),
    Trend.BETTER: ("thumbs-up", "good"),
    Trend.WORSE: ("thumbs-down", "caution"),
    Trend.NOISE: ("equals", "muted"),
}
DIGITS = 3


class MetricCard(QFrame):
    """Card of one metric."""

    step_chosen = Signal(int)
    """Step whose samples to show."""
    open_requested = Signal(int)
    """Step whose checkpoint to explore."""

    def __init__(self, result: MetricResult, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("group")
        value = valued(result.value, result.spread, DIGITS)
        self.setAccessibleName(listed((f"{result.title} {value}", trend_text(result))))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        column.addLayout(_head(result, value))
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(Glyph(*_glyph(result)))
        line.addWidget(WrappedLabel(trend_text(result)), 1)
        column.addLayout(line)
        column.addLayout(self._best(result))
        if said := meaning(result.key):
            column.addWidget(WrappedLabel(said, "muted"))

    def _best(self, result: MetricResult) -> QHBoxLayout:
        step, value = result.steps[result.best], result.values[result.best]
        line = QHBoxLayout()
        line.setSpacing(6)
        is_last = result.best in (-1, len(result.steps) - 1)
        if not is_last:
            said = _("Best: {value} at step {step}")
        elif len(result.steps) > 1 and better_known(result):
            said = _("Step {step}, the best so far")
        else:
            said = _("Step {step}")
        said = said.format(step=number(step), value=f"{value:.{DIGITS}g}")
        line.addWidget(WrappedLabel(said, "muted"), 1)
        for text, tip, chosen in (
            (_("Show step"), _("Show samples and curves at step {step}"), self.step_chosen),
            (_("Open in Explore"), _("Explore the checkpoint of step {step}"), self.open_requested),
        ):
            button = QPushButton(text)
            button.setToolTip(plain_tip(tip.format(step=number(step))))
            name = _("{action}: {metric}, step {step}").format(action=text, metric=result.title, step=number(step))
            button.setAccessibleName(name)
            button.setAutoDefault(True)
            button.clicked.connect(partial(chosen.emit, step))
            line.addWidget(button)
        return line


class MetricList(QWidget):
    """Cards grouped by protocol, as only metrics of equal protocols are comparable."""

    changed = Signal()
    """The list may need another height."""
    step_chosen = Signal(int)
    open_requested = Signal(int)
    measure_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[MetricResult, ...] = ()
        self._cards = QVBoxLayout()
        self._cards.setSpacing(8)
        self._empty = WrappedLabel(
            _("No metrics yet. During a training, metrics such as FID compare generated with real images."),
            "muted",
        )
        measure = QPushButton(_("Measure now"))
        measure.setToolTip(_("Measure the current images (Ctrl+M)"))
        measure.setAutoDefault(True)
        measure.clicked.connect(self.measure_requested)
        foot = QHBoxLayout()
        foot.addWidget(measure)
        foot.addWidget(HelpButton("features"))
        foot.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(10)
        column.addWidget(self._empty)
        column.addLayout(self._cards)
        column.addLayout(foot)
        column.addStretch()

    def show_results(self, found: Sequence[MetricResult]) -> None:
        """Shows results, the most recently measured first."""
        if tuple(found) == self._shown:  # or a button would vanish under a press
            return
        self._shown = tuple(found)
        while item := self._cards.takeAt(0):
            if widget := item.widget():
                widget.hide()  # deleted only by the event loop
                widget.deleteLater()
        if len({each.protocol for each in found}) > 1:
            self._cards.addWidget(
                WrappedLabel(_("Compare values within one group only; the groups were measured differently."))
            )
        for protocol, results in groupby(found, lambda each: each.protocol):
            said = _("Feature extractor and images: {protocol}.").format(protocol=protocol)
            self._cards.addWidget(WrappedLabel(said, "muted"))
            for result in results:
                card = MetricCard(result)
                card.step_chosen.connect(self.step_chosen)
                card.open_requested.connect(self.open_requested)
                self._cards.addWidget(card)
        self._empty.setVisible(not found)
        self.changed.emit()


class MetricChip(Chip):
    """Chip with the last value of the first metric; its panel shows the cards of all."""

    step_chosen = Signal(int)
    """Step whose samples to show."""
    open_requested = Signal(int)
    """Step whose checkpoint to explore."""
    measure_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self.list = MetricList()
        super().__init__(self.list, _("Metrics of the run"), WIDEST, parent)
        self.list.changed.connect(self.fit_panel)
        self.list.step_chosen.connect(self._go)
        self.list.open_requested.connect(self._open)
        self.list.measure_requested.connect(self._measure)
        self.show_results(())

    def show_results(self, found: Sequence[MetricResult]) -> None:
        """Shows the metrics of the visible run, the most recently measured first."""
        self.list.show_results(found)
        first = found[0] if found else None
        words = f"{first.title} {first.value:.{DIGITS}g}" if first else NOTHING
        said = _("No metrics yet")
        if first:
            said = _("{metric} at step {step}: {trend}").format(
                metric=words, step=number(first.steps[-1]), trend=trend_text(first)
            )
        self.setText(words)
        self.setAccessibleName(_("Metrics of the run: {metrics}").format(metrics=said))
        self.setToolTip(plain_tip("\n".join([said, _("Show all metrics")])))

    def _go(self, step: int) -> None:
        self.panel.hide()
        self.step_chosen.emit(step)

    def _open(self, step: int) -> None:
        self.panel.hide()
        self.open_requested.emit(step)

    def _measure(self) -> None:
        self.panel.hide()
        self.measure_requested.emit()


def trend_text(result: MetricResult) -> str:
    """Returns the trend of the last measurements: "Better over the last 5 measurements"."""
    count = len(result.values)
    match result.trend:
        case Trend.BETTER:
            return plural(
                "Better over the last {count} measurement", "Better over the last {count} measurements", result.window
            )
        case Trend.WORSE:
            return plural(
                "Worse over the last {count} measurement", "Worse over the last {count} measurements", result.window
            )
        case Trend.NOISE:
            return _("Within noise (n = {number})").format(number=number(result.window))
    if count == 1:
        return _("First measurement")
    return _("No trend yet (n = {number})").format(number=number(count))


def better_known(result: MetricResult) -> bool:
    """Returns whether it is known which values are better."""
    return result.best != -1


def _glyph(result: MetricResult) -> tuple[str, int, str]:
    name, role = GLYPHS[result.trend]
    return name, 16, role


def _head(result: MetricResult, value: str) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(6)
    title, measured = Label(result.title), Label(value)
    title.setObjectName("title")
    measured.setObjectName("title")
    line.addWidget(title)
    if key := topics.of_number(result.key):
        line.addWidget(HelpButton(key))
    way = {1: _("higher is better"), -1: _("lower is better")}.get(better(result.number), "")
    line.addWidget(WrappedLabel(way, "muted"), 1)
    line.addWidget(measured)
    return line
