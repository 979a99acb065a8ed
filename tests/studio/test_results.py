"""Results: what is said of a run's metrics, and the cards that say it."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from core.events import Measured
from core.stats.keys import meaning
from studio.application import Application
from studio.main_window import TRAIN
from studio.model.history import History
from studio.model.results import Trend, results
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.train.metric_card import MetricCard, MetricChip, trend_text

FID = "Metrics/fid@vgg16:1000:3000:train"
OTHER_FID = "Metrics/fid@classifier-80c2c393:1000:3000:held-out"
KID, KID_SPREAD = "Metrics/kid@vgg16:1000:3000:train", "Metrics/kid_std@vgg16:1000:3000:train"
RECALL = "Metrics/recall@vgg16:1000:3000:train"


def measured(key: str, *values: float, **beside: float) -> History:
    """A run whose number was measured every hundred steps, with reports of losses in between."""
    history = History()
    for number, value in enumerate(values, 1):
        history.append(100 * number - 50, number - 0.5, {"Loss/G/loss": 1.0})
        history.append(100 * number, float(number), {key: value, **beside})
    return history


@pytest.mark.parametrize(
    ("key", "values", "said"),
    [
        (FID, [30], "First measurement"),
        (FID, [30, 10], "No trend yet (n = 2)"),
        (FID, [30, 10, 20], "Within noise (n = 3)"),
        (FID, [50, 40, 31, 22, 10], "Better over the last 5 measurements"),
        (FID, [10, 20, 31, 40, 50], "Worse over the last 5 measurements"),
        (FID, [30, 28, 31, 29, 30], "Within noise (n = 5)"),
        (FID, [90, 70, 50, 10, 10, 10, 10, 10], "Within noise (n = 5)"),
        (RECALL, [0.1, 0.2, 0.31, 0.4, 0.5], "Better over the last 5 measurements"),
        ("Metrics/foreign@x:1:1:all", [1, 2, 3, 4, 5], "No trend yet (n = 5)"),
    ],
)
def test_a_trend_is_said_only_where_the_measurements_show_one(key: str, values: list[float], said: str) -> None:
    (result,) = results(measured(key, *values))
    assert trend_text(result) == said


def test_a_rise_within_the_spread_of_one_value_is_noise() -> None:
    values = 0.05, 0.04, 0.03, 0.02, 0.01
    assert results(measured(KID, *values, **{KID_SPREAD: 0.001}))[0].trend is Trend.BETTER
    assert results(measured(KID, *values, **{KID_SPREAD: 0.1}))[0].trend is Trend.NOISE


def test_values_of_different_features_are_different_results() -> None:
    history = measured(FID, 50, 40, 30, 20, 10)
    history.append(600, 6.0, {OTHER_FID: 0.06})
    other, first = results(history)
    assert other.value == pytest.approx(0.06)
    assert trend_text(other) == "First measurement"
    assert (first.steps[first.best], first.values[first.best]) == (500, 10)
    assert other.protocol == "Label classifier. 1,000 generated and 3,000 held-out images"


def test_the_best_is_the_first_of_equal_ones_and_a_step_measured_again_counts_once() -> None:
    history = measured(FID, 20, 10, 10)
    history.append(300, 9.0, {FID: 30})
    (result,) = results(history)
    assert result.values == (20, 10, 30)
    assert result.steps[result.best] == 200


# -- the cards -------------------------------------------------------------------------------------------------------


def texts(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if label.text()]


def button(widget: QWidget, text: str) -> QAbstractButton:
    return next(each for each in widget.findChildren(QAbstractButton) if each.text() == text)


def test_a_card_says_value_trend_and_best_and_explains_the_metric(qtbot: QtBot) -> None:
    history = measured(KID, 0.05, 0.01, 0.03, **{KID_SPREAD: 0.002})
    card = MetricCard(results(history)[0])
    qtbot.addWidget(card)
    assert texts(card) == [
        "KID",
        "lower is better",
        "0.03 ± 0.002",
        "Within noise (n = 3)",
        "Best: 0.01 at step 200",
        meaning(KID),
    ]
    assert [each.term.key for each in card.findChildren(HelpButton)] == ["kid"]
    with qtbot.waitSignal(card.open_requested) as opened:
        button(card, "Open in Explore").click()
    assert opened.args == [200]


def test_the_chip_keeps_its_size_and_says_the_first_metric(qtbot: QtBot) -> None:
    chip = MetricChip()
    qtbot.addWidget(chip)
    size = chip.sizeHint()
    assert chip.text() == "No metrics"
    chip.show_results(results(measured(FID, 12.345)))
    assert chip.text() == "FID 12.3"
    assert chip.accessibleName() == "Metrics of the run: FID 12.3 at step 100: First measurement"
    assert chip.sizeHint() == size


def test_all_of_a_card_fits_the_panel(qtbot: QtBot) -> None:
    chip = MetricChip()
    qtbot.addWidget(chip)
    chip.show()
    chip.show_results(results(measured(OTHER_FID, 12.345, 11.2, 10.1, 9.0)))
    chip.click()
    qtbot.waitExposed(chip.panel)
    found = chip.panel.findChildren(QAbstractButton)
    assert len(found) >= 3
    for each in found:
        assert each.visibleRegion().boundingRect() == each.rect(), each.text()


def test_a_measurement_appears_in_the_strip_and_leads_to_its_step(qtbot: QtBot, studio: Application) -> None:
    studio.window.show_workspace(TRAIN)
    train = studio.window.train
    train.set_history(measured(FID, 30, 20), ())
    studio.session.measured.emit(Measured(300, 9600, 3.0, {FID: 25.0}))
    chip = train.strip.metrics
    assert chip.text() == "FID 25"
    chip.click()
    assert chip.panel.isVisible()
    button(chip.panel, "Show step").click()
    assert not chip.panel.isVisible()
    assert train.time_line.moment() == 200
    train.rewind(100)
    assert chip.text() == "FID 30"
