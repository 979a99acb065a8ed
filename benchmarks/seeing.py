"""A long run in the real window: time until its curves are on screen, and speed of samples during a drag.

Makes a run of 1,000,000 reports (some with 40 numbers) and 300 sample grids, and opens it twice: the first time all of
its `stats.jsonl` has to be read, the second time the copy beside it will do. Then drags the time line for ten seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.table import machine, row  # noqa: E402  # the path first
from core.events import Finished  # noqa: E402
from core.imaging.grid import grid, write_png  # noqa: E402
from core.jobs.training_job import TrainingJob  # noqa: E402
from studio import theme  # noqa: E402
from studio.application import Application  # noqa: E402
from studio.model.history import History  # noqa: E402
from studio.widgets.plots.time_bar import TimeBar  # noqa: E402

KEYS = ("Loss/D/loss", "Loss/G/loss", "Loss/scores/real", "Loss/scores/fake", "Score/real", "Score/fake")
SIGNALS = tuple(f"Signal/D/gradient/layer{number}" for number in range(31))
RARE = 50
"""Every so many reports one has the signals too."""
DRAG_SECONDS = 10.0
"""A hand moves the cursor 60 times a second."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=1_000_000)
    parser.add_argument("--grids", type=int, default=300)
    parser.add_argument("--keep", type=Path, help="a folder in which the run is made once, and left")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["GAN_STUDIO_RUNS"] = temporary
        folder = (chosen.keep or Path(temporary)) / "00000-long-studio"
        if not folder.exists():
            make_run(folder, chosen.reports, chosen.grids)
        (folder / ".stats.npz").unlink(missing_ok=True)
        measure(folder, Path(temporary), chosen.reports)


def make_run(folder: Path, reports: int, grids: int) -> None:
    """Makes a short training on digits look like a long one."""
    from core.presets import preset

    settings = preset("dcgan").apply(resolution=32, width=16, batch=16, samples=36, steps=2, device="cpu")
    assert any(isinstance(event, Finished) for event in TrainingJob(settings, "sample:digits", out=folder).events())
    write_reports(folder / "stats.jsonl", reports)
    random = np.random.default_rng(0)
    for number in range(grids):
        images = random.integers(0, 256, (36, 32, 32, 1), np.uint8)
        write_png(folder / "samples" / f"{4 * reports * number // grids:09d}.png", grid(images), generated=True)


def write_reports(path: Path, reports: int) -> None:
    """Writes reports in the format of a training."""
    random = np.random.default_rng(0)
    wave = 1 + 0.5 * np.sin(np.arange(reports) / 5e4)
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, reports, 10_000):
            noise = random.normal(0, 0.2, (min(10_000, reports - start), len(KEYS)))
            for report, values in enumerate((noise + wave[start : start + len(noise), None]).tolist(), start):
                stats = dict(zip(KEYS, values, strict=True))
                if report % RARE == 0:
                    stats |= dict.fromkeys(SIGNALS, values[0])
                known = {"step": 4 * report + 4, "images": 64 * report, "seconds": round(0.5 * report, 3)}
                file.write(json.dumps({**known, **stats, "Timing/images_per_sec": 1234.5}) + "\n")


def measure(folder: Path, temporary: Path, reports: int) -> None:
    sys.setswitchinterval(0.001)  # as the program does
    app = QApplication.instance() or QApplication(["bench"])
    assert isinstance(app, QApplication)
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(temporary))
    theme.apply(app)
    studio = Application()
    studio.window.resize(1280, 800)
    studio.window.show()
    devices: list[object] = []
    studio.session.explore.devices_found.connect(devices.append)
    until(lambda: devices)  # torch is there
    first, whole = opened(studio, folder, reports)
    _, again = opened(studio, folder, reports)
    rate = scrubbed(studio)
    studio.window.close()
    megabytes = (folder / "stats.jsonl").stat().st_size / 1e6
    print(f"A run of {reports:,} reports ({megabytes:.0f} MB) in the window. {machine()}")
    row("first opening: curves on screen, thinned out", f"{first:.2f} s", "<= 1 s")
    row("first opening: curves of every report", f"{whole:.1f} s")
    row("later opening: curves of every report", f"{again:.2f} s", "<= 1 s")
    row("dragging: samples on screen", f"{rate:.0f} a second", ">= 30")


def opened(studio: Application, folder: Path, reports: int) -> tuple[float, float]:
    """Returns seconds until the first curves are painted, and until those of every report are."""
    studio.window.train.set_history(History(), ())
    start = perf_counter()
    studio.open(str(folder))
    until(lambda: len(studio.window.train.history) and painted(studio))
    first = perf_counter() - start
    until(lambda: len(studio.window.train.history) == reports and painted(studio))
    whole = perf_counter() - start
    until(lambda: studio.session.data.dataset is not None)
    wait(2.0)
    return first, whole


def painted(studio: Application) -> bool:
    studio.window.train.plots.cards[0].repaint()
    return True


def scrubbed(studio: Application) -> float:
    """Returns the sample grids shown per second while the timeline is dragged."""
    bar = studio.window.train.time_line.findChild(TimeBar)
    assert isinstance(bar, TimeBar)
    shown: list[int] = []
    studio.session.samples.read.connect(lambda samples, _: shown.append(samples.step))
    moves = iter(np.linspace(0.02, 0.98, round(60 * DRAG_SECONDS)))
    timer = QTimer(interval=16, timerType=Qt.TimerType.PreciseTimer)

    def move() -> None:
        place = bar.rect().center()
        place.setX(round(next(moves, 0.98) * bar.width()))
        QTest.mouseMove(bar, place)

    timer.timeout.connect(move)
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=bar.rect().center())
    shown.clear()
    timer.start()
    wait(DRAG_SECONDS)
    timer.stop()
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton)
    return len(shown) / DRAG_SECONDS


def wait(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def until(true: Callable[[], object]) -> None:
    """Polls every few milliseconds until a condition is true."""
    loop = QEventLoop()
    timer = QTimer(interval=5)
    timer.timeout.connect(lambda: loop.quit() if true() else None)
    timer.start()
    loop.exec()


if __name__ == "__main__":
    main()
