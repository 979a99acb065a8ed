"""The real studio, which ends its training when a test is over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.application import Application
from studio.model.train import TrainingState
from studio.widgets.plots.pyqtgraph_import import pyqtgraph_import
from tests.core.nursery import Nursery

PATIENCE = 30_000
"""Milliseconds; the first step waits for torch to be imported."""


@pytest.fixture(scope="session", autouse=True)
def canvas() -> None:
    """Imports before the first test what the program imports in a thread, so that every test sees the same."""
    pyqtgraph_import.load()


@pytest.fixture
def studio(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Application:
    monkeypatch.setenv("GAN_STUDIO_RUNS", str(tmp_path / "runs"))
    studio = Application()

    def end_training(_: object) -> None:
        if studio.session.training.state is not TrainingState.IDLE:
            studio.session.training.abandon()
            qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)

    qtbot.addWidget(studio.window, before_close_func=end_training)
    studio.window.show()
    qtbot.waitExposed(studio.window)
    return studio


@pytest.fixture
def no_native_dialogs(qapp: QApplication) -> Iterator[None]:
    """Qt's own file dialog, as no platform's can be used by a test."""
    qapp.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, True)
    yield
    qapp.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, False)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of six steps. Read only."""
    from core.jobs.training_job import TrainingJob
    from tests.core.tiny import save_pictures, tiny_settings

    base = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_STUDIO_CACHE", str(base / "cache"))
        pictures = save_pictures(base / "noise")
        for _ in TrainingJob(tiny_settings("gan", steps=6), str(pictures), out=base / "run").events():
            pass
    return base / "run"


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Starts commands in processes of their own that need not import torch again."""
    if os.name != "posix":
        pytest.skip("this system cannot fork")
    with Nursery() as nursery:
        yield nursery
