"""One generator stands behind everything in Explore, during a short training and after it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QMenu, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from core.concurrency import run_to_end
from core.export.animation import Animation
from core.latent.explore_state import Pin
from core.latent.request import Point, Walk
from core.latent.sampler import Sampler
from studio.application import Application
from studio.dialogs.projection import ProjectionDialog
from studio.main_window import EXPLORE
from studio.model.train import TrainingState
from studio.widgets.explore.pin_strip import PinStrip, decoded
from tests.core.tiny import TINY, save_pictures
from tests.studio.conftest import PATIENCE

LEFT = Qt.MouseButton.LeftButton
NO_KEYS = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def training(qtbot: QtBot, studio: Application, tmp_path: Path) -> Application:
    """A training that runs, and is followed in Explore."""
    studio.open(str(save_pictures(tmp_path / "flowers")))
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    form = studio.window.train.form
    form.set_settings(form.settings().changed(preset="gan", network="mlp", lr_g=0.01, lr_d=0.01, evaluation=0, **TINY))
    studio.controllers.train.start()
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.RUNNING, timeout=PATIENCE)
    studio.window.show_workspace(EXPLORE)
    qtbot.waitUntil(lambda: len(studio.window.explore.image()) == 1, timeout=PATIENCE)
    go_on(qtbot, studio, 1)
    return studio


def go_on(qtbot: QtBot, studio: Application, samples: int = 2) -> None:
    """Lets the training learn something that can be seen."""
    for _ in range(samples):
        with qtbot.waitSignal(studio.session.training.sampled, timeout=PATIENCE):
            pass


def head(studio: Application) -> str:
    title = studio.window.explore.findChild(QLabel, "title")
    assert isinstance(title, QLabel)
    return title.text()


def step(studio: Application) -> int:
    """The step that the head names."""
    return int(head(studio).partition(" · step ")[2].partition(" · ")[0].replace(",", ""))


def follow(qtbot: QtBot, studio: Application, on: bool) -> None:
    box = next(each for each in studio.window.explore.findChildren(QCheckBox) if each.text() == "Follow training")
    if box.isChecked() != on:
        QTest.mouseClick(box, LEFT, NO_KEYS, QPoint(8, box.height() // 2))
    assert box.isChecked() == on
    if not on:
        settle(qtbot, studio)


def settle(qtbot: QtBot, studio: Application) -> None:
    """Waits for all that was asked of the generator."""
    done: list[object] = []
    studio.session.explore._thread.ask("last", lambda: None, done.append)
    qtbot.waitUntil(lambda: bool(done), timeout=PATIENCE)


def newest(studio: Application) -> QToolButton:
    panel = studio.window.explore
    return next(each for each in panel.findChildren(QToolButton) if each.accessibleName() == "Explore newest weights")


def stop(qtbot: QtBot, studio: Application) -> None:
    studio.session.training.stop()
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)


def pin(qtbot: QtBot, studio: Application) -> Pin:
    """Presses P, and waits for the pin."""
    before = studio.window.explore.state.saved.pins
    studio.window.explore.setFocus()
    QTest.keyClick(studio.window.explore, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: len(studio.window.explore.state.saved.pins) > len(before), timeout=PATIENCE)
    return studio.window.explore.state.saved.pins[-1]


def open_pin(qtbot: QtBot, studio: Application, row: int) -> list[QAction]:
    """Double-clicks a pin; the entries of the menu that asks which generator is meant, if it asks."""
    strip = next(each for each in studio.window.explore.findChildren(PinStrip) if each.accessibleName() == "Pins")
    QTest.mouseDClick(strip.viewport(), LEFT, NO_KEYS, strip.visualItemRect(strip.item(row)).center())
    menus = [each for each in studio.window.explore.findChildren(QMenu) if each.accessibleName() == "Older pin"]
    return [action for menu in menus for action in menu.actions() if not action.isSeparator()]


def project(qtbot: QtBot, studio: Application, picture: Path) -> ProjectionDialog:
    with qtbot.waitSignal(studio.session.jobs.ended, timeout=PATIENCE):
        studio.open(str(picture))
    (dialog,) = studio.window.findChildren(ProjectionDialog)
    return dialog


def looks_like(studio: Application, image: np.ndarray) -> bool:
    shown = studio.window.explore.image()
    return len(shown) == 1 and int(abs(shown[0].astype(int) - image.astype(int)).max()) <= 1


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "mine.png"
    Image.fromarray(np.random.default_rng(5).integers(0, 256, (16, 16, 3), np.uint8)).save(path)
    return path


def test_the_head_names_the_run_and_the_step_of_what_is_shown(qtbot: QtBot, training: Application) -> None:
    follow(qtbot, training, False)
    source = training.session.explore.source
    assert source is not None
    assert head(training) == f"flowers · step {source.step:,} · averaged weights"
    go_on(qtbot, training)
    assert training.session.explore.source is source  # nobody asked for newer weights
    stop(qtbot, training)
    qtbot.wait(100)
    assert training.session.explore.source is source


@pytest.mark.parametrize("when", ["followed", "stopped"])
def test_what_is_found_for_a_picture_is_what_is_explored(
    qtbot: QtBot, training: Application, picture: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.projection.projector.STEPS", 20)
    follow(qtbot, training, when == "followed")
    go_on(qtbot, training, 1)
    with qtbot.waitSignal(training.session.training.saved, timeout=PATIENCE):
        training.session.save()  # a newer checkpoint than what is explored
    if when == "stopped":
        stop(qtbot, training)
    dialog = project(qtbot, training, picture)
    found = dialog.closest()
    if when == "followed":
        go_on(qtbot, training)
    QTest.mouseClick(next(b for b in dialog.findChildren(QPushButton) if b.text() == "Explore it"), LEFT)
    qtbot.waitUntil(lambda: bool(training.window.explore.state.saved.pins), timeout=PATIENCE)
    qtbot.waitUntil(lambda: looks_like(training, found), timeout=PATIENCE)
    (kept,) = training.window.explore.state.saved.pins
    assert kept.name == picture.name
    assert kept.maker is not None
    assert kept.maker.step == step(training)


def test_a_pin_keeps_the_generator_that_made_it(qtbot: QtBot, training: Application) -> None:
    follow(qtbot, training, False)
    image, made_at = training.window.explore.image()[0].copy(), step(training)
    first = pin(qtbot, training)
    assert first.maker is not None
    assert first.maker.step == made_at
    run = training.session.training.run_folder
    assert run is not None
    file = run / "pinned" / f"{made_at:09d}-{first.maker.weights}.safetensors"
    assert np.array_equal(Sampler.open(file, "cpu").render(training.window.explore.current_request())[0], image)
    go_on(qtbot, training, 1)
    qtbot.waitUntil(newest(training).isVisible, timeout=PATIENCE)
    QTest.mouseClick(newest(training), LEFT)
    qtbot.waitUntil(lambda: step(training) > made_at, timeout=PATIENCE)
    stop(qtbot, training)
    color = decoded(first.picture).toImage().pixelColor(1, 1)
    assert [color.red(), color.green(), color.blue()] == image[0, 0].tolist()
    opens, shows = open_pin(qtbot, training, 0)[-2:]
    assert opens.text() == f"Open step {made_at:,}"
    assert shows.text() == f"Show with step {step(training):,}"
    opens.trigger()
    next(each for each in training.window.explore.findChildren(QMenu) if each.isVisible()).close()
    qtbot.waitUntil(lambda: step(training) == made_at, timeout=PATIENCE)
    qtbot.waitUntil(lambda: looks_like(training, image), timeout=PATIENCE)
    assert open_pin(qtbot, training, 0) == []


def test_a_generator_stays_while_a_pin_needs_it(qtbot: QtBot, training: Application) -> None:
    follow(qtbot, training, False)
    pin(qtbot, training)
    stop(qtbot, training)
    run = training.session.training.run_folder
    assert run is not None
    (file,) = (run / "pinned").iterdir()
    engine = training.session.explore.engine
    saved = training.window.explore.state.saved
    engine.save_pins(run, type(saved)())  # an undo may bring the pin back
    assert file.is_file()
    type(engine)().save_pins(run, saved)
    assert file.is_file()
    type(engine)().save_pins(run, type(saved)())  # on another day
    assert not file.exists()


def test_a_film_is_of_the_generator_that_was_on_screen(qtbot: QtBot, training: Application, tmp_path: Path) -> None:
    follow(qtbot, training, False)
    held = training.session.explore.source
    assert held is not None
    assert held.generator is not None
    walk, target = Walk((Point(0), Point(1))), tmp_path / "film"
    with qtbot.waitSignal(training.session.jobs.ended, timeout=PATIENCE):
        training.session.generator.export_video(walk, target, Animation(fps=2, seconds=1.0, recipe=False), False)
        training.session.explore_newest()  # before the job has begun
    from core.export.walk_video import export_walk

    run_to_end(export_walk(held.generator.sampler(), walk, tmp_path / "same", Animation(2, 1.0, recipe=False)))
    for file in sorted(target.iterdir()):
        assert np.array_equal(np.asarray(Image.open(file)), np.asarray(Image.open(tmp_path / "same" / file.name)))


def test_explore_says_what_is_being_opened(qtbot: QtBot, studio: Application, trained: Path, tmp_path: Path) -> None:
    explore, service = studio.window.explore, studio.session.explore
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no checkpoint")

    def says(text: str) -> bool:
        return any(label.text().startswith(text) for label in explore.findChildren(QLabel))

    with qtbot.waitSignal(service.problem, timeout=PATIENCE):
        service.open(broken)
        assert says("Opening broken.safetensors…")
    assert says("Nothing to explore yet")
    service.open_newest(trained)
    assert says(f"Opening {trained.name}…")
    qtbot.waitUntil(lambda: len(explore.image()) == 1, timeout=PATIENCE)
