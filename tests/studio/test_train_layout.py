"""The Train workspace as a person arranges it: the stage and what is beside it, flags, and what is remembered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from core.events import Edited, Samples
from core.runs.retention import pin, record_metric
from studio import window_state
from studio.application import Application
from studio.main_window import TRAIN
from studio.model.history import History
from studio.model.train import Flag
from studio.panels.train import TrainPanel
from studio.services.train.run_flags import read_flags
from studio.widgets.plots.time_bar import TimeBar
from tests.studio.conftest import PATIENCE

LEFT = Qt.MouseButton.LeftButton
FID = "Metrics/fid@vgg16:1000:3000:train"


@pytest.fixture
def panel(qtbot: QtBot) -> TrainPanel:
    panel = TrainPanel()
    qtbot.addWidget(panel)
    panel.resize(1280, 550)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.activateWindow()
    panel.show_reals(np.full((16, 8, 8, 3), 200, np.uint8))
    return panel


def samples(step: int = 10, count: int = 16) -> Samples:
    values = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return Samples(step, np.broadcast_to(values, (count, 8, 8, 3)).copy())


def tool(parent: QWidget, name: str) -> QToolButton:
    return next(button for button in parent.findChildren(QToolButton) if button.accessibleName() == name)


# -- room ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1280, 550), (1600, 820), (1920, 910)])
def test_the_images_have_two_thirds_of_the_width_and_half_of_the_height(
    qtbot: QtBot, panel: TrainPanel, size: tuple[int, int]
) -> None:
    panel.resize(QSize(*size))
    QApplication.processEvents()
    panel.stage.show_newest(samples())
    assert panel.samples.width() >= 0.66 * panel.width()
    assert panel.samples.height() + panel.strip.height() >= 0.5 * panel.height()
    line, plots = panel.time_line, panel.plots
    assert line.width() >= panel.stage.width()
    assert panel.settings.height() >= 0.8 * panel.height()
    assert line.mapTo(panel, QPoint(0, 0)).y() >= panel.stage.mapTo(panel, QPoint(0, panel.stage.height())).y()
    assert plots.mapTo(panel, QPoint(0, 0)).y() >= line.mapTo(panel, QPoint(0, line.height())).y()


def test_the_settings_make_room_for_the_images(panel: TrainPanel) -> None:
    before = panel.samples.width()
    QTest.mouseClick(tool(panel, "Settings"), LEFT)
    QApplication.processEvents()
    assert not panel.settings.isVisible()
    assert panel.samples.width() >= before + 200
    assert panel.time_line.width() >= panel.width() - 30
    panel.settings_action.trigger()
    assert panel.settings.isVisible()


# -- real images -----------------------------------------------------------------------------------------------------


def test_real_images_stand_beside_the_samples_on_demand(panel: TrainPanel) -> None:
    panel.stage.show_newest(samples())
    assert not panel.reals.isVisible()
    QTest.mouseClick(tool(panel, "Real images"), LEFT)
    assert panel.reals.isVisible()
    assert panel.samples.isVisible()
    QTest.mouseClick(tool(panel, "Real images"), LEFT)
    assert not panel.reals.isVisible()


def test_holding_r_shows_real_images_in_the_place_of_the_samples(panel: TrainPanel) -> None:
    panel.stage.show_newest(samples())
    panel.samples.setFocus()

    def middle() -> int:
        tile = panel.samples.tile_rect(0).center()
        return panel.samples.grab().toImage().pixelColor(tile).red()

    before = panel.samples.geometry()
    assert middle() == 0
    QTest.keyPress(panel.samples, Qt.Key.Key_R)
    assert middle() == 200
    assert panel.samples.geometry() == before
    QTest.keyRelease(panel.samples, Qt.Key.Key_R)
    assert middle() == 0


# -- before the start ------------------------------------------------------------------------------------------------


def test_the_empty_stage_says_what_to_expect(panel: TrainPanel) -> None:
    panel.settings.expectation_changed.emit("First shapes in 3 minutes.", False)
    said = [label for label in panel.samples.findChildren(QLabel) if label.text() == "First shapes in 3 minutes."]
    assert len(said) == 1
    assert said[0].isVisible()
    panel.stage.show_newest(samples())
    assert not said[0].isVisible()
    panel.clear()
    assert said[0].isVisible()
    assert not len(panel.samples.images())


# -- flags -----------------------------------------------------------------------------------------------------------


def history(last: int = 1000) -> History:
    made, steps = History(), np.arange(0, last + 1, 10)
    made.extend(steps, steps / 10, {"Loss/D/loss": steps / 100, "Loss/G/loss": np.ones(len(steps))})
    return made


def bar_of(panel: TrainPanel) -> TimeBar:
    bar = panel.findChild(TimeBar)
    assert isinstance(bar, TimeBar)
    return bar


def test_a_click_on_a_flag_goes_there(panel: TrainPanel) -> None:
    panel.set_history(history(), [Edited(500, {"lr_d": 0.001})])
    panel.set_flags([Flag(200, "checkpoint", "Checkpoint"), Flag(800, "best", "Best FID: 3"), Flag(1000, "best", "")])
    bar = bar_of(panel)
    for step, text in ((500, "Learning rate D 0.001"), (200, "Checkpoint"), (800, "Best FID: 3")):
        at = QPointF(bar._x(step) + 3, 4)
        (flag,) = bar.flags_at(at)
        assert (flag.step, flag.text) == (step, text)
        QTest.mouseClick(bar, LEFT, pos=at.toPoint())
        assert panel.time_line.moment() == step
    assert not bar.flags_at(QPointF(bar._x(350), 4))
    assert not bar.flags_at(QPointF(bar._x(500), bar.height() - 4))


def test_keys_go_from_flag_to_flag(panel: TrainPanel) -> None:
    panel.set_history(history(), [])
    panel.set_flags([Flag(200, "checkpoint", ""), Flag(800, "checkpoint", "")])
    bar, moments = bar_of(panel), []
    for key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageUp, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
        QTest.keyClick(bar, key)
        moments.append(panel.time_line.moment())
    assert moments == [800, 200, 200, 800]


def test_flags_are_painted_in_their_colors(panel: TrainPanel) -> None:
    panel.set_history(history(), [])
    plain = bar_of(panel).grab().toImage()
    panel.set_flags([Flag(500, "best", "")])
    flagged, at = bar_of(panel).grab().toImage(), QPointF(bar_of(panel)._x(500) + 2, 6).toPoint()
    assert flagged.pixelColor(at) != plain.pixelColor(at)


def test_flags_of_a_run_are_its_checkpoints_and_the_best(tmp_path: Path) -> None:
    for step in (100, 200, 300):
        (tmp_path / f"{step:09d}.safetensors").touch()
    (tmp_path / "somebody's.safetensors").touch()
    pin(tmp_path / "000000200.safetensors")
    record_metric(tmp_path / "000000300.safetensors", FID, 12.5)
    assert read_flags(tmp_path) == (
        Flag(100, "checkpoint", "Checkpoint"),
        Flag(200, "checkpoint", "Checkpoint, kept"),
        Flag(300, "checkpoint", "Checkpoint"),
        Flag(300, "best", "Best FID: 12.5"),
    )
    assert read_flags(tmp_path / "gone") == ()


def test_an_opened_run_has_its_flags(qtbot: QtBot, studio: Application, trained: Path) -> None:
    studio.window.complete()
    with qtbot.waitSignal(studio.session.flags.listed, check_params_cb=bool, timeout=PATIENCE):
        studio.open(str(trained))
    assert {flag.step for flag in studio.window.train._flags} >= {6}
    studio.session.training.began.emit()
    assert not studio.window.train._flags


# -- keeping ---------------------------------------------------------------------------------------------------------


def test_selected_samples_are_copied_as_one_picture(panel: TrainPanel) -> None:
    panel.stage.show_newest(samples())
    assert not panel.copy()
    panel.samples.set_selected([3, 5])
    assert panel.copy()
    image = QApplication.clipboard().image()
    assert (image.width(), image.height()) == (16, 8)
    assert [image.pixelColor(x, 4).red() for x in (4, 12)] == [3, 5]


def test_undo_is_that_of_the_settings(qtbot: QtBot, panel: TrainPanel) -> None:
    with qtbot.waitSignal(panel.undo_changed) as told:
        panel.settings.undo_changed.emit(True, False)
    assert told.args == [True, False]


def test_what_was_arranged_is_remembered(qtbot: QtBot, studio: Application) -> None:
    studio.window.show_workspace(TRAIN)
    train = studio.window.train
    train.settings_action.trigger()
    train.reals_action.trigger()
    window_state.keep_choices("train", train.choices())
    another = TrainPanel()
    qtbot.addWidget(another)
    another.restore(window_state.choices("train"))
    assert another.choices() == train.choices()
    assert not another.settings_action.isChecked()
    assert another.reals_action.isChecked()


def test_choices_that_nobody_made_change_nothing(qtbot: QtBot, panel: TrainPanel) -> None:
    before = panel.choices()
    panel.restore({"settings": "no", "reals": 7, "tab": 99, "other": None})
    assert panel.choices() == before
