"""Renders the README's pictures from the real program: `make screenshots ARGS="--photos FOLDER"`.

Trains on the built-in digits and on the photographs meanwhile.
"""

from __future__ import annotations

import argparse
import os
import shutil
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
    """Writes home.png, playground.png and, of digits, train-dark.png and explore.png; of photographs photos-data.png,
    photos-train.png and photos-explore.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=150, help="how long to train on the digits")
    parser.add_argument("--photos", help="folder of photographs; without it there are no pictures of them")
    parser.add_argument("--photo-run", help="run on them that is continued in a copy, instead of a new one")
    parser.add_argument("--photo-seconds", type=float, default=900, help="how long to train on them")
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    for folder in ("GAN_STUDIO_RUNS", "GAN_STUDIO_CACHE"):  # Home shows what lies there
        os.environ[folder] = tempfile.mkdtemp()
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
    sys.setswitchinterval(0.001)
    app = QApplication(["gan-studio"])
    theme.apply_scheme(app, theme.LIGHT)
    theme.apply(app)
    studio = Application()
    studio.window.resize(*(int(side) for side in options.size.split("x")))
    studio.window.show()
    _open(studio, "sample:digits")
    _start(studio)
    _wait(options.seconds)
    _explore(studio, out / "explore.png")
    theme.apply_scheme(app, theme.DARK)
    _take(studio, TRAIN, out / "train-dark.png")
    theme.apply_scheme(app, theme.LIGHT)
    _stop(studio)
    if options.photos:
        _open(studio, options.photos, out / "photos-data.png")
        _start(studio, options.photo_run and _copy(options.photo_run))
        _wait(options.photo_seconds)
        _take(studio, TRAIN, out / "photos-train.png")
        _explore(studio, out / "photos-explore.png")
        _stop(studio)
    _take(studio, HOME, out / "home.png")
    _open(studio, "toy:ring8")
    _start(studio)
    _wait(4)  # early, while the points are still under way
    _take(studio, TRAIN, out / "playground.png")
    studio.session.training.abandon()
    _until(lambda: studio.session.training.state is TrainingState.IDLE)
    studio.window.close()


def _explore(studio: Application, picture: Path) -> None:
    """Takes a picture of Explore, which follows the training."""
    studio.window.show_workspace(EXPLORE)
    _until(lambda: len(studio.window.explore.image()) > 0)
    _take(studio, EXPLORE, picture)


def _open(studio: Application, source: str, picture: Path | None = None) -> None:
    """Opens a dataset, and takes its picture if asked to."""
    studio.open(source)
    _until(lambda: studio.session.is_open(source))
    if picture:
        _wait(20)  # it is examined, and its images are read
        _take(studio, DATA, picture)


def _start(studio: Application, run: Path | None = None) -> None:
    """Starts a training from the first step, or continues a run."""
    studio.session.set_resume(None)
    if run is not None:
        studio.open(str(run))
        _until(lambda: studio.session.resume is not None and not studio.session.reading)
    studio.controllers.train.start()
    _until(lambda: studio.session.training.state is TrainingState.RUNNING)
    studio.window.show_workspace(TRAIN)


def _copy(run: str) -> Path:
    """Copies a run to where Home shows it, and returns the copy."""
    return Path(shutil.copytree(run, Path(os.environ["GAN_STUDIO_RUNS"]) / Path(run).name))


def _stop(studio: Application) -> None:
    """Saves the training and ends it."""
    studio.session.training.stop()
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
