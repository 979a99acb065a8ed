"""A number with a slider: what it shows, and what it says."""

from __future__ import annotations

from typing import TypeVar

import pytest
from PySide6.QtWidgets import QDoubleSpinBox, QSlider, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from studio.widgets.basic.slider_row import SliderRow
from tests.studio.conftest import PATIENCE

W = TypeVar("W", bound=QWidget)


def only(row: SliderRow, kind: type[W]) -> W:
    """The one child of a kind."""
    (child,) = row.findChildren(kind)
    return child


@pytest.fixture
def row(qtbot: QtBot) -> SliderRow:
    row = SliderRow("Radius", -1.0, 1.0, 0.25, step=0.01)
    qtbot.addWidget(row)
    return row


def test_the_number_follows_the_slider(qtbot: QtBot, row: SliderRow) -> None:
    told: list[float] = []
    row.valueChanged.connect(told.append)
    slider, number = only(row, QSlider), only(row, QDoubleSpinBox)
    for place in (130, 140, 150):
        slider.setValue(place)
    assert told == pytest.approx([0.3, 0.4, 0.5])
    assert row.value() == pytest.approx(0.5)
    qtbot.waitUntil(lambda: number.value() == 0.5, timeout=PATIENCE)
    assert len(told) == 3


def test_what_is_set_is_shown_at_once_and_told_nobody(qtbot: QtBot, row: SliderRow) -> None:
    told: list[float] = []
    row.valueChanged.connect(told.append)
    only(row, QSlider).setValue(150)
    row.set_value(7.0)
    assert (row.value(), only(row, QDoubleSpinBox).value(), only(row, QSlider).value()) == (1.0, 1.0, 200)
    assert told == pytest.approx([0.5])


def test_reset_goes_back_and_is_there_only_when_there_is_a_way_back(row: SliderRow) -> None:
    reset = only(row, QToolButton)
    assert not reset.isEnabled()
    only(row, QSlider).setValue(0)
    assert reset.isEnabled()
    told: list[float] = []
    row.valueChanged.connect(told.append)
    reset.click()
    assert told == [0.25]
    assert not reset.isEnabled()
