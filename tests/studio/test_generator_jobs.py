"""The Explore workspace in the whole window: long work on the generator that is explored, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPushButton
from pytestqt.qtbot import QtBot

from core.checkpoint import save
from core.concurrency import run_to_end
from core.data.prepare import prepare
from core.export.animation import Animation
from core.export.selection import FileOptions, RequestSelection
from core.jobs.training_job import TrainingJob
from core.latent.explore_state import Direction
from core.latent.request import LatentRequest, Point, Walk
from core.runs.run import Run
from studio.application import Application
from studio.dialogs.nearest_images import NearestImagesDialog
from studio.dialogs.privacy import PrivacyDialog
from studio.dialogs.projection import ProjectionDialog
from studio.main_window import EXPLORE
from tests.core.tiny import finished, save_pictures, tiny_settings, tiny_trainer

PATIENCE = 30_000
"""Milliseconds; the first step waits for torch to be imported."""


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    trainer = finished(tiny_trainer("gan", steps=3))
    for parameter in trainer.G_ema.parameters():
        if parameter.ndim > 1:
            parameter.mul_(3)  # three steps give plain gray, in which nothing can be told apart
    path = tmp_path / "tiny.safetensors"
    save(trainer.checkpoint(), path)
    return path


@pytest.fixture
def exploring(qtbot: QtBot, studio: Application, checkpoint: Path) -> Application:
    studio.open(str(checkpoint))
    qtbot.waitUntil(lambda: len(studio.window.explore.image()) == 1, timeout=PATIENCE)
    assert studio.window.pages.currentIndex() == EXPLORE
    return studio


def idle(qtbot: QtBot, studio: Application, begin: Callable[[], None]) -> None:
    """Runs a job to its end."""
    with qtbot.waitSignal(studio.session.jobs.ended, timeout=PATIENCE):
        begin()


def shown(studio: Application, kind: type[QDialog]) -> QDialog:
    (dialog,) = studio.window.findChildren(kind)
    return dialog


def test_components_get_sliders(qtbot: QtBot, exploring: Application) -> None:
    jobs = exploring.session.generator
    with qtbot.waitSignal(jobs.components_found, timeout=PATIENCE) as found:
        jobs.find_components(Point())
    count, numbers = found.args[0].shape
    assert numbers == exploring.window.train.form.settings().latent_dim
    assert count > 0


def test_a_direction_of_samples_becomes_ones_own(qtbot: QtBot, exploring: Application) -> None:
    exploring.session.explore.contrast([Point(1), Point(2)], [Point(3)], "smile")
    qtbot.waitUntil(lambda: len(exploring.window.explore.state.saved.directions) == 1, timeout=PATIENCE)
    direction = exploring.window.explore.state.saved.directions[0]
    assert isinstance(direction, Direction)
    assert direction.name == "smile"
    assert any(direction.vector)


def test_a_picture_is_found_and_stands_at_a(qtbot: QtBot, exploring: Application, tmp_path: Path) -> None:
    made = exploring.window.explore.image()[0]
    picture = tmp_path / "my 猫.png"
    Image.fromarray(made).save(picture)
    idle(qtbot, exploring, lambda: exploring.open(str(picture)))
    dialog = shown(exploring, ProjectionDialog)
    assert isinstance(dialog, ProjectionDialog)
    with qtbot.waitSignal(dialog.finished):
        dialog.use()
    qtbot.waitUntil(lambda: bool(exploring.window.explore.state.saved.pins), timeout=PATIENCE)
    pins = exploring.window.explore.state.saved.pins
    assert [pin.name for pin in pins] == [picture.name]
    assert exploring.window.explore.state.a == pins[0].point


def test_nearest_training_images_are_shown(qtbot: QtBot, exploring: Application, tmp_path: Path) -> None:
    save_pictures(tmp_path / "pictures", 12)
    how = exploring.window.train.form.settings().preparation
    exploring.session.data.dataset = run_to_end(prepare(str(tmp_path / "pictures"), how))
    request = LatentRequest.of(Point(1))
    idle(qtbot, exploring, lambda: exploring.session.generator.find_nearest(request))
    dialog = shown(exploring, NearestImagesDialog)
    assert dialog.isVisible()
    dialog.accept()


def test_without_the_training_images_it_says_so(qtbot: QtBot, exploring: Application) -> None:
    with qtbot.waitSignal(exploring.session.problem, timeout=PATIENCE) as problem:
        exploring.session.generator.find_nearest(LatentRequest.of(Point(1)))
    assert "not open" in problem.args[0].what


def test_images_and_videos_are_written(qtbot: QtBot, exploring: Application, tmp_path: Path) -> None:
    jobs = exploring.session.generator
    walk = Walk((Point(0), Point(1)))
    animation = Animation(fps=5, seconds=1.0)
    idle(qtbot, exploring, lambda: jobs.export_video(walk, tmp_path / "walk.gif", animation, False))
    with Image.open(tmp_path / "walk.gif") as picture:
        assert getattr(picture, "n_frames", 1) == 6
    selection = RequestSelection(LatentRequest(walk, (0.0, 0.5)), "image")
    idle(qtbot, exploring, lambda: jobs.export_images(selection, tmp_path / "out", FileOptions(), False))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["image00000.png", "image00001.png"]
    assert exploring.window.banner.kind() == "good"


def test_a_time_lapse_of_nothing_says_so(qtbot: QtBot, exploring: Application, tmp_path: Path) -> None:
    with qtbot.waitSignal(exploring.session.problem, timeout=PATIENCE):
        exploring.session.generator.export_timelapse(tmp_path, tmp_path / "a.gif", Animation(fps=5), False)
    assert not np.any([path.suffix == ".gif" for path in tmp_path.iterdir()])


def test_what_a_checkpoint_gives_away_is_reported(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    session, banner = studio.session, studio.window.banner
    studio.controllers.dialogs.show("report_privacy")
    assert "no checkpoint" in banner.text()

    pictures = save_pictures(tmp_path / "many", 210)
    for _ in TrainingJob(tiny_settings("gan", steps=2), str(pictures), out=tmp_path / "run").events():
        pass
    studio.open(str(pictures))
    qtbot.waitUntil(lambda: session.data.dataset is not None, timeout=PATIENCE)
    studio.open(str(Run(tmp_path / "run").newest()))
    qtbot.waitUntil(lambda: len(studio.window.explore.image()) == 1, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bool(session.data.dataset and session.data.dataset.size == (16, 16)), timeout=PATIENCE)
    idle(qtbot, studio, lambda: studio.controllers.dialogs.show("report_privacy"))
    dialog = shown(studio, PrivacyDialog)
    next(button for button in dialog.findChildren(QPushButton) if button.text() == "Copy").click()
    assert QGuiApplication.clipboard().text().startswith("AUC 0.")
    dialog.close()
