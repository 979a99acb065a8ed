"""The whole path through the real window: drop, train, watch, explore, save, open, export, stop and go on."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import copytree
from typing import TypeVar

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QSlider,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.errors import UserError
from core.events import Saved
from core.jobs.interruption import Interruption
from core.latent.request import LatentRequest, Point
from core.runs.report_table import copy_of
from core.runs.run import Run
from core.trainer import Trainer
from studio.application import Application
from studio.dialogs.export_images import ExportImagesDialog
from studio.dialogs.nearest_images import NearestImagesDialog
from studio.dialogs.open_checkpoint import OpenCheckpointDialog
from studio.main_window import DATA, EXPLORE, TRAIN
from studio.model.train import TrainingState
from studio.termination import Termination
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.image_viewer import ImageViewer
from tests.core.tiny import TINY

D = TypeVar("D", bound=QDialog)

PATIENCE = 30_000
"""Milliseconds; the first step waits for torch to be imported."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of tiny pictures and one file that is none, below a name with spaces and another script."""
    folder = tmp_path / "my pictures 絵"
    random = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True)
        for index in range(12):
            pixels = random.integers(0, 255, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{index}.png")
    (folder / "cats" / "note.png").write_text("not a picture")
    return folder


def test_from_a_dropped_folder_to_exported_images(
    qtbot: QtBot, studio: Application, pictures: Path, tmp_path: Path
) -> None:
    session = studio.session
    drop(studio, pictures)
    qtbot.waitUntil(lambda: session.data.dataset is not None, timeout=PATIENCE)
    assert session.data.dataset is not None
    assert len(session.data.dataset.images) == 24
    assert session.data.dataset.classes == ("cats", "dogs")
    assert [skipped.name for skipped in session.data.dataset.skipped] == [str(Path("cats") / "note.png")]

    click(button(studio.window.data, "Choose settings"))
    assert studio.window.pages.currentIndex() == TRAIN
    choose(studio, "network", "mlp")
    choose(studio, "preset", "gan")
    assert studio.window.train.form.settings().resolution == 16
    click(button(studio.window.footer, "Start"))
    qtbot.waitUntil(lambda: len(studio.window.train.history) >= 2, timeout=PATIENCE)
    assert len(studio.window.train.samples.images()) == studio.window.train.form.settings().samples
    assert "Loss/G/loss" in studio.window.train.history.keys()  # noqa: SIM118 (not a dictionary)

    pause_and_resume(qtbot, studio)
    explore_while_it_trains(qtbot, studio)
    assert session.training.run_folder is not None
    saved = save_as(
        qtbot, studio, session.training.run_folder / "kept"
    )  # beside the run's own, where the dialog begins
    assert session.resume != saved

    click(button(studio.window.footer, "Stop"))
    qtbot.waitUntil(lambda: session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    stopped_at = session.resume
    assert stopped_at is not None
    assert stopped_at.is_file()
    assert session.training.run_folder is not None
    assert (session.training.run_folder / "stats.jsonl").is_file()

    click(button(studio.window.footer, "Continue"))
    qtbot.waitUntil(lambda: session.training.state is TrainingState.RUNNING, timeout=PATIENCE)
    click(button(studio.window.footer, "Stop"))
    qtbot.waitUntil(lambda: session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    assert session.resume is not None
    assert session.resume.parent == stopped_at.parent
    assert int(session.resume.stem) > int(stopped_at.stem)

    open_from_dialog(qtbot, studio)
    export_seeds(qtbot, studio, tmp_path / "out")
    drop(studio, saved)
    qtbot.waitUntil(lambda: session.resume == saved, timeout=PATIENCE)
    assert studio.window.pages.currentIndex() == EXPLORE
    pin_what_is_seen(qtbot, studio, saved.parent)
    restore_from_an_image(qtbot, studio, tmp_path / "out" / "seed0009.png")
    what_is_dragged_away_is_a_file(qtbot, studio, tmp_path / "dragged" / "away.png")


def test_a_run_folder_that_is_dropped_opens_with_its_curves(
    qtbot: QtBot, studio: Application, pictures: Path, tmp_path: Path
) -> None:
    train_briefly(qtbot, studio, pictures)
    folder, reports = studio.session.training.run_folder, len(studio.window.train.history)
    assert folder is not None

    studio.window.train.clear()
    drop(studio, folder)
    qtbot.waitUntil(lambda: len(studio.window.train.history) == reports, timeout=PATIENCE)
    assert studio.window.pages.currentIndex() == TRAIN
    assert len(studio.window.train.samples.images()) == studio.window.train.form.settings().samples


def test_a_long_run_is_seen_at_once_and_goes_on_when_all_of_it_is(
    qtbot: QtBot, studio: Application, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_briefly(qtbot, studio, pictures)
    session, reports = studio.session, len(studio.window.train.history)
    folder = session.training.run_folder
    assert folder is not None
    monkeypatch.setattr("core.runs.report_table.SMALL", 0)
    monkeypatch.setattr("core.runs.report_table.PIECES", 1)
    sizes: list[int] = []
    session.run_opened.connect(lambda run: sizes.append(len(run.history)))
    for _ in range(2):  # without a copy of the reports, and with it
        studio.window.train.clear()
        with qtbot.waitSignal(session.runs.ended, timeout=PATIENCE):
            drop(studio, folder)
        assert len(studio.window.train.history) == reports
        assert sizes[-1] <= reports
    copy_of(folder / "stats.jsonl").unlink()
    with qtbot.waitSignal(session.run_opened, timeout=PATIENCE):
        drop(studio, folder)
    studio.controllers.train.start()
    qtbot.waitUntil(lambda: len(studio.window.train.history) > reports, timeout=PATIENCE)
    assert session.training.state is TrainingState.RUNNING


def test_a_start_waits_for_the_run_that_is_read_and_for_no_other(
    qtbot: QtBot, studio: Application, pictures: Path
) -> None:
    train_briefly(qtbot, studio, pictures)
    session, folder = studio.session, studio.session.training.run_folder
    assert folder is not None
    other = Path(copytree(folder, folder.with_name("other")))
    lengthen(folder / "stats.jsonl")
    states: list[TrainingState] = []
    session.training.state_changed.connect(states.append)

    def open_and_start() -> None:
        with qtbot.waitSignal(session.run_opened, timeout=PATIENCE):
            drop(studio, folder)
        studio.controllers.train.start()
        studio.controllers.train.start()  # by a person who saw nothing happen

    open_and_start()
    assert "as soon as the run has been read" in banner_text(studio)
    drop(studio, other)  # what was being read ends first
    qtbot.waitUntil(lambda: session.training.run_folder == other, timeout=PATIENCE)
    qtbot.waitUntil(lambda: "did not start" in banner_text(studio), timeout=PATIENCE)
    assert states == []
    open_and_start()
    qtbot.waitUntil(lambda: session.training.state is TrainingState.RUNNING, timeout=PATIENCE)
    assert session.training.run_folder == folder
    assert states == [TrainingState.STARTING, TrainingState.RUNNING]


def banner_text(studio: Application) -> str:
    """All that is said there."""
    return " ".join(label.text() for label in studio.window.banner.findChildren(QLabel))


def lengthen(reports: Path) -> None:
    """So many more reports that reading them takes a while."""
    lines = reports.read_text("utf-8").splitlines(keepends=True)
    reports.write_text(lines[0] * (2**23 // len(lines[0])) + "".join(lines), "utf-8")


def test_other_images_begin_a_new_training_unless_the_person_says_otherwise(
    qtbot: QtBot, studio: Application, pictures: Path
) -> None:
    train_briefly(qtbot, studio, pictures)
    session, checkpoint = studio.session, studio.session.resume
    assert checkpoint is not None
    drop(studio, pictures / "cats")
    qtbot.waitUntil(lambda: session.resume is None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: "This run used other images" in banner_text(studio), timeout=PATIENCE)
    click(button(studio.window.banner, "Use these images"))
    assert session.resume == checkpoint
    drop(studio, checkpoint)  # its own images are opened with it
    qtbot.waitUntil(
        lambda: session.data.dataset is not None and session.data.dataset.source == str(pictures), timeout=PATIENCE
    )
    assert session.resume == checkpoint


def test_a_sample_is_compared_from_the_viewer(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    train_briefly(qtbot, studio, pictures)

    def compare(viewer: ImageViewer) -> None:
        near = next(each for each in viewer.findChildren(QToolButton) if "Nearest" in each.accessibleName())
        click(near)
        qtbot.waitUntil(lambda: bool(viewer.findChildren(NearestImagesDialog)), timeout=PATIENCE)
        qtbot.waitUntil(near.isEnabled, timeout=PATIENCE)
        (dialog,) = viewer.findChildren(NearestImagesDialog)
        own = dialog.findChildren(ImageGrid)[0]
        assert np.array_equal(own.images()[0], studio.window.train.samples.images()[2])
        dialog.close()
        viewer.close()

    answer(ImageViewer, compare)
    studio.window.train.samples.activated.emit(2)


def test_a_training_that_has_ended_is_explored_by_its_newest_checkpoint(
    qtbot: QtBot, studio: Application, pictures: Path
) -> None:
    train_briefly(qtbot, studio, pictures)
    session, form = studio.session, studio.window.train.form
    newest = session.resume
    assert newest is not None
    form.set_settings(form.settings().changed(width=16))  # chosen for the next training, which may be another
    chosen = form.settings()
    studio.window.show_workspace(EXPLORE)
    qtbot.waitUntil(lambda: len(studio.window.explore.image()) == 1, timeout=PATIENCE)
    assert explored(studio) == f"my pictures 絵 · step {int(newest.stem):,} · averaged weights"
    assert form.settings() == chosen
    assert session.resume == newest


def test_what_is_followed_becomes_its_newest_checkpoint_when_it_ends(
    qtbot: QtBot, studio: Application, pictures: Path
) -> None:
    begin(qtbot, studio, pictures)
    studio.window.show_workspace(EXPLORE)
    qtbot.waitUntil(lambda: explored(studio) != "", timeout=PATIENCE)
    click(button(studio.window.footer, "Stop"))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    newest = studio.session.resume
    assert newest is not None
    ended = f" · step {int(newest.stem):,} · "
    qtbot.waitUntil(lambda: ended in explored(studio), timeout=PATIENCE)


def test_a_checkpoint_that_is_opened_stays_while_a_training_goes_on(
    qtbot: QtBot, studio: Application, pictures: Path, tmp_path: Path
) -> None:
    begin(qtbot, studio, pictures)
    studio.window.show_workspace(EXPLORE)
    qtbot.waitUntil(lambda: explored(studio) != "", timeout=PATIENCE)
    saved = save_as(qtbot, studio, tmp_path / "kept")
    studio.open(str(saved))
    qtbot.waitUntil(lambda: explored(studio).startswith("kept · "), timeout=PATIENCE)
    for _ in range(2):
        with qtbot.waitSignal(studio.session.training.sampled, timeout=PATIENCE):
            pass
        qtbot.wait(100)
        assert explored(studio).startswith("kept · ")


def test_a_workspace_that_is_asked_for_before_the_first_paint_still_explores(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STUDIO_RUNS", str(tmp_path / "runs"))
    studio = Application()
    qtbot.addWidget(studio.window)
    studio.window.show_workspace(TRAIN)  # builds what otherwise follows the first paint
    with qtbot.waitSignal(studio.session.explore.devices_found, timeout=PATIENCE):
        studio.window.show()


def test_closing_asks_saves_and_waits(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    begin(qtbot, studio, pictures)

    answer(QMessageBox, lambda box: click(button(box, "Cancel")))
    studio.window.close()
    assert studio.window.isVisible()
    assert studio.session.training.state is TrainingState.RUNNING

    answer(QMessageBox, lambda box: click(button(box, "Save and close")))
    studio.window.close()
    qtbot.waitUntil(lambda: not studio.window.isVisible(), timeout=PATIENCE)
    folder = studio.session.training.run_folder
    assert folder is not None
    assert int(max((folder / "checkpoints").iterdir()).stem) > 0


def test_closing_while_it_saves_asks_nothing(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    begin(qtbot, studio, pictures)
    studio.session.training.stop()
    studio.window.close()
    qtbot.waitUntil(lambda: not studio.window.isVisible(), timeout=PATIENCE)


def test_a_training_that_ends_while_the_window_asks(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    begin(qtbot, studio, pictures)

    def choose(box: QMessageBox) -> None:
        studio.session.training.stop()
        qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)
        click(button(box, "Save and close"))

    answer(QMessageBox, choose)
    studio.window.close()
    assert not studio.window.isVisible()


@pytest.mark.parametrize("by", ["signal", "desktop"])
@pytest.mark.parametrize("is_disk_full", [False, True])
def test_the_training_is_saved_and_the_window_closes_when_the_system_ends_the_program(
    by: str,
    is_disk_full: bool,
    qtbot: QtBot,
    studio: Application,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin(qtbot, studio, pictures)
    save, refusals = Run.save, [UserError("The disk is full.", "Free some space.")] * 2 * is_disk_full

    def refuse(run: Run, trainer: Trainer) -> Saved:
        if refusals:
            raise refusals.pop()
        return save(run, trainer)

    monkeypatch.setattr(Run, "save", refuse)
    with (
        Interruption() as interruption,
        closing(Termination(interruption, studio.end, lambda: studio.is_ending)) as termination,
    ):
        if by == "signal":
            os.kill(os.getpid(), signal.SIGTERM)
            qtbot.waitUntil(lambda: not studio.window.isVisible(), timeout=PATIENCE)
            assert interruption.exit_code == 143
        else:  # which ends the program as soon as this returns
            termination.commit()
            assert not studio.window.isVisible()
    folder = studio.session.training.run_folder
    assert folder is not None
    assert int(max((folder / "checkpoints").iterdir()).stem) > 0


def test_a_folder_without_images_is_a_sentence_with_a_remedy(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    drop(studio, tmp_path / "empty")
    qtbot.waitUntil(studio.window.banner.isVisible, timeout=PATIENCE)
    assert studio.window.banner.kind() == "error"
    assert "no images" in studio.window.banner.text()
    assert studio.window.pages.currentIndex() == DATA


@pytest.mark.parametrize("ends_by_itself", [False, True])
def test_a_disk_that_refuses_the_last_checkpoint_keeps_the_training(
    qtbot: QtBot, studio: Application, pictures: Path, ends_by_itself: bool
) -> None:
    drop(studio, pictures)
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    choose(studio, "preset", "gan")
    if ends_by_itself:
        studio.window.train.form.set_settings(studio.window.train.form.settings().changed(steps=400, **SMALL))
    studio.controllers.train.start()
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.RUNNING, timeout=PATIENCE)
    folder = studio.session.training.run_folder
    assert folder is not None
    checkpoints, elsewhere = folder / "checkpoints", folder / "elsewhere"
    checkpoints.rename(elsewhere)
    checkpoints.write_text("a file where the folder was: nothing can be written below it")

    if not ends_by_itself:
        click(button(studio.window.footer, "Stop"))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.PAUSED, timeout=PATIENCE)
    assert studio.window.banner.kind() == "error"

    checkpoints.unlink()
    elsewhere.rename(checkpoints)
    click(button(studio.window.footer, "Resume" if ends_by_itself else "Stop"))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    assert int(max(checkpoints.iterdir()).stem) > 0


def test_a_run_that_is_dropped_beside_a_training_is_refused_and_disturbs_nothing(
    qtbot: QtBot, studio: Application, pictures: Path, trained: Path
) -> None:
    begin(qtbot, studio, pictures)
    own = studio.session.training.run_folder
    drop(studio, trained)
    qtbot.waitUntil(lambda: "A training is running" in studio.window.banner.text(), timeout=PATIENCE)
    qtbot.wait(300)  # what the thread had read of it already is not delivered
    assert studio.session.training.run_folder == own
    assert studio.session.training.state is TrainingState.RUNNING


@pytest.mark.parametrize("is_checkpoint", [False, True])
@pytest.mark.parametrize("is_other_data_open", [False, True])
def test_images_that_a_file_names_are_opened_only_when_the_person_agrees(
    qtbot: QtBot, studio: Application, pictures: Path, trained: Path, is_checkpoint: bool, is_other_data_open: bool
) -> None:
    session, banner = studio.session, studio.window.banner
    newest = trained / "checkpoints" / "000000006.safetensors"
    if is_other_data_open:
        drop(studio, pictures)
        qtbot.waitUntil(lambda: session.data.dataset is not None, timeout=PATIENCE)
    drop(studio, newest if is_checkpoint else trained)
    qtbot.waitUntil(lambda: "not opened before" in banner.text(), timeout=PATIENCE)
    assert "'{}'".format(trained.parent / "noise") in banner.text()
    # The images that are open are not what it was trained on, and nothing else is read.
    assert session.resume == (None if is_other_data_open else newest)
    assert source_of(studio) == (str(pictures) if is_other_data_open else "")
    click(button(banner, "Open these images"))
    qtbot.waitUntil(lambda: source_of(studio) == str(trained.parent / "noise"), timeout=PATIENCE)
    assert session.resume == newest

    drop(studio, pictures)
    qtbot.waitUntil(lambda: source_of(studio) == str(pictures), timeout=PATIENCE)
    drop(studio, trained)  # which is known by now
    qtbot.waitUntil(lambda: source_of(studio) == str(trained.parent / "noise"), timeout=PATIENCE)
    assert session.resume == newest


def source_of(studio: Application) -> str:
    dataset = studio.session.data.dataset
    return dataset.source if dataset is not None else ""


SMALL = {**TINY, "evaluation": 0}
"""Settings of trainings that are about something else: no trial of number formats, and small networks."""


def begin(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    drop(studio, pictures)
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    choose(studio, "preset", "gan")
    form = studio.window.train.form
    form.set_settings(form.settings().changed(**{**SMALL, "resolution": form.settings().resolution}))
    studio.controllers.train.start()
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.RUNNING, timeout=PATIENCE)


def train_briefly(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    begin(qtbot, studio, pictures)
    qtbot.waitUntil(lambda: len(studio.window.train.history) >= 1, timeout=PATIENCE)
    studio.session.training.stop()
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)


def pause_and_resume(qtbot: QtBot, studio: Application) -> None:
    click(button(studio.window.footer, "Pause"))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.PAUSED, timeout=PATIENCE)
    click(button(studio.window.footer, "Resume"))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.RUNNING, timeout=PATIENCE)


def explore_while_it_trains(qtbot: QtBot, studio: Application) -> None:
    studio.window.show_workspace(EXPLORE)
    qtbot.waitUntil(lambda: len(studio.window.explore.image()) == 1, timeout=PATIENCE)
    before = studio.window.explore.image()
    slider = next(slider for slider in studio.window.explore.findChildren(QSlider) if slider.isVisible())
    slider.setValue(slider.maximum())
    qtbot.waitUntil(lambda: not np.array_equal(studio.window.explore.image(), before), timeout=PATIENCE)
    studio.window.show_workspace(TRAIN)


def explored(studio: Application) -> str:
    """Returns the line in which Explore names its checkpoint."""
    texts = (label.text() for label in studio.window.explore.findChildren(QLabel))
    return next((text for text in texts if " · step " in text), "")


def save_as(qtbot: QtBot, studio: Application, path: Path) -> Path:
    def choose_file(dialog: QFileDialog) -> None:
        name = dialog.findChild(QLineEdit)
        assert isinstance(name, QLineEdit)
        assert re.fullmatch(r"my pictures 絵, step \d+(\.safetensors)?", name.text())
        name.setText(str(path))
        click(button(dialog, "&Save"))

    answer(QFileDialog, choose_file)
    studio.controllers.menus.dialogs["save_checkpoint"].trigger()
    target = path.with_suffix(".safetensors")
    qtbot.waitUntil(target.is_file, timeout=PATIENCE)
    qtbot.waitUntil(lambda: studio.window.banner.kind() == "good", timeout=PATIENCE)
    return target


def open_from_dialog(qtbot: QtBot, studio: Application) -> None:
    newest = studio.session.resume

    def open_first(dialog: OpenCheckpointDialog) -> None:
        qtbot.waitUntil(button(dialog, "Open").isEnabled, timeout=PATIENCE)
        click(button(dialog, "Open"))

    answer(OpenCheckpointDialog, open_first)
    studio.controllers.dialogs.show("open_checkpoint")
    qtbot.waitUntil(lambda: studio.window.pages.currentIndex() == EXPLORE, timeout=PATIENCE)
    explore = studio.session.explore
    qtbot.waitUntil(lambda: explore.source is not None and explore.source.path == newest, timeout=PATIENCE)
    assert studio.session.resume == newest


def export_seeds(qtbot: QtBot, studio: Application, folder: Path) -> None:
    def fill_in(dialog: ExportImagesDialog) -> None:
        click(button(dialog, "Listed seeds"))
        lines = {line.accessibleName(): line for line in dialog.findChildren(QLineEdit)}
        lines["Seeds"].setText("0-3,9")
        lines["Folder"].setText(str(folder))
        click(button(dialog, "Export"))

    answer(ExportImagesDialog, fill_in)
    studio.controllers.menus.dialogs["export_images"].trigger()
    names = [f"seed{seed:04d}.png" for seed in (0, 1, 2, 3, 9)]
    qtbot.waitUntil(lambda: folder.is_dir() and sorted(p.name for p in folder.iterdir()) == names, timeout=PATIENCE)
    with Image.open(folder / names[0]) as image:
        assert image.size == (16, 16)


def pin_what_is_seen(qtbot: QtBot, studio: Application, run: Path) -> None:
    """A place between two seeds becomes a point of its own, whose picture comes to the shelf."""
    slider = next(slider for slider in studio.window.explore.findChildren(QSlider) if slider.accessibleName() == "Time")
    slider.setValue(slider.maximum() // 2)

    with qtbot.waitSignal(studio.session.explore.pinned, timeout=PATIENCE):
        click(button(studio.window.explore, "Pin"))
    assert studio.window.explore.state.saved.pins[0].point.z
    qtbot.waitUntil((run / "explore.json").is_file, timeout=PATIENCE)


def restore_from_an_image(qtbot: QtBot, studio: Application, image: Path) -> None:
    """Another checkpoint is open; the one that made the image is found among the runs."""
    studio.window.show_workspace(TRAIN)
    drop(studio, image)
    qtbot.waitUntil(lambda: studio.window.explore.state.a == Point(9), timeout=PATIENCE)
    assert studio.window.pages.currentIndex() == EXPLORE
    with Image.open(image) as picture:
        made = np.asarray(picture).astype(int)
    qtbot.waitUntil(
        lambda: len(studio.window.explore.image()) == 1 and abs(studio.window.explore.image()[0] - made).max() <= 1,
        timeout=PATIENCE,
    )


def what_is_dragged_away_is_a_file(qtbot: QtBot, studio: Application, file: Path) -> None:
    studio.window.explore.file_requested.emit(LatentRequest.of(Point(5)), file)
    qtbot.waitUntil(file.is_file, timeout=PATIENCE)
    drop(studio, file)  # as it would come back from another program
    qtbot.waitUntil(lambda: studio.window.explore.state.a == Point(5), timeout=PATIENCE)


def drop(studio: Application, path: Path) -> None:
    """The events that a file manager causes."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    where, action, mouse = QPoint(200, 200), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(where, action, data, mouse, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(studio.window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(
        studio.window, QDropEvent(QPointF(where), action, data, mouse, Qt.KeyboardModifier.NoModifier)
    )


def button(parent: QWidget, text: str) -> QAbstractButton:
    return next(found for found in parent.findChildren(QAbstractButton) if found.text().startswith(text))


def click(target: QWidget) -> None:
    assert target.isEnabled()
    QTest.mouseClick(target, Qt.MouseButton.LeftButton)


def choose(studio: Application, setting: str, value: object) -> None:
    box = studio.window.train.form.widget(setting)
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(value))


def answer(kind: type[D], act: Callable[[D], None]) -> None:
    """Does `act` to the dialog of that kind as soon as it is open; the call that opens it returns after that."""

    def poll() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, kind):
            try:
                act(dialog)
            except BaseException:
                dialog.reject()  # or the test would wait for it
                raise
        else:
            QTimer.singleShot(50, poll)

    QTimer.singleShot(50, poll)


def test_images_are_exported_though_nobody_has_explored(
    qtbot: QtBot, studio: Application, pictures: Path, tmp_path: Path
) -> None:
    export = studio.controllers.menus.dialogs["export_images"]
    assert not export.isEnabled()
    assert "Start a training first" in export.toolTip()
    begin(qtbot, studio, pictures)
    assert studio.session.explore.source is None
    assert export.isEnabled()
    export_seeds(qtbot, studio, tmp_path / "first")
    first = studio.session.explore.source
    assert first is not None
    with qtbot.waitSignal(studio.session.training.sampled, timeout=PATIENCE):
        pass
    export_seeds(qtbot, studio, tmp_path / "second")
    second = studio.session.explore.source
    assert second.step > first.step
    studio.session.training.stop()  # which leaves what was asked of it unanswered
    export_seeds(qtbot, studio, tmp_path / "third")
    assert studio.session.training.state is TrainingState.IDLE
    assert studio.session.explore.source.step > second.step
    assert studio.window.cursor().shape() is Qt.CursorShape.ArrowCursor


def test_settings_change_while_it_trains_and_are_noted(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    begin(qtbot, studio, pictures)
    form = studio.window.train.form
    assert form.widget("lr_d").isEnabled()
    assert not form.widget("width").isEnabled()

    form.set_settings(form.settings().changed(resolution=32))  # as another dataset that is opened meanwhile does
    box = form.widget("lr_d")
    assert isinstance(box, QDoubleSpinBox)
    with qtbot.waitSignal(studio.session.training.edited, timeout=PATIENCE) as edited:
        box.setValue(0.001)
    assert edited.args[0].changes == {"lr_d": 0.001}
    click(button(studio.window.footer, "Stop"))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=PATIENCE)
    folder = studio.session.training.run_folder
    assert folder is not None
    assert '"lr_d": 0.001' in (folder / "edits.jsonl").read_text("utf-8")


def test_what_cannot_be_is_grayed_out_with_its_reason(studio: Application) -> None:
    studio.window.complete()
    choose(studio, "preset", "dcgan")
    form = studio.window.train.form
    assert not form.widget("weight_clip").isEnabled()
    assert "Wasserstein" in form.widget("weight_clip").toolTip()
    choose(studio, "loss", "wasserstein")
    assert form.widget("weight_clip").isEnabled()
    assert not form.widget("smooth_real").isEnabled()
    assert not form.widget("r1").isEnabled()
    assert "batch normalization" in form.widget("r1").toolTip()
    choose(studio, "d_norm", "none")
    assert form.widget("r1").isEnabled()


def test_the_data_are_seen_as_the_discriminator_sees_them(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    drop(studio, pictures)
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    studio.window.complete()
    choose(studio, "augment", "diffaug")
    grid = studio.window.data.view._sheet
    seen = button(studio.window.data, "Preview augmentation")
    click(seen)
    qtbot.waitUntil(lambda: len(grid.images()) == 24, timeout=PATIENCE)
    assert grid.isVisible()
    before = grid.images()
    click(button(studio.window.data, "Shuffle"))
    qtbot.waitUntil(lambda: not np.array_equal(grid.images(), before), timeout=PATIENCE)
    click(seen)
    assert studio.window.data.view.is_browsing()
