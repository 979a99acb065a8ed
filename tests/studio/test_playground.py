"""The 2-D playground in the window: the plane, single steps, slow motion, and the way there and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import sleep

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QPushButton, QSlider, QWidget
from pytestqt.qtbot import QtBot

from core.events import Event, Points, Progress, Report, Stepped, Tuned
from core.presets import preset
from studio import theme
from studio.application import Application
from studio.background.threads import IteratorThread
from studio.main_window import TRAIN
from studio.model.run_status import TrainingProgress, training
from studio.model.train import TrainingState
from studio.services.session import Session
from studio.widgets.home.drop_area import DropArea
from studio.widgets.settings.form import SettingsForm
from studio.widgets.train.footer import Footer
from studio.widgets.train.playground import PlaygroundView
from studio.widgets.train.points_view import PointsView

PATIENCE = 30_000
"""Milliseconds; the first step waits for torch to be imported."""
LEFT = Qt.MouseButton.LeftButton


def some_points(count: int = 100, step: int = 7) -> Points:
    random = np.random.default_rng(0)
    real, fake = (random.uniform(-1, 1, (count, 2)).astype(np.float32) for _ in range(2))
    surface = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    arrows = np.concatenate([fake[:10], np.full((10, 2), 0.2, np.float32)], 1)
    return Points(step, real, fake, surface, 1.3, arrows)


def without(points: Points, *names: str) -> Points:
    parts = {name: getattr(points, name)[: 0 if name in names else None] for name in ("real", "fake", "arrows")}
    return Points(points.step, parts["real"], parts["fake"], points.surface, points.extent, parts["arrows"])


def shown(qtbot: QtBot, widget: QWidget, width: int = 480, height: int = 520) -> None:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    with qtbot.waitExposed(widget):
        widget.show()


def button(parent: QWidget, text: str) -> QAbstractButton:
    return next(found for found in parent.findChildren(QAbstractButton) if found.text().startswith(text))


def click(target: QWidget) -> None:
    assert target.isEnabled()
    QTest.mouseClick(target, LEFT)


# -- the plane -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["real", "fake", "arrows"])
def test_everything_is_painted(qtbot: QtBot, part: str) -> None:
    view = PointsView()
    shown(qtbot, view)
    view.set_points(some_points())
    whole = view.grab().toImage()
    view.set_points(without(some_points(), part))
    assert view.grab().toImage() != whole
    view.set_points(some_points())
    assert view.grab().toImage() == whole


def test_the_plane_is_blue_where_points_are_found_generated(qtbot: QtBot) -> None:
    view = PointsView()
    shown(qtbot, view)
    view.set_points(without(some_points(), "real", "fake", "arrows"))  # 0 at the top, 1 at the bottom
    image = view.grab().toImage()
    top, bottom = image.pixelColor(image.width() // 2, 20), image.pixelColor(image.width() // 2, 420)
    assert top.blue() > top.red() + 30
    assert bottom.red() > bottom.blue() + 30


def test_points_of_a_training_that_broke_are_left_out(qtbot: QtBot) -> None:
    view = PointsView()
    shown(qtbot, view)
    broken = some_points()
    broken.fake[:] = np.nan
    broken.arrows[:] = np.inf
    view.set_points(broken)
    assert not view.grab().isNull()
    assert "0%" in view.accessibleDescription()


def test_the_plane_follows_the_scheme(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply_scheme(qapp, theme.LIGHT)
    view = PointsView()
    shown(qtbot, view)
    view.set_points(some_points())
    light = middle_row(view.grab().toImage())
    try:
        theme.apply_scheme(qapp, theme.DARK)
        assert middle_row(view.grab().toImage()) < light - 60
    finally:
        theme.apply_scheme(qapp, theme.LIGHT)


def middle_row(image: QImage) -> float:
    """Mean lightness."""
    y = image.height() // 2
    return float(np.mean([QColor(image.pixel(x, y)).lightness() for x in range(40, image.width() - 40)]))


def test_the_plane_is_said_to_who_cannot_see_it(qtbot: QtBot) -> None:
    view = PointsView()
    shown(qtbot, view)
    assert view.accessibleDescription() == "No points yet."
    points = some_points()
    view.set_real(points.real)
    assert view.accessibleDescription() == "100 real points."
    view.set_points(points)
    assert view.accessibleDescription().startswith("Step 7: 100 real and 100 generated points")


def test_real_points_alone_do_not_hide_a_training_on_them(qtbot: QtBot) -> None:
    view = PointsView()
    qtbot.addWidget(view)
    view.set_points(some_points())
    view.set_real(some_points().real)
    now = view.points()
    assert now is not None
    assert now.step == 7
    view.set_real(some_points().real + 1)
    now = view.points()
    assert now is not None
    assert not len(now.fake)


def test_steps_need_a_pause(qtbot: QtBot) -> None:
    playground = PlaygroundView()
    shown(qtbot, playground)
    asked: list[str] = []
    playground.step_requested.connect(asked.append)
    for text in ("Train D once", "Train G once"):
        assert not button(playground, text).isEnabled()
        assert "Pause" in button(playground, text).toolTip()
    playground.set_paused(True)
    for text in ("Train D once", "Train G once"):
        click(button(playground, text))
        assert "Pause" not in button(playground, text).toolTip()
    assert asked == ["D", "G"]


def test_the_pace_in_words(qtbot: QtBot) -> None:
    playground = PlaygroundView()
    shown(qtbot, playground)
    slider = playground.findChild(QSlider)
    assert isinstance(slider, QSlider)
    with qtbot.waitSignal(playground.pace_changed) as changed:
        slider.setValue(slider.maximum() // 2)
    assert changed.args == [0.5]
    assert playground.pace() == 0.5


# -- slow motion -----------------------------------------------------------------------------------------------------


def steps() -> Iterator[Event]:
    for step in range(1, 10_000):
        sleep(0.001)
        yield Stepped(step, step)


@pytest.fixture
def thread(qtbot: QtBot) -> Iterator[IteratorThread]:
    thread = IteratorThread(lambda: (event for event in steps()))
    yield thread
    thread.stop()
    thread.wait()


def test_slow_motion_rests_after_each_step_and_shows_it(qtbot: QtBot, thread: IteratorThread) -> None:
    thread.set_pace(0.1, lambda: Progress("look", 0, 0))
    thread.start()
    qtbot.wait(600)
    assert 3 <= len(thread.take()) <= 7


def test_messages_do_not_wait_for_a_rest_to_end(qtbot: QtBot, thread: IteratorThread) -> None:
    thread.set_pace(3600.0)
    thread.start()
    qtbot.wait(50)
    thread.post(lambda: Progress("answer", 0, 0))
    qtbot.waitUntil(lambda: bool(thread.take()), timeout=5000)
    with qtbot.waitSignal(thread.paused, timeout=5000):
        thread.pause()
    with qtbot.waitSignal(thread.paused, timeout=5000):
        thread.resume()
    thread.set_pace(0.0)  # ends the rest, or the thread would not come to its next message between two steps
    thread.set_pace(0.05, lambda: Progress("look", 0, 0))
    qtbot.waitUntil(lambda: len(thread.take()) > 0, timeout=5000)
    thread.set_pace(3600.0)
    qtbot.wait(100)
    with qtbot.waitSignal(thread.ended, timeout=5000):
        thread.stop()


# -- the form --------------------------------------------------------------------------------------------------------


def test_the_form_chooses_what_suits_the_data(qtbot: QtBot) -> None:
    form = SettingsForm()
    shown(qtbot, form, 316, 700)
    assert form.widget("resolution").isVisible()
    form.set_data(8, points=True)
    assert form.settings().preset == "playground"
    assert not form.widget("resolution").isVisible()
    assert not form.widget("mirror").isVisible()
    form.set_settings(form.settings().changed(lr_g=0.005))
    form.set_data(0, points=True)
    assert form.settings().lr_g == 0.005
    form.set_data(0, points=False)
    assert form.settings().preset == "studio"
    assert form.widget("resolution").isVisible()
    form.set_settings(form.settings().changed(network="mlp"))
    form.set_data(3, points=False)
    assert form.settings().network == "mlp"


@pytest.mark.parametrize(("name", "counted"), [("playground", "points"), ("studio", "images")])
def test_the_footer_counts_what_is_trained_on(qtbot: QtBot, name: str, counted: str) -> None:
    footer, settings = Footer(), preset(name).apply()
    shown(qtbot, footer, 1000, 50)
    footer.show_tuned(Tuned("cpu", "fp32", "contiguous", {"fp32, contiguous": 900.0}), settings)
    progress = TrainingProgress.of(Report(7, 448, 1.5, {"Timing/images_per_sec": 300.0}), settings)
    footer.show_run(training(TrainingState.RUNNING, None, progress))
    said = [f"{label.text()} {label.toolTip()}" for label in footer.findChildren(QLabel)]
    assert any(f"448 {counted} seen, 300 {counted}/s" in words for words in said)
    assert any(f"fp32, contiguous: 900 {counted}/s" in words for words in said)


# -- the window ------------------------------------------------------------------------------------------------------


def now(studio: Application) -> Points:
    points = studio.window.train.playground.view.points()
    assert points is not None
    return points


def test_the_whole_game(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    session, playground = studio.session, studio.window.train.playground
    choose_toy(studio, "Ring of 8")
    qtbot.waitUntil(lambda: session.data.dataset is not None, timeout=PATIENCE)
    assert session.data.dataset is not None
    assert session.data.dataset.source == "toy:ring8"
    assert not button(studio.window.data, "Shuffle").isVisible()
    click(button(studio.window.data, "Choose settings"))
    assert studio.window.pages.currentIndex() == TRAIN
    assert playground.isVisible()
    assert not studio.window.train.samples.isVisible()
    assert not len(now(studio).fake)
    assert studio.window.train.form.settings().preset == "playground"

    click(button(studio.window.footer, "Start"))
    qtbot.waitUntil(lambda: now(studio).step > 2, timeout=PATIENCE)
    click(button(studio.window.footer, "Pause"))
    qtbot.waitUntil(lambda: session.training.state is TrainingState.PAUSED, timeout=PATIENCE)
    single_steps(qtbot, studio)
    slow_motion(qtbot, studio)

    click(button(studio.window.footer, "Stop"))
    qtbot.waitUntil(lambda: session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    assert not button(playground, "Train D once").isEnabled()
    folder = session.training.run_folder
    assert folder is not None
    assert (folder / "reals.png").is_file()

    seen = now(studio)
    playground.view.set_points(some_points())
    studio.open(str(folder))
    qtbot.waitUntil(lambda: now(studio).step == int(stem(session)), timeout=PATIENCE)
    assert now(studio).real.shape == seen.real.shape

    save_picture(qtbot, studio, tmp_path / "plane.png")


def test_images_after_points(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    choose_toy(studio, "Spiral")
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    for index in range(4):
        pixels = np.random.default_rng(index).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    studio.open(str(tmp_path))
    qtbot.waitUntil(lambda: "Toy" not in studio.session.data.dataset.title, timeout=PATIENCE)  # type: ignore[union-attr]
    studio.window.show_workspace(TRAIN)
    assert studio.window.train.form.settings().preset == "studio"
    assert len(studio.window.train.reals.images())
    assert not studio.window.train.playground.isVisible()


def choose_toy(studio: Application, name: str) -> None:
    area = studio.window.home.findChild(DropArea)
    assert area is not None
    menu = next(found.menu() for found in area.findChildren(QPushButton) if found.menu() is not None)
    toys = next(action.menu() for action in menu.actions() if action.menu() is not None)
    next(action for action in toys.actions() if action.text() == name).trigger()  # type: ignore[attr-defined]


def single_steps(qtbot: QtBot, studio: Application) -> None:
    qtbot.wait(200)  # the look at what the pause found
    before = now(studio)
    click(button(studio.window.train.playground, "Train D once"))
    qtbot.waitUntil(lambda: now(studio) is not before, timeout=PATIENCE)
    after = now(studio)
    assert np.array_equal(after.fake, before.fake)
    assert not np.array_equal(after.surface, before.surface)
    click(button(studio.window.train.playground, "Train G once"))
    qtbot.waitUntil(lambda: now(studio) is not after, timeout=PATIENCE)
    assert now(studio).step == before.step + 1
    assert np.array_equal(now(studio).surface, after.surface)
    assert not np.array_equal(now(studio).fake, after.fake)
    assert studio.session.training.state is TrainingState.PAUSED


def slow_motion(qtbot: QtBot, studio: Application) -> None:
    slider = studio.window.train.playground.findChild(QSlider)
    assert isinstance(slider, QSlider)
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert studio.window.train.playground.pace() == 1.0
    begun = now(studio).step
    click(button(studio.window.footer, "Resume"))
    qtbot.waitUntil(lambda: now(studio).step > begun, timeout=PATIENCE)
    first = now(studio).step
    qtbot.wait(300)
    assert now(studio).step - first <= 1
    QTest.keyClick(slider, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: now(studio).step > first + 5, timeout=PATIENCE)


def save_picture(qtbot: QtBot, studio: Application, path: Path) -> None:
    picture = studio.window.train.playground.view.picture()
    studio.session.files.save_picture(picture, path, generated=True)
    qtbot.waitUntil(path.is_file, timeout=PATIENCE)
    with Image.open(path) as image:
        assert image.size == picture.size().toTuple()


def stem(session: Session) -> str:
    assert session.resume is not None
    return session.resume.stem
