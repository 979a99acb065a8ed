"""Cost of the window, measured in a real one: a child process that prints one line of JSON.

Trains the `dcgan` preset at 64 px, batch 64, with 1,000,000 reports already on the plot, and measures in turn: the
training rate and the delay of a 10 ms heartbeat, the time from a slider's move to its image, and from Stop to saved.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from time import perf_counter, thread_time
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QElapsedTimer, QEventLoop, QSettings, Qt, QTimer
from PySide6.QtWidgets import QApplication, QSlider

from core.events import Report
from studio import theme
from studio.application import Application
from studio.main_window import EXPLORE
from studio.model.history import History
from studio.model.train import TrainingState

HISTORY = 1_000_000
MOVES_A_SECOND = 30
WATCH_SECONDS, SLIDE_SECONDS = float(os.environ.get("BENCH_SECONDS", "40")), 15.0


def main() -> None:
    studio = training_window()
    studio.window.train.set_history(_long_history(), ())
    wait(8)
    result: dict[str, Any] = {}
    result |= _watch(studio)
    result |= _slide(studio)
    result |= _stop(studio)
    studio.window.close()
    print(json.dumps(result))


def training_window() -> Application:
    """Returns the real studio, with the `dcgan` preset training at 64 px."""
    os.environ["GAN_STUDIO_RUNS"] = tempfile.mkdtemp()
    sys.setswitchinterval(0.001)
    app = QApplication(["bench"])
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
    theme.apply(app)
    studio = Application()
    studio.window.show()
    studio.open("sample:shapes")
    until(lambda: studio.session.data.dataset is not None)
    form = studio.window.train.form
    until(lambda: form.is_ready)  # or the settings would be fitted to the device that is found later
    form.set_settings(form.settings().changed(preset="dcgan", width=64, latent_dim=100, batch=64, resolution=64))
    studio.controllers.train.start()
    until(lambda: studio.session.training.state is TrainingState.RUNNING)
    return studio


def _watch(studio: Application) -> dict[str, Any]:
    """Measures heartbeat and rate while the Train workspace is shown."""
    rates: list[Report] = []
    studio.session.workers.reported.connect(rates.extend)
    delays: list[float] = []
    clock = QElapsedTimer()
    timer = QTimer(interval=10, timerType=Qt.TimerType.PreciseTimer)

    def beat() -> None:
        delays.append(clock.nsecsElapsed() / 1e6 - 10)
        clock.restart()

    timer.timeout.connect(beat)
    clock.start()
    timer.start()
    busy = thread_time()
    wait(WATCH_SECONDS)
    busy = thread_time() - busy
    timer.stop()
    studio.session.workers.reported.disconnect(rates.extend)
    first, last = rates[0], rates[-1]
    late = np.maximum(delays, 0)
    return {
        "images_per_sec": (last.images - first.images) / (last.seconds - first.seconds),
        "gui_core_percent": 100 * busy / WATCH_SECONDS,
        "heartbeat_ms_p50": float(np.percentile(late, 50)),
        "heartbeat_ms_p99": float(np.percentile(late, 99)),
        "heartbeat_ms_max": float(np.max(late)),
    }


def _slide(studio: Application) -> dict[str, Any]:
    """Measures the time from a move of the timeline slider to the image, during a training."""
    studio.window.show_workspace(EXPLORE)
    wait(5)
    took = drag(studio, SLIDE_SECONDS)
    return {"slider_ms_p50": float(np.percentile(took, 50)), "slider_ms_p95": float(np.percentile(took, 95))}


def drag(studio: Application, seconds: float) -> list[float]:
    """Returns the milliseconds from each move of the timeline's slider to its image; moves whose image was skipped do
    not count."""
    asked: dict[object, float] = {}
    took: list[float] = []

    def ask(slot: str, request: object) -> None:
        if slot == "image":
            asked[request] = perf_counter()

    def answer(slot: str, request: object, _: object) -> None:
        if slot == "image" and request in asked:
            took.append(1e3 * (perf_counter() - asked[request]))

    studio.window.explore.requested.connect(ask)
    studio.session.explore.rendered.connect(answer)
    slider = timeline_slider(studio)
    moves = QTimer(interval=1000 // MOVES_A_SECOND, timerType=Qt.TimerType.PreciseTimer)
    moves.timeout.connect(lambda: slider.setValue((slider.value() + 7) % slider.maximum()))
    moves.start()
    wait(seconds)
    moves.stop()
    studio.window.explore.requested.disconnect(ask)
    studio.session.explore.rendered.disconnect(answer)
    return took


def timeline_slider(studio: Application) -> QSlider:
    """Returns the slider of the timeline of Explore."""
    return next(each for each in studio.window.explore.findChildren(QSlider) if each.accessibleName() == "Time")


def _stop(studio: Application) -> dict[str, Any]:
    start = perf_counter()
    studio.session.training.stop()
    until(lambda: studio.session.training.state is TrainingState.IDLE)
    return {"stop_seconds": perf_counter() - start}


def _long_history() -> History:
    history = History()
    steps = np.arange(HISTORY)
    wave = 1 + 0.5 * np.sin(steps / 5e4) + np.random.default_rng(0).normal(0, 0.2, HISTORY)
    keys = ("Loss/D/loss", "Loss/G/loss", "Score/real", "Score/fake")
    history.extend(steps - HISTORY, steps / 4, {key: wave + index for index, key in enumerate(keys)})
    return history


def wait(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def until(true: Any) -> None:
    while not true():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


if __name__ == "__main__":
    main()
