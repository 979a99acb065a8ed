"""The tour, in the real window: what it waits for, that it is never in the way, and that it leaves nothing behind."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QAbstractSlider, QPushButton, QScrollBar, QWidget
from pytestqt.qtbot import QtBot

from core.data.builtin import digits
from core.presets import preset
from studio.application import Application
from studio.controllers.tour import TourController
from studio.main_window import DATA, EXPLORE, HOME, TRAIN
from studio.model.train import TrainingState
from studio.widgets.basic.labels import Label, WrappedLabel
from studio.widgets.learn.tour_card import TourCard, place
from tests.core.tiny import TINY
from tests.studio.conftest import PATIENCE

ROOM = QRect(0, 0, 1000, 600)
CARD = QSize(300, 200)
MOST_WORDS = 30


@pytest.mark.parametrize(
    ("target", "corner"),
    [
        (QRect(400, 50, 100, 30), QPoint(299, 97)),  # below
        (QRect(0, 100, 300, 400), QPoint(317, 199)),  # beside a high one
        (QRect(700, 100, 300, 400), QPoint(382, 199)),
        (QRect(850, 550, 100, 40), QPoint(700, 332)),  # above
        (QRect(0, 0, 1000, 600), QPoint(700, 400)),  # nowhere
        (QRect(), QPoint(700, 400)),
    ],
)
def test_the_card_lies_beside_its_control_within_the_window(target: QRect, corner: QPoint) -> None:
    assert place(target, CARD, ROOM) == corner
    assert ROOM.contains(QRect(corner, CARD))


@pytest.fixture
def tour(studio: Application) -> TourController:
    return studio.controllers.tour


def card(studio: Application) -> TourCard:
    (found,) = [each for each in studio.window.findChildren(TourCard) if each.isVisible()]
    return found


def button(studio: Application, text: str) -> QPushButton:
    return next(each for each in card(studio).findChildren(QPushButton) if each.text().strip("&") == text)


def number(studio: Application) -> int:
    texts = [label.text() for label in card(studio).findChildren(Label)]
    return int(next(text for text in texts if text.startswith("Tour, ")).split()[1])


def overlays(studio: Application) -> list[QWidget]:
    """Returns the cards that lie over the window."""
    ours = studio.window.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return [each for each in ours if "learn.tour_card" in type(each).__module__ and each.isVisible()]


def test_texts_are_short(tour: TourController) -> None:
    assert 7 <= len(tour.steps) <= 10
    assert not [step.text for step in tour.steps if len(step.text.split()) > MOST_WORDS]


def test_it_begins_only_when_asked_and_esc_ends_it(qtbot: QtBot, studio: Application, tour: TourController) -> None:
    assert not overlays(studio)
    studio.controllers.menus.tour.trigger()
    assert number(studio) == 1
    assert not button(studio, "Next").isEnabled()  # it waits for the digits
    assert button(studio, "Do it for me").hasFocus()
    assert len(overlays(studio)) == 2
    qtbot.keyClick(studio.window, Qt.Key.Key_Escape)
    assert not tour.is_open
    assert not overlays(studio)
    link = next(each for each in studio.window.home.findChildren(QPushButton) if each.text() == "Take the tour")
    link.click()
    assert tour.is_open
    button(studio, "End").click()
    assert not overlays(studio)


def test_the_frame_lets_everything_through(studio: Application, tour: TourController) -> None:
    tour.begin()
    sample = next(each for each in studio.window.home.findChildren(QPushButton) if each.text() == "Try a sample")
    middle = sample.mapTo(studio.window, sample.rect().center())
    assert studio.window.childAt(middle) is sample
    assert not card(studio).geometry().contains(middle)
    tour.end()


def test_it_is_refused_beside_another_training(
    studio: Application, tour: TourController, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as training:
        training.setattr(studio.session.training, "state", TrainingState.RUNNING)
        tour.begin()
    assert not tour.is_open
    assert "Stop the running training first" in studio.window.banner.text()


def test_from_the_digits_to_the_latent_space(
    qtbot: QtBot, studio: Application, tour: TourController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digits, "COUNT", 200)
    shown: list[int] = []
    studio.window.workspace_changed.connect(shown.append)

    def wait_for(step: int) -> None:
        qtbot.waitUntil(lambda: number(studio) == step, timeout=PATIENCE)

    tour.begin()
    button(studio, "Do it for me").click()
    wait_for(2)  # by itself, when the digits are open
    assert shown[-1] == DATA
    button(studio, "Back").click()
    assert shown[-1] == HOME
    assert button(studio, "Next").isEnabled()  # what was done stays done
    button(studio, "Next").click()
    button(studio, "Next").click()
    studio.window.train.form.set_settings(preset("gan").apply(**TINY, evaluation=0))
    button(studio, "Next").click()
    assert not button(studio, "Next").isEnabled()
    qtbot.waitUntil(lambda: not studio.session.reading, timeout=PATIENCE)
    assert studio.window.focusWidget() is button(studio, "Do it for me")
    button(studio, "Do it for me").click()
    wait_for(6)  # past the step that waits for the first change of the samples
    assert studio.window.focusWidget() is button(studio, "Next")
    assert studio.session.training.state is TrainingState.RUNNING
    assert shown[-1] == TRAIN
    button(studio, "Next").click()
    button(studio, "Next").click()
    assert shown[-1] == EXPLORE

    def sliders() -> list[QAbstractSlider]:
        found = studio.window.explore.findChildren(QAbstractSlider)
        return [each for each in found if each.isVisible() and each.isEnabled() and not isinstance(each, QScrollBar)]

    qtbot.waitUntil(lambda: bool(sliders()), timeout=PATIENCE)
    qtbot.wait(400)  # the tour has seen them
    assert number(studio) == 8
    sliders()[0].setValue(sliders()[0].value() // 2 + 1)
    wait_for(9)
    text = card(studio).findChild(WrappedLabel)
    assert isinstance(text, WrappedLabel)
    assert text.text() == tour.steps[-1].text
    button(studio, "Finish").click()
    assert not overlays(studio)
    assert studio.session.training.state is TrainingState.RUNNING  # the run is the person's
