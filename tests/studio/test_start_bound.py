"""A training begins with the images and the run that are named on screen, or not at all."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from threading import Event as Gate
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QComboBox, QLabel, QSpinBox
from pytestqt.qtbot import QtBot

from core.devices import survey
from core.devices.device import Device
from core.diagnosis.case import Remedy
from studio.application import Application
from studio.model.train import TrainingState
from tests.core.tiny import save_pictures
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import banner_text, begin, button, choose, click, drop, source_of, train_briefly


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return save_pictures(tmp_path / "first")


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """The images in the folder `second` are read when this gate opens."""
    from core.data import prepare

    gate, read = Gate(), prepare.prepare_whole
    save_pictures(tmp_path / "second", 12)

    def wait_and_read(source: str, *others: Any, **more: Any) -> Generator[Any, None, Any]:
        if source.endswith("second"):
            gate.wait(PATIENCE / 1000)
        return (yield from read(source, *others, **more))

    monkeypatch.setattr(prepare, "prepare_whole", wait_and_read)
    yield gate
    gate.set()


def test_nothing_starts_while_other_images_are_read(
    qtbot: QtBot, studio: Application, first: Path, slow: Gate, tmp_path: Path
) -> None:
    open_images(qtbot, studio, first)
    start = button(studio.window.footer, "Start")
    assert start.isEnabled()
    assert "'first'" in start.toolTip()
    begun: list[object] = []
    studio.session.training.state_changed.connect(begun.append)

    drop(studio, tmp_path / "second")
    assert not start.isEnabled()  # at once, and not only when it is known to be images
    assert "'second' is being read" in start.toolTip()
    assert "Reading 'second'" in texts(studio)
    assert not studio.controllers.menus.start.isEnabled()
    qtbot.waitUntil(lambda: bool(studio.session.data.opening), timeout=PATIENCE)
    assert not start.isEnabled()
    studio.controllers.train.start()
    assert "'{}' is being read".format(tmp_path / "second") in banner_text(studio)
    assert begun == []

    slow.set()
    qtbot.waitUntil(lambda: source_of(studio) == str(tmp_path / "second"), timeout=PATIENCE)
    assert start.isEnabled()
    assert "'second'" in start.toolTip()
    assert studio.controllers.menus.start.isEnabled()


def test_a_name_that_cannot_be_opened_gives_start_back(
    qtbot: QtBot, studio: Application, first: Path, tmp_path: Path
) -> None:
    open_images(qtbot, studio, first)
    (tmp_path / "notes.txt").write_text("notes")
    start = button(studio.window.footer, "Start")
    drop(studio, tmp_path / "notes.txt")
    assert not start.isEnabled()
    qtbot.waitUntil(start.isEnabled, timeout=PATIENCE)
    assert "'first'" in start.toolTip()


def test_nothing_continues_while_the_images_of_a_run_are_read(
    qtbot: QtBot, studio: Application, first: Path, slow: Gate, tmp_path: Path
) -> None:
    slow.set()
    train_briefly(qtbot, studio, tmp_path / "second")
    run = studio.session.training.run_folder
    assert run is not None
    assert any(text.startswith("saved at step") for text in texts(studio))
    open_images(qtbot, studio, first)
    assert studio.session.resume is None
    assert not any(text.startswith("saved at step") for text in texts(studio))  # nothing is of the next run
    slow.clear()

    drop(studio, run)
    start = button(studio.window.footer, "Start")
    assert not start.isEnabled()
    qtbot.waitUntil(lambda: studio.session.resume is not None, timeout=PATIENCE)
    assert start.text() == "Continue"
    assert not start.isEnabled()
    assert "'second' is being read" in start.toolTip()
    studio.session.data.cancel_scan()
    slow.set()
    qtbot.waitUntil(start.isEnabled, timeout=PATIENCE)
    # The images of the run are not open: what was trained on them is not continued on others.
    assert source_of(studio) == str(first)
    assert studio.session.resume is None
    assert start.text() == "Start"


def test_images_that_are_opened_beside_a_training_are_not_shown_as_its_own(
    qtbot: QtBot, studio: Application, first: Path, slow: Gate, tmp_path: Path
) -> None:
    slow.set()
    begin(qtbot, studio, first)
    reals = studio.window.train.reals
    own = reals.images().copy()
    open_images(qtbot, studio, tmp_path / "second")
    assert (reals.images() == own).all()
    studio.controllers.health.apply(Remedy("Restart", {"lr_g": 0.0001}, anew=True))
    assert f"Open '{first}' again" in banner_text(studio)
    assert studio.session.training.state is TrainingState.RUNNING

    click(button(studio.window.footer, "Stop"))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    assert reals.images().shape != own.shape or (reals.images() != own).any()
    assert "'second'" in button(studio.window.footer, "Start").toolTip()


def test_a_run_is_continued_on_other_images_only_where_its_networks_can_take_them(
    qtbot: QtBot, studio: Application, trained: Path, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    for kind, shape in (("large", (40, 40, 3)), ("gray", (40, 40))):
        (tmp_path / kind).mkdir()
        for number in range(12):
            pixels = random.integers(0, 255, shape, np.uint8)
            Image.fromarray(pixels).save(tmp_path / kind / f"{number}.png")
    drop(studio, trained)
    qtbot.waitUntil(lambda: studio.session.resume is not None, timeout=PATIENCE)
    checkpoint = studio.session.resume
    settings = studio.window.train.form.settings()

    open_images(qtbot, studio, tmp_path / "large")
    assert studio.session.resume is None
    qtbot.waitUntil(lambda: "Start begins a new one" in banner_text(studio), timeout=PATIENCE)
    click(button(studio.window.banner, "Use these images"))
    assert studio.session.resume == checkpoint
    assert studio.window.train.form.settings() == settings
    qtbot.waitUntil(lambda: sizes(studio) == settings.size, timeout=PATIENCE)
    assert studio.session.resume == checkpoint

    open_images(qtbot, studio, tmp_path / "gray")
    qtbot.waitUntil(lambda: "grayscale images" in banner_text(studio), timeout=PATIENCE)
    assert studio.session.resume is None
    assert not button(studio.window.banner, "Use these images").isVisible()


def sizes(studio: Application) -> tuple[int, int]:
    """Width and height of the images that are open."""
    assert studio.session.data.dataset is not None
    return studio.session.data.dataset.size


def open_images(qtbot: QtBot, studio: Application, folder: Path) -> None:
    drop(studio, folder)
    qtbot.waitUntil(lambda: source_of(studio) == str(folder), timeout=PATIENCE)


def texts(studio: Application) -> list[str]:
    """All that the footer says."""
    return [label.text() for label in studio.window.footer.findChildren(QLabel)]


def test_a_preset_fits_itself_to_the_next_images_and_says_what_was_changed(
    qtbot: QtBot, studio: Application, first: Path, slow: Gate, tmp_path: Path
) -> None:
    slow.set()
    form = studio.window.train.form
    open_images(qtbot, studio, first)
    batch = form.widget("batch")
    assert isinstance(batch, QSpinBox)
    assert form.settings().batch == 8
    choose(studio, "loss", "hinge")
    choose(studio, "resolution", 64)
    assert form.settings().network == "smooth"
    assert form.changes() == []  # hinge is what the preset has at this resolution
    batch.setValue(9)
    open_images(qtbot, studio, tmp_path / "second")
    assert form.settings().network == "dcgan"
    assert form.settings().batch == 9
    assert form.changes() == ["batch"]
    assert "Studio, 1 changed" in form.widget("preset").accessibleDescription()
    studio.window.show_settings()
    click(button(form, "Reset to preset"))
    assert form.settings().batch == 8


def test_a_run_that_continues_keeps_its_settings(
    qtbot: QtBot, studio: Application, first: Path, slow: Gate, tmp_path: Path
) -> None:
    slow.set()
    train_briefly(qtbot, studio, tmp_path / "second")
    form = studio.window.train.form
    trained = form.settings()
    open_images(qtbot, studio, first)
    drop(studio, studio.session.training.run_folder or first)
    qtbot.waitUntil(lambda: source_of(studio) == str(tmp_path / "second"), timeout=PATIENCE)
    assert studio.session.resume is not None
    assert form.settings() == trained
    assert form.changes()


def test_a_start_waits_for_the_devices_that_the_preset_is_fitted_to(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, first: Path
) -> None:
    gate = Gate()

    def wait_and_survey() -> list[Device]:
        gate.wait(PATIENCE / 1000)
        return list(survey())

    monkeypatch.setattr("studio.services.explore.service.survey", wait_and_survey)
    studio: Application = request.getfixturevalue("studio")
    request.addfinalizer(gate.set)
    open_images(qtbot, studio, first)
    assert studio.session.explore.devices == []
    studio.controllers.train.start()
    studio.controllers.train.start()
    assert studio.session.training.state is TrainingState.IDLE
    assert "as soon as the devices of this computer are known" in banner_text(studio)

    gate.set()
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.RUNNING, timeout=PATIENCE)
    preset = studio.window.train.form.widget("preset")
    assert isinstance(preset, QComboBox)
    assert "changed" not in preset.currentText()  # as it is where the settings were fitted to a GPU before
