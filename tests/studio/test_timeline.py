"""A run's past: the cursor in its curves and on its time line, and the samples that follow it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from core.events import Edited, Points, Report, Samples
from core.imaging.grid import grid, write_png
from studio.model.history import History
from studio.panels.train import TrainPanel
from studio.services.train.sample_images import SampleImages
from studio.widgets.plots.time_bar import RADIUS, TimeBar
from studio.widgets.plots.timeline import Timeline

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
PATIENCE = 30_000


def samples(step: int, value: int) -> Samples:
    return Samples(step, np.full((4, 8, 8, 3), value, np.uint8))


def keep(run: Path, step: int, value: int) -> None:
    """As a training keeps its samples."""
    (run / "samples").mkdir(parents=True, exist_ok=True)
    write_png(run / "samples" / f"{step:09d}.png", grid(samples(step, value).images), generated=True)


def points(step: int) -> Points:
    plane = np.zeros((4, 2), np.float32)
    return Points(step, plane, plane, np.full((8, 8), 0.5, np.float32), 1.3, np.zeros((1, 4), np.float32))


def history(last: int = 1000) -> History:
    made, steps = History(), np.arange(0, last + 1, 10)
    made.extend(steps, steps / 10, {"Loss/D/loss": steps / 100, "Loss/G/loss": np.ones(len(steps))})
    return made


class Past:
    """The Train workspace over a run with three grids, wired as the window wires it."""

    def __init__(self, qtbot: QtBot, run: Path) -> None:
        self.run, self.panel, self.frames = run, TrainPanel(), SampleImages()
        for step in (0, 400, 800):
            keep(run, step, step // 4)
        self.panel.moment_requested.connect(self.frames.ask)
        self.frames.steps_listed.connect(self.panel.set_pictures)
        self.frames.read.connect(self.panel.show_moment)
        self.frames.missed.connect(self.panel.keep_last_samples)
        qtbot.addWidget(self.panel, before_close_func=lambda _: self.frames.shutdown())
        self.panel.resize(1200, 700)
        with qtbot.waitExposed(self.panel):
            self.panel.show()
        self.panel.set_history(history(), ())
        self.open(qtbot, samples(1000, 250))

    def open(self, qtbot: QtBot, newest: Samples | Points) -> None:
        self.panel.stage.show_newest(newest)
        with qtbot.waitSignal(self.frames.steps_listed, timeout=PATIENCE):
            self.frames.open(self.run, newest)

    @property
    def time_line(self) -> Timeline:
        return self.panel.time_line

    @property
    def bar(self) -> TimeBar:
        bar = self.panel.findChild(TimeBar)
        assert isinstance(bar, TimeBar)
        return bar

    def drag(self, *steps: int) -> None:
        """A hand on the bar; the run goes from 0 to 1000."""
        positions = [
            QPoint(round(RADIUS + step / 1000 * (self.bar.width() - 2 * RADIUS)), self.bar.height() // 2)
            for step in steps
        ]
        QTest.mousePress(self.bar, LEFT, NONE, positions[0])
        for position in positions[1:]:
            QTest.mouseMove(self.bar, position)
        QTest.mouseRelease(self.bar, LEFT, NONE, positions[-1])

    def shows(self, value: int) -> bool:
        images = self.panel.samples.images()
        return bool(len(images)) and int(images[0, 0, 0, 0]) == value

    def says(self) -> str:
        return self.panel.samples._caption


@pytest.fixture
def past(qtbot: QtBot, tmp_path: Path) -> Past:
    return Past(qtbot, tmp_path / "run")


def tool(parent: QWidget, name: str) -> QToolButton:
    return next(button for button in parent.findChildren(QToolButton) if button.accessibleName() == name)


def test_dragging_shows_the_samples_and_the_values_of_the_moment(qtbot: QtBot, past: Past) -> None:
    assert past.shows(250)
    past.drag(100, 300, 650)
    qtbot.waitUntil(lambda: past.shows(100), timeout=PATIENCE)
    assert past.says() == "Generated, step 400"
    moment = past.time_line.moment()
    assert moment is not None
    assert abs(moment - 650) <= 2
    step = 10 * round(moment / 10)
    assert (
        past.panel.plots.cards[0].readout().startswith(f"Discriminator {step / 100:.4g}  Generator 1  step {moment:,}")
    )
    assert "step" in past.panel.plots.cards[1].readout()
    past.drag(950)
    qtbot.waitUntil(lambda: past.shows(200), timeout=PATIENCE)


def test_a_click_in_the_curves_sets_the_moment_and_its_line_is_dragged(qtbot: QtBot, past: Past) -> None:
    canvas = past.panel.plots.cards[0]._canvas
    assert canvas is not None
    view, box = canvas.viewport(), canvas.getViewBox()
    inside = box.sceneBoundingRect().toRect()
    at = QPoint(inside.left() + inside.width() // 4, inside.center().y())
    before = box.viewRange()[0]
    QTest.mouseClick(view, LEFT, NONE, at)
    first = past.time_line.moment()
    assert first is not None
    assert abs(first - 250) < 10
    qtbot.waitUntil(lambda: past.shows(0), timeout=PATIENCE)
    QTest.mousePress(view, LEFT, NONE, at)
    for share in (0.3, 0.6, 0.9):
        QTest.mouseMove(view, QPoint(inside.left() + round(share * inside.width()), at.y()))
    QTest.mouseRelease(view, LEFT, NONE, QPoint(inside.left() + round(0.9 * inside.width()), at.y()))
    moved = past.time_line.moment()
    assert moved is not None
    assert abs(moved - 900) < 10
    assert box.viewRange()[0] == before
    assert past.panel.plots.cards[0].following()
    qtbot.waitUntil(lambda: past.shows(200), timeout=PATIENCE)


def test_new_samples_wait_until_live_is_pressed(qtbot: QtBot, past: Past) -> None:
    past.drag(500)
    qtbot.waitUntil(lambda: past.shows(100), timeout=PATIENCE)
    past.panel.show_reports([Report(1010, 1, 1.0, {"Loss/D/loss": 1.0})])
    past.panel.stage.show_newest(samples(1010, 33))
    keep(past.run, 1010, 33)
    with qtbot.waitSignal(past.frames.steps_listed, timeout=PATIENCE):
        past.frames.open(past.run, samples(1010, 33))
    assert past.shows(100)
    assert past.says() == "Generated, step 400"
    QTest.mouseClick(tool(past.time_line, "Live"), LEFT)
    assert past.time_line.moment() is None
    assert past.shows(33)
    past.panel.stage.show_newest(samples(1020, 44))
    assert past.shows(44)
    assert past.panel.plots.cards[0].readout() == "Discriminator  Generator"


def test_keys_step_and_come_back(qtbot: QtBot, past: Past) -> None:
    past.time_line.setFocus()
    moments = []
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_End):
        QTest.keyClick(past.bar, key)
        moments.append(past.time_line.moment())
    assert moments == [800, 400, 0, 0, 400, None]
    QTest.keyClick(past.bar, Qt.Key.Key_Home)
    assert past.time_line.moment() == 0
    qtbot.waitUntil(lambda: past.shows(0), timeout=PATIENCE)


def test_playing_goes_from_the_start_to_the_end_and_space_does_not_pause_the_training(qtbot: QtBot, past: Past) -> None:
    speed = past.time_line.findChild(QComboBox)
    assert isinstance(speed, QComboBox)
    speed.setCurrentIndex(speed.count() - 1)
    seen: list[int] = []
    past.frames.read.connect(lambda shown, _: seen.append(shown.step))
    past.time_line.setFocus()
    with qtbot.assertNotEmitted(past.panel.pause_requested):
        QTest.keyClick(past.bar, Qt.Key.Key_Space)
        assert past.time_line.is_playing()
        qtbot.waitUntil(lambda: not past.time_line.is_playing(), timeout=PATIENCE)
    assert seen == [0, 400, 800]
    assert past.time_line.moment() == 800


def test_pictures_that_are_deleted_or_damaged_break_nothing(qtbot: QtBot, past: Past) -> None:
    (past.run / "samples" / "000000400.png").unlink()
    with qtbot.waitSignal(past.frames.steps_listed, timeout=PATIENCE):
        past.drag(500)
    qtbot.waitUntil(lambda: past.shows(0), timeout=PATIENCE)  # the newest one before it that is left
    (past.run / "samples" / "000000800.png").write_bytes(b"nothing")
    with qtbot.waitSignal(past.frames.missed, timeout=PATIENCE):
        past.drag(900)
    assert past.shows(0)
    for path in (past.run / "samples").iterdir():
        path.unlink()
    with qtbot.waitSignal(past.frames.steps_listed, timeout=PATIENCE):
        past.frames.list_pictures()
    past.drag(100, 700)
    assert past.time_line.moment() is not None
    QTest.mouseClick(tool(past.time_line, "Live"), LEFT)
    assert past.shows(250)


@pytest.mark.parametrize("mode", ["LA", "I;16", "1", "P"])
def test_pictures_that_cannot_be_shown_are_missed(qtbot: QtBot, past: Past, mode: str) -> None:
    path = past.run / "samples" / "000000800.png"
    with Image.open(path) as image:
        size = image.size
    Image.new(mode, size).save(path)
    with qtbot.waitSignal(past.frames.missed, timeout=PATIENCE):
        past.drag(900)
    assert past.shows(250)
    past.drag(500)
    qtbot.waitUntil(lambda: past.shows(100), timeout=PATIENCE)


def test_a_run_without_samples_still_has_a_cursor(qtbot: QtBot) -> None:
    panel = TrainPanel()
    qtbot.addWidget(panel)
    panel.show()
    assert not panel.time_line.isEnabled()
    panel.set_history(history(), ())
    assert panel.time_line.isEnabled()
    panel.time_line.step_by(-1)
    assert panel.time_line.moment() == 990
    panel.time_line.toggle()
    assert not panel.time_line.is_playing()
    panel.clear()
    assert panel.time_line.moment() is None
    assert not panel.time_line.isEnabled()


def test_points_show_the_pictures_that_were_kept(qtbot: QtBot, past: Past) -> None:
    past.open(qtbot, points(1000))
    assert past.panel.playground.isVisible()
    past.drag(500)
    qtbot.waitUntil(past.panel.stage.picture.isVisible, timeout=PATIENCE)
    assert past.panel.stage.picture.images().shape == (1, 16, 16, 3)
    assert past.panel.stage.picture._caption == "Points, step 400"
    past.panel.stage.show_newest(points(1001))
    assert past.panel.stage.picture.isVisible()
    QTest.mouseClick(tool(past.time_line, "Live"), LEFT)
    assert past.panel.playground.isVisible()


def test_another_run_is_seen_live(qtbot: QtBot, past: Past) -> None:
    past.drag(500)
    past.panel.set_history(history(200), [Edited(100, {"lr_d": 0.1})])
    assert past.time_line.moment() is None


def test_the_whole_history_comes_under_a_hand_that_looks(qtbot: QtBot, past: Past) -> None:
    canvas = past.panel.plots.cards[0]._canvas
    assert canvas is not None
    past.drag(500)
    canvas.scale_by(0.5)
    before, moment = canvas.getViewBox().viewRange()[0], past.time_line.moment()
    past.panel.complete_history(history(2000))
    assert canvas.getViewBox().viewRange()[0] == before
    assert past.time_line.moment() == moment
    assert past.panel.history.span() == (0, 2000)


def test_a_picture_that_is_written_again_is_read_again(qtbot: QtBot, past: Past) -> None:
    past.drag(500)
    qtbot.waitUntil(lambda: past.shows(100), timeout=PATIENCE)
    keep(past.run, 400, 77)
    path = past.run / "samples" / "000000400.png"
    with qtbot.waitSignal(past.frames.read, timeout=PATIENCE):
        past.drag(900)
    os.utime(path, ns=(5, 5))
    past.drag(500)
    qtbot.waitUntil(lambda: past.shows(77), timeout=PATIENCE)
