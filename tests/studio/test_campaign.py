"""The window in a process of its own, for `make campaign`: every signal, and ten minutes of everything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtWidgets import QApplication, QSlider
from pytestqt.qtbot import QtBot

from core.checkpoint import load
from core.presets import preset
from core.runs.run import Run
from studio.application import Application
from studio.main_window import DATA, EXPLORE, TRAIN
from studio.model.train import TrainingState
from tests.core import campaign
from tests.core.tiny import TINY, save_pictures
from tests.studio.conftest import PATIENCE

ROOT = Path(__file__).parents[2]
SOAK_SECONDS = float(os.environ.get("GAN_STUDIO_SOAK_SECONDS", "600"))
GROWTH = 2**20
"""Bytes that a cycle may leave behind at the end."""

pytestmark = campaign.only


@pytest.mark.skipif(os.name != "posix", reason="has other signals")
@pytest.mark.parametrize("by", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_saves_what_the_window_trains(by: str, tmp_path: Path) -> None:
    pictures, runs = save_pictures(tmp_path / "pictures"), tmp_path / "runs"
    environment = {**os.environ, "GAN_STUDIO_RUNS": str(runs)}
    command = [sys.executable, "-m", "tests.studio.training_window", str(pictures)]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 60
        while not any(file.stat().st_size for file in runs.glob("*/stats.jsonl")):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.05)
        number = getattr(signal, by)
        process.send_signal(number)
        said = process.communicate(timeout=30)[1]
    finally:
        process.kill()
    assert process.returncode == 128 + number, said
    assert "Traceback" not in said
    (folder,) = runs.iterdir()
    last = list(Run(folder).reports())[-1]
    assert load(Run(folder).newest()).meta.step >= last.step > 0


def test_ten_minutes_of_everything_leave_nothing_behind(
    qtbot: QtBot, studio: Application, tmp_path: Path, user_folders: Path
) -> None:
    pictures = save_pictures(tmp_path / "pictures")
    process = psutil.Process()
    taken: list[tuple[int, ...]] = []
    until = time.monotonic() + SOAK_SECONDS
    while time.monotonic() < until:
        _cycle(qtbot, studio, pictures if len(taken) % 4 else None)
        widgets = len(QApplication.allWidgets())
        counts = process.memory_full_info().uss, process.num_fds(), process.num_threads(), widgets
        taken.append(counts)
        print(len(taken), *counts, flush=True)
    settled = np.array(taken[len(taken) // 3 :], np.float64)
    slopes = np.polyfit(np.arange(len(settled)), settled, 1)[0]
    print("growth a cycle: bytes, files, threads, widgets:", slopes)
    assert slopes[0] < GROWTH
    assert (slopes[1:] < 0.2).all()


def _cycle(qtbot: QtBot, studio: Application, pictures: Path | None) -> None:
    """Opens data, trains, explores, edits, pauses, saves, stops, continues, and opens the run; of images or a toy."""
    session, window = studio.session, studio.window
    training = session.training

    def wait(state: TrainingState) -> None:
        qtbot.waitUntil(lambda: training.state is state, timeout=PATIENCE)

    session.set_resume(None)
    window.show_workspace(DATA)
    source = str(pictures or "toy:ring8")
    studio.open(source)
    qtbot.waitUntil(
        lambda: session.data.dataset is not None and session.data.dataset.source == source, timeout=PATIENCE
    )
    settings = preset("gan").apply(**TINY, evaluation=0) if pictures else preset("playground").apply(evaluation=0)
    window.train.form.set_settings(settings)
    qtbot.wait(300)
    session.set_resume(None)
    studio.controllers.train.start()
    wait(TrainingState.RUNNING)
    qtbot.wait(700)
    window.show_workspace(EXPLORE)
    qtbot.wait(300)
    for slider in [slider for slider in window.explore.findChildren(QSlider) if slider.isVisible()][:5]:
        for part in range(20):
            slider.setValue(slider.minimum() + (slider.maximum() - slider.minimum()) * part // 20)
            qtbot.wait(2)
    window.show_workspace(TRAIN)
    training.pause()
    wait(TrainingState.PAUSED)
    training.resume()
    wait(TrainingState.RUNNING)
    training.edit(settings.changed(lr_d=1e-4))
    session.save()
    qtbot.wait(300)
    training.stop()
    wait(TrainingState.IDLE)
    studio.controllers.train.start()
    wait(TrainingState.RUNNING)
    qtbot.wait(300)
    training.stop()
    wait(TrainingState.IDLE)
    run = training.run_folder
    assert run is not None
    studio.open(str(run))
    qtbot.wait(700)
    window.banner.dismiss()
