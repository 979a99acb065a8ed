"""Devices in the window: what cannot be used is named, and what explores is what trains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from core.devices import survey
from core.runs.run import Run
from studio.application import Application
from studio.model.explore import PublishedWeights
from studio.model.train import TrainingState
from studio.services.explore.engine import ExploreEngine
from tests.core.machines import Gpu, build, cards, library
from tests.core.tiny import TINY, save_pictures, tiny_trainer
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import button, click, drop


@pytest.fixture
def old_driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    build(monkeypatch)
    cards(monkeypatch, refusal="The NVIDIA driver on your system is too old (found version 12020).")
    library(monkeypatch, Gpu(), driver="535.104.05")
    yield
    survey.cache_clear()


@pytest.mark.usefixtures("old_driver")
def test_an_old_driver_leaves_the_window_with_the_cpu(studio: Application, qtbot: QtBot) -> None:
    box = studio.window.train.form.widget("device")
    assert isinstance(box, QComboBox)
    if box.findData("cuda:0") < 0:
        with qtbot.waitSignal(studio.session.explore.devices_found, timeout=30_000):
            studio.session.explore.find_devices()
    assert [box.itemData(index) for index in range(box.count())] == ["auto", "cpu", "cuda:0"]
    assert box.itemText(0) == "Auto (cpu)"


def test_several_devices_train_together_in_the_window(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    """The CPU twice is two devices; a process of one that is killed is named, and the training is kept."""
    drop(studio, save_pictures(tmp_path / "two flowers"))
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    form, training = studio.window.train.form, studio.session.training
    form.change({**TINY, "preset": "gan", "evaluation": 0, "device": "cpu,cpu"})
    before = {*psutil.Process().children()}
    click(button(studio.window.footer, "Start"))
    qtbot.waitUntil(lambda: len(studio.window.train.history) >= 1, timeout=2 * PATIENCE)
    click(button(studio.window.footer, "Pause"))
    qtbot.waitUntil(lambda: training.state is TrainingState.PAUSED, timeout=PATIENCE)
    click(button(studio.window.footer, "Resume"))
    qtbot.waitUntil(lambda: training.state is TrainingState.RUNNING, timeout=PATIENCE)
    (other,) = (
        each for each in {*psutil.Process().children()} - before if "core.jobs.ranks.follower" in each.cmdline()
    )
    other.kill()
    qtbot.waitUntil(lambda: training.state is TrainingState.IDLE, timeout=PATIENCE)
    assert "The training process on cpu ended" in studio.window.banner.text()
    assert "train on fewer devices" in studio.window.banner.text()
    assert training.run_folder is not None
    assert Run(training.run_folder).newest().is_file()


def test_a_running_training_is_explored_on_its_own_device(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def use(name: str) -> torch.device:
        asked.append(name)
        return torch.device("cpu")

    monkeypatch.setattr("core.latent.sampler.use", use)
    trainer = tiny_trainer()
    meta = trainer.meta().model_copy(update={"device": "cuda"})  # a checkpoint holds its kind
    ExploreEngine().load(PublishedWeights(meta, trainer.published(), None, "cuda:1"))
    assert asked == ["cuda:1"]
