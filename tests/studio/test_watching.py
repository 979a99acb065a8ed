"""Two windows on one run: one trains, the other one watches or trains a copy."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from shutil import copytree

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel
from pytestqt.qtbot import QtBot

from core.durable_write import PARTIAL
from core.events import Edited
from core.runs import run_watch
from core.runs.retention import STEP
from core.runs.run import Run
from core.runs.run_lock import NAME, Owner
from core.runs.run_name import read_name
from studio.application import Application
from studio.main_window import TRAIN
from studio.model.train import TrainingState
from tests.core.nursery import Nursery
from tests.core.tiny import save_pictures
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import banner_text, button, click, drop, train_briefly


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_watch, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(run_watch, "LONGEST_POLL", 0.1)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return save_pictures(tmp_path / "flowers")


@pytest.fixture
def run(qtbot: QtBot, studio: Application, pictures: Path) -> Path:
    """A run that the window has trained, and that is open in it."""
    train_briefly(qtbot, studio, pictures)
    folder = studio.session.training.run_folder
    assert folder is not None
    return folder


@contextmanager
def trained_elsewhere(qtbot: QtBot, nursery: Nursery, pictures: Path, run: Path) -> Iterator[int]:
    """A process that goes on with the run for as long as it is let."""
    reports = (run / "stats.jsonl").stat().st_size
    command = ["train", str(pictures), "--resume", str(run), "--steps", "1000000"]
    process = nursery.start(command, run.parent.parent / "output.txt")
    try:
        qtbot.waitUntil((run / NAME).exists, timeout=PATIENCE)
        qtbot.waitUntil(lambda: (run / "stats.jsonl").stat().st_size > reports, timeout=PATIENCE)
        yield process
    finally:
        os.kill(process, signal.SIGKILL)  # not reaped yet, so that the number is still its own
        nursery.wait(process)


def test_two_windows_on_one_run(qtbot: QtBot, studio: Application, run: Path, pictures: Path, nursery: Nursery) -> None:
    session, train, footer = studio.session, studio.window.train, studio.window.footer
    with trained_elsewhere(qtbot, nursery, pictures, run) as process:
        click(button(footer, "Continue"))
        qtbot.waitUntil(lambda: "Training in another process" in banner_text(studio), timeout=PATIENCE)
        assert banner_text(studio).replace("\n", " ").endswith("). Watch it, or train a copy.")
        qtbot.waitUntil(lambda: session.training.state is TrainingState.IDLE, timeout=PATIENCE)
        button(studio.window.banner, "Train a copy")

        studio.controllers.menus.measure.trigger()
        qtbot.waitUntil(lambda: "Training in another process" in banner_text(studio), timeout=PATIENCE)
        click(button(studio.window.banner, "Watch"))
        qtbot.waitUntil(lambda: session.watcher.owner is not None, timeout=PATIENCE)
        before = others(run)
        reports, shown = len(train.history), step_on_screen(studio)
        qtbot.waitUntil(lambda: len(train.history) > reports + 2, timeout=PATIENCE)
        qtbot.waitUntil(lambda: step_on_screen(studio) > shown, timeout=PATIENCE)
        assert others(run) == before

        assert "Watching" in texts(studio)
        assert button(footer, "Train a copy").isEnabled()
        save = studio.controllers.menus.dialogs["save_checkpoint"]
        assert not save.isEnabled()
        assert "Training in another process (on " in save.toolTip()
        os.kill(process, signal.SIGTERM)
        qtbot.waitUntil(lambda: "has ended" in banner_text(studio), timeout=PATIENCE)
    assert session.resume == Run(run).newest()
    assert [report.step for report in Run(run).reports()] == train.history.rows().steps.tolist()
    assert studio.controllers.menus.measure.isEnabled()
    assert train.form.widget("lr_g").isEnabled()
    click(button(footer, "Continue"))
    qtbot.waitUntil(lambda: session.training.state is TrainingState.RUNNING, timeout=PATIENCE)
    assert session.training.run_folder == run
    click(button(footer, "Stop"))
    qtbot.waitUntil(lambda: session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    steps = [report.step for report in Run(run).reports() if report.of_steps]
    assert all(one < other for one, other in pairwise(steps))


def test_a_run_that_is_trained_elsewhere_is_watched_and_copied(
    qtbot: QtBot, studio: Application, run: Path, pictures: Path, nursery: Nursery
) -> None:
    session, train, footer = studio.session, studio.window.train, studio.window.footer
    with trained_elsewhere(qtbot, nursery, pictures, run):
        drop(studio, run)
        qtbot.waitUntil(lambda: session.watcher.owner is not None, timeout=PATIENCE)
        assert "You are watching it" in banner_text(studio)
        assert studio.window.pages.currentIndex() == TRAIN
        reports = len(train.history)
        qtbot.waitUntil(lambda: len(train.history) > reports, timeout=PATIENCE)
        click(button(footer, "Train a copy"))
        qtbot.waitUntil(lambda: session.training.state is TrainingState.RUNNING, timeout=PATIENCE)
        copy = session.training.run_folder
        assert copy is not None
        assert copy != run
        assert session.watcher.owner is None
        assert read_name(copy) == "flowers (copy)"
        qtbot.waitUntil(lambda: train.strip.name.text() == "flowers (copy)", timeout=PATIENCE)
        begun = Run(copy).checkpoints()[0]
        assert train.history.span() is not None
        assert [step for step in train.history.rows().steps.tolist() if step <= int(begun.stem)] == [
            report.step for report in Run(copy).reports() if report.step <= int(begun.stem)
        ]
        click(button(footer, "Stop"))
        qtbot.waitUntil(lambda: session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    assert session.resume is not None
    assert session.resume.is_relative_to(copy)


def test_who_stops_watching_leaves_the_training_alone(
    qtbot: QtBot, studio: Application, run: Path, pictures: Path, nursery: Nursery
) -> None:
    session, footer = studio.session, studio.window.footer
    with trained_elsewhere(qtbot, nursery, pictures, run) as process:
        session.watch(run)
        with qtbot.waitSignal(session.workers.reported, timeout=PATIENCE):  # what there was has been read
            qtbot.waitUntil(lambda: session.watcher.owner is not None, timeout=PATIENCE)
        studio.controllers.menus.leave.trigger()
        assert session.watcher.owner is None
        assert not [each for each in footer.findChildren(QAbstractButton) if each.text() == "Stop watching"]
        reports = len(studio.window.train.history)
        size = (run / "stats.jsonl").stat().st_size
        qtbot.waitUntil(lambda: (run / "stats.jsonl").stat().st_size > size, timeout=PATIENCE)
        qtbot.wait(200)
        assert len(studio.window.train.history) == reports

        session.watch(run)
        qtbot.waitUntil(lambda: session.watcher.owner is not None, timeout=PATIENCE)
        os.kill(process, signal.SIGKILL)  # a crash, and the lock stays behind
        qtbot.waitUntil(lambda: "has ended" in banner_text(studio), timeout=PATIENCE)
        assert (run / NAME).exists()
    click(button(footer, "Continue"))
    qtbot.waitUntil(lambda: session.training.state is TrainingState.RUNNING, timeout=PATIENCE)
    assert session.training.run_folder == run


def test_a_run_whose_training_went_back_is_read_anew(
    qtbot: QtBot, studio: Application, trained: Path, tmp_path: Path
) -> None:
    run = Run(Path(copytree(trained, tmp_path / "run")))
    lock = run.folder / NAME
    lock.write_text(json.dumps(asdict(replace(Owner.here(), host="elsewhere", machine="another"))), "utf-8")
    session, train = studio.session, studio.window.train
    drop(studio, run.folder)
    qtbot.waitUntil(lambda: session.watcher.owner is not None, timeout=PATIENCE)
    assert "which you have not opened before" in banner_text(studio)  # nor is it, unless the person says so
    assert "Watching" in texts(studio)
    start = button(studio.window.footer, "Train a copy")
    assert not start.isEnabled()
    assert "Open images first" in start.toolTip()
    qtbot.waitUntil(lambda: not session.reading, timeout=PATIENCE)
    run.note(Edited(6, {"lr_g": 0.0123}))
    qtbot.waitUntil(lambda: train.form.settings().lr_g == 0.0123, timeout=PATIENCE)
    assert session.training.settings.lr_g == 0.0123

    lines = (run.folder / "stats.jsonl").read_text("utf-8").splitlines(keepends=True)
    changed = json.dumps({**json.loads(lines[-1]), "Loss/G/loss": 0.25})
    (run.folder / "stats.jsonl").write_text("".join([*lines[:-1], changed, "\n"]), "utf-8")
    qtbot.waitUntil(lambda: train.history.value_at("Loss/G/loss", 10**6) == 0.25, timeout=PATIENCE)
    assert len(train.history) == len(lines)
    assert session.watcher.owner is not None
    lock.unlink()
    qtbot.waitUntil(lambda: "has ended" in banner_text(studio), timeout=PATIENCE)


def step_on_screen(studio: Application) -> int:
    """The step of the newest samples."""
    newest = studio.window.train.stage._newest
    return newest.step if newest is not None else -1


def texts(studio: Application) -> list[str]:
    """All that the footer says."""
    return [label.text() for label in studio.window.footer.findChildren(QLabel)]


def others(run: Path) -> set[str]:
    """The files that no training adds to a run."""
    names = {path.name for path in run.rglob("*")}
    return {name for name in names if not STEP.fullmatch(name.partition(".")[0]) and not PARTIAL.fullmatch(name)}
