"""Devices in the window: what cannot be used is named, and what explores is what trains."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from core.devices import survey
from studio.application import Application
from studio.model.explore import PublishedWeights
from studio.services.explore.engine import ExploreEngine
from tests.core.machines import Gpu, build, cards, library
from tests.core.tiny import tiny_trainer


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
