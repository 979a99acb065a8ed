"""The run strip and the footer: the run's name, and state, step, speed and goal in words of one moment."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QProgressBar, QWidget
from pytestqt.qtbot import QtBot

from core.errors import UserError
from core.events import Progress, Report, Saved
from core.presets import preset
from core.runs.run_name import read_name, write_name
from studio.application import Application
from studio.main_window import TRAIN
from studio.model.run_status import TrainingProgress, reading, resting, training
from studio.model.train import TrainingState
from studio.widgets.train.run_strip import RunStrip
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import begin, drop, pictures

__all__ = ["pictures"]

REPORT = Report(2511, 160_704, 440.0, {"Timing/images_per_sec": 316.0, "Memory/host_gb": 2.0})
TIMED = preset("studio").apply(minutes=20, steps=None)
ENDLESS = preset("studio").apply(minutes=None, steps=None)


@pytest.fixture
def strip(qtbot: QtBot) -> RunStrip:
    strip = RunStrip()
    qtbot.addWidget(strip)
    strip.resize(1000, 40)
    with qtbot.waitExposed(strip):
        strip.show()
    return strip


def texts(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if label.text() and label.isVisibleTo(widget)]


# -- words of one moment ---------------------------------------------------------------------------------------------


def test_progress_of_a_training_in_words() -> None:
    shown = training(TrainingState.RUNNING, None, TrainingProgress.of(REPORT, TIMED))
    assert (shown.state, shown.line, shown.speed) == ("Training", "step 2,511 · 12:40 left", "316 images/s")
    assert shown.share == pytest.approx(440 / 1200)
    endless = training(TrainingState.PAUSED, None, TrainingProgress.of(REPORT, ENDLESS))
    assert (endless.state, endless.line, endless.share) == ("Paused", "step 2,511 · 7:20 elapsed", None)
    over = TrainingProgress.of(Report(9, 9, 1300.0, {}), TIMED)
    assert (over.share, over.time) == (1.0, "0:00 left")


def test_a_state_never_stands_beside_the_words_of_another() -> None:
    """Whatever was said last: it is no longer there."""
    late, last = Progress("Warming up", 1, 3), TrainingProgress.of(REPORT, TIMED)
    for preparation, progress in product((None, late), (None, last)):
        said = {state: training(state, preparation, progress) for state in TrainingState}
        assert "Warming up" in said[TrainingState.STARTING].line
        assert "step" not in said[TrainingState.STARTING].line
        for state in (TrainingState.RUNNING, TrainingState.PAUSED, TrainingState.STOPPING):
            assert "Warming up" not in said[state].line
    assert [resting("flowers", False, 7).line, resting("flowers", True, 7).line] == ["", "step 7"]
    assert resting("flowers", False).state == "Ready"
    assert resting("flowers", True).state == "Stopped"
    assert not resting("", True).can_start
    assert not reading("x" * 100, True).can_start
    assert len(reading("x" * 100, True).state) < 40


def test_the_strip_shows_step_speed_goal_and_time(strip: RunStrip) -> None:
    bar = strip.findChild(QProgressBar)
    assert isinstance(bar, QProgressBar)
    strip.show_run(training(TrainingState.RUNNING, None, TrainingProgress.of(REPORT, TIMED)))
    assert {"Training", "step 2,511", "316 images/s", "12:40 left"} <= set(texts(strip))
    assert bar.value() / bar.maximum() == pytest.approx(440 / 1200, abs=0.01)
    strip.show_run(training(TrainingState.RUNNING, None, TrainingProgress.of(REPORT, ENDLESS)))
    assert not bar.isVisible()
    assert "7:20 elapsed" in texts(strip)


def test_nothing_in_the_strip_moves_as_it_goes_on(strip: RunStrip) -> None:
    def places() -> list[object]:
        QTest.qWait(1)
        return [each.geometry() for each in strip.findChildren(QWidget) if each.parent() is strip and each.isVisible()]

    strip.show_run(training(TrainingState.RUNNING, None, TrainingProgress.of(REPORT, TIMED)))
    before = places()
    for step, state in product((3, 40_000, 899_999), (TrainingState.RUNNING, TrainingState.PAUSED)):
        report = Report(step, 64 * step, step / 1000, {"Timing/images_per_sec": step / 10})
        strip.show_run(training(state, None, TrainingProgress.of(report, TIMED)))
        assert places() == before


# -- the name --------------------------------------------------------------------------------------------------------


def test_enter_keeps_a_name_and_escape_reverts_it(qtbot: QtBot, strip: RunStrip) -> None:
    strip.name.set_title("flowers")
    assert strip.name.placeholderText() == "flowers"
    strip.name.set_name("first")
    QTest.mouseClick(strip.name, Qt.MouseButton.LeftButton)
    strip.name.selectAll()
    QTest.keyClicks(strip.name, "second")
    strip.name.set_name("first")  # told again while a hand writes
    assert strip.name.text() == "second"
    with qtbot.assertNotEmitted(strip.name.renamed):
        QTest.keyClick(strip.name, Qt.Key.Key_Escape)
    assert strip.name.text() == "first"
    strip.name.edit()
    QTest.keyClicks(strip.name, "night run")
    with qtbot.waitSignal(strip.name.renamed) as kept:
        QTest.keyClick(strip.name, Qt.Key.Key_Return)
    assert kept.args == ["night run"]
    assert not strip.name.hasFocus()


def test_a_run_is_named_before_it_begins_and_later(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    studio.window.show_workspace(TRAIN)
    name = studio.window.train.strip.name
    rename(studio, "first try")
    begin(qtbot, studio, pictures)
    folder = studio.session.training.run_folder
    assert folder is not None
    qtbot.waitUntil(lambda: read_name(folder) == "first try", timeout=PATIENCE)
    assert (name.text(), name.placeholderText()) == ("first try", pictures.name)
    rename(studio, "second try")
    qtbot.waitUntil(lambda: read_name(folder) == "second try", timeout=PATIENCE)
    studio.session.training.stop()
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    assert "Stopped" in texts(studio.window.footer)
    assert any(text.startswith("step ") for text in texts(studio.window.footer))
    assert name.text() == "second try"

    studio.window.footer.show_saved(1607)
    studio.window.train.fresh_requested.emit()
    assert name.text() == ""
    assert "Ready" in texts(studio.window.footer)
    studio.controllers.train.start()
    assert not any("1,607" in text for text in texts(studio.window.footer))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.RUNNING, timeout=PATIENCE)
    assert studio.session.training.run_folder != folder
    assert read_name(folder) == "second try"
    assert name.text() == ""


def test_an_opened_run_has_its_name_and_not_what_was_said_of_another(
    qtbot: QtBot, studio: Application, trained: Path
) -> None:
    studio.window.complete()
    studio.session.saved.emit(Saved(trained, 1607), False)
    write_name(trained, "six steps")
    try:
        drop(studio, trained)
        qtbot.waitUntil(lambda: studio.window.train.strip.name.text() == "six steps", timeout=PATIENCE)
        assert not any("1,607" in text for text in texts(studio.window.footer))
    finally:
        write_name(trained, "")


def test_a_name_that_cannot_be_written_is_said_and_goes(
    qtbot: QtBot, studio: Application, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise UserError("The disk is full.", "Free some space.")

    studio.window.complete()
    drop(studio, trained)
    qtbot.waitUntil(lambda: studio.session.resume is not None, timeout=PATIENCE)
    monkeypatch.setattr("studio.services.train.run_naming.write_name", refuse)
    studio.session.naming.set("never")
    qtbot.waitUntil(lambda: "The disk is full" in studio.window.banner.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: studio.window.train.strip.name.text() == "", timeout=PATIENCE)


def rename(studio: Application, text: str) -> None:
    name = studio.window.train.strip.name
    name.edit()
    QTest.keyClicks(name, text)
    QTest.keyClick(name, Qt.Key.Key_Return)


def test_the_keyboard_is_the_workspaces_until_it_is_asked_for(qtbot: QtBot, studio: Application) -> None:
    studio.window.show_workspace(TRAIN)
    train = studio.window.train
    with qtbot.waitActive(studio.window):
        studio.window.activateWindow()
    train.take_keyboard()
    with qtbot.waitSignal(train.pause_requested):
        QTest.keyClick(studio.window.focusWidget(), Qt.Key.Key_Space)
    QTest.keyClick(studio.window.focusWidget(), Qt.Key.Key_F2)
    assert train.strip.name.hasFocus()
    QTest.keyClick(train.strip.name, Qt.Key.Key_Escape)
    assert not train.strip.name.hasFocus()


def test_words_of_a_preparation_end_with_it(studio: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.window.complete()
    service = studio.session.training
    service._set_state(TrainingState.STARTING)
    service.progressed.emit(Progress("Warming up", 0, 0))
    assert "Warming up" in texts(studio.window.footer)
    service._set_state(TrainingState.IDLE)
    service.progressed.emit(Progress("Warming up", 0, 0))  # it comes late
    for part in (studio.window.footer, studio.window.train.strip):
        assert "Warming up" not in " ".join(texts(part))
