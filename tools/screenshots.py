"""Renders the README's pictures from the real program: `make screenshots`. Trains on the built-in digits meanwhile."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from studio import theme
from studio.application import Application
from studio.main_window import DATA, EXPLORE, HOME, TRAIN
from studio.model.train import TrainingState

FOLDER = Path(__file__).parent.parent / "assets" / "screenshots"


def main() -> None:
    """Writes empty.png, data.png, train.png, explore.png, the latter two also in the dark, and playground.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=150, help="how long to train before the pictures are taken")
    parser.add_argument("--source", default="sample:digits")
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["GAN_STUDIO_RUNS"] = tempfile.mkdtemp()
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
    sys.setswitchinterval(0.001)
    app = QApplication(["gan-studio"])
    theme.apply_scheme(app, theme.LIGHT)
    theme.apply(app)
    studio = Application()
    studio.window.resize(*(int(side) for side in options.size.split("x")))
    studio.window.show()
    _take(studio, HOME, options.out / "empty.png")
    studio.open(options.source)
    _until(lambda: studio.session.data.dataset is not None)
    _take(studio, DATA, options.out / "data.png")
    studio.controllers.train.start()
    _until(lambda: studio.session.training.state is TrainingState.RUNNING)
    studio.window.show_workspace(TRAIN)
    _wait(options.seconds)
    _take(studio, TRAIN, options.out / "train.png")
    studio.window.show_workspace(EXPLORE)
    _until(lambda: len(studio.window.explore.image()) > 0)
    _take(studio, EXPLORE, options.out / "explore.png")
    theme.apply_scheme(app, theme.DARK)
    _take(studio, TRAIN, options.out / "train-dark.png")
    _take(studio, EXPLORE, options.out / "explore-dark.png")
    _end(studio)
    theme.apply_scheme(app, theme.LIGHT)
    studio.session.set_resume(None)
    studio.open("toy:ring8")
    _until(lambda: studio.session.data.dataset is not None and studio.session.data.dataset.points)
    studio.controllers.train.start()
    _until(lambda: studio.session.training.state is TrainingState.RUNNING)
    _wait(4)  # early, while the points are still under way
    _take(studio, TRAIN, options.out / "playground.png")
    _end(studio)
    studio.window.close()


def _end(studio: Application) -> None:
    studio.session.training.abandon()
    _until(lambda: studio.session.training.state is TrainingState.IDLE)


def _take(studio: Application, workspace: int, path: Path) -> None:
    studio.window.show_workspace(workspace)
    _wait(3)
    studio.window.grab().save(str(path))


def _wait(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def _until(true: Callable[[], bool]) -> None:
    while not true():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


if __name__ == "__main__":
    main()
