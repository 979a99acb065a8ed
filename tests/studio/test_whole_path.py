"""The whole path through the real window: drop, train, watch, explore, save, open, export, stop and go on."""

from __future__ import annotations

from collections.abc import Callable
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

from core.latent.request import LatentRequest, Point
from studio.dialogs.export_images import ExportImagesDialog
from studio.dialogs.neighbours import NeighboursDialog
from studio.dialogs.open_checkpoint import OpenCheckpointDialog
from studio.main_window import DATA, EXPLORE, TRAIN, MainWindow
from studio.model.train import TrainingState
from studio.services.session import Session
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.image_viewer import ImageViewer

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
    qtbot: QtBot, window: MainWindow, pictures: Path, tmp_path: Path
) -> None:
    session = window.session
    drop(window, pictures)
    qtbot.waitUntil(lambda: session.dataset is not None, timeout=PATIENCE)
    assert session.dataset is not None
    assert len(session.dataset.images) == 24
    assert session.dataset.classes == ("cats", "dogs")
    assert [skipped.name for skipped in session.dataset.skipped] == [str(Path("cats") / "note.png")]

    click(button(window.data, "Set up training"))
    assert window.pages.currentIndex() == TRAIN
    choose(window, "network", "mlp")
    choose(window, "preset", "gan")
    assert window.train.form.settings().resolution == 16
    click(button(window.footer, "Start"))
    qtbot.waitUntil(lambda: len(window.train.history) >= 2, timeout=PATIENCE)
    assert len(window.train.samples.images()) == window.train.form.settings().samples
    assert "Loss/G/loss" in window.train.history.keys()  # noqa: SIM118 (not a dictionary)

    pause_and_resume(qtbot, window)
    explore_while_it_trains(qtbot, window)
    assert session.run_folder is not None
    saved = save_as(qtbot, window, session.run_folder / "kept")  # beside the run's own, where the dialog begins
    assert session.resume != saved

    click(button(window.footer, "Stop"))
    qtbot.waitUntil(lambda: session.state is TrainingState.IDLE, timeout=PATIENCE)
    stopped_at = session.resume
    assert stopped_at is not None
    assert stopped_at.is_file()
    assert session.run_folder is not None
    assert (session.run_folder / "stats.jsonl").is_file()

    click(button(window.footer, "Continue"))
    qtbot.waitUntil(lambda: session.state is TrainingState.RUNNING, timeout=PATIENCE)
    click(button(window.footer, "Stop"))
    qtbot.waitUntil(lambda: session.state is TrainingState.IDLE, timeout=PATIENCE)
    assert session.resume is not None
    assert session.resume.parent == stopped_at.parent
    assert int(session.resume.stem) > int(stopped_at.stem)

    open_from_dialog(qtbot, window)
    export_seeds(qtbot, window, tmp_path / "out")
    drop(window, saved)
    qtbot.waitUntil(lambda: session.resume == saved, timeout=PATIENCE)
    assert window.pages.currentIndex() == EXPLORE
    pin_what_is_seen(qtbot, window, saved.parent)
    restore_from_an_image(qtbot, window, tmp_path / "out" / "seed0009.png")
    what_is_dragged_away_is_a_file(qtbot, window, tmp_path / "dragged" / "away.png")


def test_a_run_folder_that_is_dropped_opens_with_its_curves(
    qtbot: QtBot, window: MainWindow, pictures: Path, tmp_path: Path
) -> None:
    train_briefly(qtbot, window, pictures)
    folder, reports = window.session.run_folder, len(window.train.history)
    assert folder is not None

    window.train.clear()
    drop(window, folder)
    qtbot.waitUntil(lambda: len(window.train.history) == reports, timeout=PATIENCE)
    assert window.pages.currentIndex() == TRAIN
    assert len(window.train.samples.images()) == window.train.form.settings().samples


def test_a_long_run_is_seen_at_once_and_goes_on_when_all_of_it_is(
    qtbot: QtBot, window: MainWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_briefly(qtbot, window, pictures)
    session, reports = window.session, len(window.train.history)
    folder = session.run_folder
    assert folder is not None
    monkeypatch.setattr("core.runs.report_table.SMALL", 0)
    monkeypatch.setattr("core.runs.report_table.PIECES", 1)
    sizes: list[int] = []
    session.run_opened.connect(lambda run: sizes.append(len(run.history)))
    for _ in range(2):  # without the copy beside the reports, and with it
        window.train.clear()
        with qtbot.waitSignal(session.runs_reader.ended, timeout=PATIENCE):
            drop(window, folder)
        assert len(window.train.history) == reports
        assert sizes[-1] <= reports
    assert (folder / ".stats.npz").is_file()
    (folder / ".stats.npz").unlink()
    with qtbot.waitSignal(session.run_opened, timeout=PATIENCE):
        drop(window, folder)
    window.start()
    qtbot.waitUntil(lambda: len(window.train.history) > reports, timeout=PATIENCE)
    assert session.state is TrainingState.RUNNING


def test_a_start_waits_for_the_run_that_is_read_and_for_no_other(
    qtbot: QtBot, window: MainWindow, pictures: Path
) -> None:
    train_briefly(qtbot, window, pictures)
    session, folder = window.session, window.session.run_folder
    assert folder is not None
    other = Path(copytree(folder, folder.with_name("other")))
    lengthen(folder / "stats.jsonl")
    states: list[TrainingState] = []
    session.state_changed.connect(states.append)

    def open_and_start() -> None:
        with qtbot.waitSignal(session.run_opened, timeout=PATIENCE):
            drop(window, folder)
        window.start()
        window.start()  # by a person who saw nothing happen
        assert "as soon as the run has been read" in banner_text(window)

    open_and_start()
    with qtbot.waitSignal(session.runs_reader.ended, timeout=PATIENCE):
        drop(window, other)
    assert session.run_folder == other
    assert states == []
    assert "did not begin" in banner_text(window)
    open_and_start()
    qtbot.waitUntil(lambda: session.state is TrainingState.RUNNING, timeout=PATIENCE)
    assert session.run_folder == folder
    assert states == [TrainingState.STARTING, TrainingState.RUNNING]


def banner_text(window: MainWindow) -> str:
    """All that is said there."""
    return " ".join(label.text() for label in window.banner.findChildren(QLabel))


def lengthen(reports: Path) -> None:
    """So many more reports that reading them takes a while."""
    lines = reports.read_text("utf-8").splitlines(keepends=True)
    reports.write_text(lines[0] * (2**23 // len(lines[0])) + "".join(lines), "utf-8")


def test_other_images_begin_a_new_training_unless_the_person_says_otherwise(
    qtbot: QtBot, window: MainWindow, pictures: Path
) -> None:
    train_briefly(qtbot, window, pictures)
    session, checkpoint = window.session, window.session.resume
    assert checkpoint is not None
    drop(window, pictures / "cats")
    qtbot.waitUntil(lambda: session.resume is None, timeout=PATIENCE)
    assert checkpoint.name in banner_text(window)
    click(button(window.banner, "Continue from it anyway"))
    assert session.resume == checkpoint
    drop(window, checkpoint)  # its own images are opened with it
    qtbot.waitUntil(lambda: session.dataset is not None and session.dataset.source == str(pictures), timeout=PATIENCE)
    assert session.resume == checkpoint


def test_a_sample_is_compared_from_the_viewer(qtbot: QtBot, window: MainWindow, pictures: Path) -> None:
    train_briefly(qtbot, window, pictures)

    def compare(viewer: ImageViewer) -> None:
        near = next(each for each in viewer.findChildren(QToolButton) if "Nearest" in each.accessibleName())
        click(near)
        qtbot.waitUntil(lambda: bool(viewer.findChildren(NeighboursDialog)), timeout=PATIENCE)
        qtbot.waitUntil(near.isEnabled, timeout=PATIENCE)
        (dialog,) = viewer.findChildren(NeighboursDialog)
        own = dialog.findChildren(ImageGrid)[0]
        assert np.array_equal(own.images()[0], window.train.samples.images()[2])
        dialog.close()
        viewer.close()

    answer(ImageViewer, compare)
    window.train.samples.activated.emit(2)


def test_a_training_that_has_ended_is_explored_by_its_newest_checkpoint(
    qtbot: QtBot, window: MainWindow, pictures: Path
) -> None:
    train_briefly(qtbot, window, pictures)
    session, form = window.session, window.train.form
    newest = session.resume
    assert newest is not None
    form.set_settings(form.settings().changed(width=16))  # chosen for the next training, which may be another
    chosen = form.settings()
    window.show_workspace(EXPLORE)
    qtbot.waitUntil(lambda: len(window.explore.image()) == 1, timeout=PATIENCE)
    assert explored(window).endswith(f"step {int(newest.stem):,} · {newest.parent.parent.name}")
    assert form.settings() == chosen
    assert session.resume == newest


def test_what_is_followed_becomes_its_newest_checkpoint_when_it_ends(
    qtbot: QtBot, window: MainWindow, pictures: Path
) -> None:
    begin(qtbot, window, pictures)
    window.show_workspace(EXPLORE)
    qtbot.waitUntil(lambda: explored(window).endswith("running training"), timeout=PATIENCE)
    click(button(window.footer, "Stop"))
    qtbot.waitUntil(lambda: window.session.state is TrainingState.IDLE, timeout=PATIENCE)
    newest = window.session.resume
    assert newest is not None
    ended = f"step {int(newest.stem):,} · {newest.parent.parent.name}"
    qtbot.waitUntil(lambda: explored(window).endswith(ended), timeout=PATIENCE)


def test_a_checkpoint_that_is_opened_stays_while_a_training_goes_on(
    qtbot: QtBot, window: MainWindow, pictures: Path, tmp_path: Path
) -> None:
    begin(qtbot, window, pictures)
    window.show_workspace(EXPLORE)
    qtbot.waitUntil(lambda: explored(window).endswith("running training"), timeout=PATIENCE)
    saved = save_as(qtbot, window, tmp_path / "kept")
    window.open_path(str(saved))
    qtbot.waitUntil(lambda: explored(window).endswith(saved.name), timeout=PATIENCE)
    for _ in range(2):
        with qtbot.waitSignal(window.session.sampled, timeout=PATIENCE):
            pass
        qtbot.wait(100)
        assert explored(window).endswith(saved.name)


def test_a_workspace_that_is_asked_for_before_the_first_paint_still_explores(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STUDIO_RUNS", str(tmp_path / "runs"))
    window = MainWindow(Session())
    qtbot.addWidget(window)
    window.show_workspace(TRAIN)  # builds what otherwise follows the first paint
    with qtbot.waitSignal(window.session.exploration.devices_found, timeout=PATIENCE):
        window.show()


def test_closing_asks_saves_and_waits(qtbot: QtBot, window: MainWindow, pictures: Path) -> None:
    begin(qtbot, window, pictures)

    answer(QMessageBox, lambda box: click(button(box, "Keep training")))
    window.close()
    assert window.isVisible()
    assert window.session.state is TrainingState.RUNNING

    answer(QMessageBox, lambda box: click(button(box, "Save and close")))
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=PATIENCE)
    folder = window.session.run_folder
    assert folder is not None
    assert int(max((folder / "checkpoints").iterdir()).stem) > 0


def test_a_folder_without_images_is_a_sentence_with_a_remedy(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    drop(window, tmp_path / "empty")
    qtbot.waitUntil(window.banner.isVisible, timeout=PATIENCE)
    assert window.banner.kind() == "error"
    assert "no images" in window.banner.text()
    assert window.pages.currentIndex() == DATA


@pytest.mark.parametrize("ends_by_itself", [False, True])
def test_a_disk_that_refuses_the_last_checkpoint_keeps_the_training(
    qtbot: QtBot, window: MainWindow, pictures: Path, ends_by_itself: bool
) -> None:
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.session.dataset is not None, timeout=PATIENCE)
    choose(window, "preset", "gan")
    if ends_by_itself:
        window.train.form.set_settings(window.train.form.settings().changed(steps=300))
    window.start()
    qtbot.waitUntil(lambda: window.session.state is TrainingState.RUNNING, timeout=PATIENCE)
    folder = window.session.run_folder
    assert folder is not None
    checkpoints, elsewhere = folder / "checkpoints", folder / "elsewhere"
    checkpoints.rename(elsewhere)
    checkpoints.write_text("a file where the folder was: nothing can be written below it")

    if not ends_by_itself:
        click(button(window.footer, "Stop"))
    qtbot.waitUntil(lambda: window.session.state is TrainingState.PAUSED, timeout=PATIENCE)
    assert window.banner.kind() == "error"

    checkpoints.unlink()
    elsewhere.rename(checkpoints)
    click(button(window.footer, "Resume" if ends_by_itself else "Stop"))
    qtbot.waitUntil(lambda: window.session.state is TrainingState.IDLE, timeout=PATIENCE)
    assert int(max(checkpoints.iterdir()).stem) > 0


def begin(qtbot: QtBot, window: MainWindow, pictures: Path) -> None:
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.session.dataset is not None, timeout=PATIENCE)
    choose(window, "preset", "gan")
    window.start()
    qtbot.waitUntil(lambda: window.session.state is TrainingState.RUNNING, timeout=PATIENCE)


def train_briefly(qtbot: QtBot, window: MainWindow, pictures: Path) -> None:
    begin(qtbot, window, pictures)
    qtbot.waitUntil(lambda: len(window.train.history) >= 1, timeout=PATIENCE)
    window.session.stop()
    qtbot.waitUntil(lambda: window.session.state is TrainingState.IDLE, timeout=PATIENCE)


def pause_and_resume(qtbot: QtBot, window: MainWindow) -> None:
    click(button(window.footer, "Pause"))
    qtbot.waitUntil(lambda: window.session.state is TrainingState.PAUSED, timeout=PATIENCE)
    click(button(window.footer, "Resume"))
    qtbot.waitUntil(lambda: window.session.state is TrainingState.RUNNING, timeout=PATIENCE)


def explore_while_it_trains(qtbot: QtBot, window: MainWindow) -> None:
    window.show_workspace(EXPLORE)
    qtbot.waitUntil(lambda: len(window.explore.image()) == 1, timeout=PATIENCE)
    before = window.explore.image()
    slider = next(slider for slider in window.explore.findChildren(QSlider) if slider.isVisible())
    slider.setValue(slider.maximum())
    qtbot.waitUntil(lambda: not np.array_equal(window.explore.image(), before), timeout=PATIENCE)
    window.show_workspace(TRAIN)


def explored(window: MainWindow) -> str:
    """What Explore says that it shows."""
    texts = (label.text() for label in window.explore.findChildren(QLabel))
    return next((text for text in texts if " · step " in text), "")


def save_as(qtbot: QtBot, window: MainWindow, path: Path) -> Path:
    def choose_file(dialog: QFileDialog) -> None:
        name = dialog.findChild(QLineEdit)
        assert isinstance(name, QLineEdit)
        name.setText(str(path))
        click(button(dialog, "&Save"))

    answer(QFileDialog, choose_file)
    window.menus.save.trigger()
    target = path.with_suffix(".safetensors")
    qtbot.waitUntil(target.is_file, timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.banner.kind() == "good", timeout=PATIENCE)
    return target


def open_from_dialog(qtbot: QtBot, window: MainWindow) -> None:
    newest = window.session.resume

    def open_first(dialog: OpenCheckpointDialog) -> None:
        qtbot.waitUntil(button(dialog, "Open").isEnabled, timeout=PATIENCE)
        click(button(dialog, "Open"))

    answer(OpenCheckpointDialog, open_first)
    window.ask_checkpoint()
    qtbot.waitUntil(lambda: window.pages.currentIndex() == EXPLORE, timeout=PATIENCE)
    assert window.session.resume == newest


def export_seeds(qtbot: QtBot, window: MainWindow, folder: Path) -> None:
    def fill_in(dialog: ExportImagesDialog) -> None:
        click(button(dialog, "Images of these seeds"))
        lines = {line.accessibleName(): line for line in dialog.findChildren(QLineEdit)}
        lines["Seeds"].setText("0-3,9")
        lines["Folder"].setText(str(folder))
        click(button(dialog, "Export"))

    answer(ExportImagesDialog, fill_in)
    window.menus.export.trigger()
    names = [f"seed{seed:04d}.png" for seed in (0, 1, 2, 3, 9)]
    qtbot.waitUntil(lambda: folder.is_dir() and sorted(p.name for p in folder.iterdir()) == names, timeout=PATIENCE)
    with Image.open(folder / names[0]) as image:
        assert image.size == (16, 16)


def pin_what_is_seen(qtbot: QtBot, window: MainWindow, run: Path) -> None:
    """A place between two seeds becomes a point of its own, whose picture comes to the shelf."""
    slider = next(slider for slider in window.explore.findChildren(QSlider) if slider.accessibleName() == "A → B")
    slider.setValue(slider.maximum() // 2)

    def is_pin(slot: str, *_: object) -> bool:
        return slot == "pins"

    with qtbot.waitSignal(window.session.exploration.rendered, timeout=PATIENCE, check_params_cb=is_pin):
        click(button(window.explore, "Pin"))
    assert window.explore.state.saved.pins[0].point.z
    qtbot.waitUntil((run / "explore.json").is_file, timeout=PATIENCE)


def restore_from_an_image(qtbot: QtBot, window: MainWindow, image: Path) -> None:
    """Another checkpoint is open; the one that made the image is found among the runs."""
    window.show_workspace(TRAIN)
    drop(window, image)
    qtbot.waitUntil(lambda: window.explore.state.a == Point(9), timeout=PATIENCE)
    assert window.pages.currentIndex() == EXPLORE
    with Image.open(image) as picture:
        made = np.asarray(picture).astype(int)
    qtbot.waitUntil(
        lambda: len(window.explore.image()) == 1 and abs(window.explore.image()[0] - made).max() <= 1, timeout=PATIENCE
    )


def what_is_dragged_away_is_a_file(qtbot: QtBot, window: MainWindow, file: Path) -> None:
    window.explore.file_requested.emit(LatentRequest.of(Point(5)), file)
    qtbot.waitUntil(file.is_file, timeout=PATIENCE)
    drop(window, file)  # as it would come back from another program
    qtbot.waitUntil(lambda: window.explore.state.a == Point(5), timeout=PATIENCE)


def drop(window: MainWindow, path: Path) -> None:
    """The events that a file manager causes."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    where, action, mouse = QPoint(200, 200), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(where, action, data, mouse, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(where), action, data, mouse, Qt.KeyboardModifier.NoModifier))


def button(parent: QWidget, text: str) -> QAbstractButton:
    return next(found for found in parent.findChildren(QAbstractButton) if found.text().startswith(text))


def click(target: QWidget) -> None:
    assert target.isEnabled()
    QTest.mouseClick(target, Qt.MouseButton.LeftButton)


def choose(window: MainWindow, setting: str, value: str) -> None:
    box = window.train.form.widget(setting)
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(value))


def answer(kind: type[D], act: Callable[[D], None]) -> None:
    """Does `act` to the dialog of that kind as soon as it is open; the call that opens it returns after that."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, kind):
            try:
                act(dialog)
            except BaseException:
                dialog.reject()  # or the test would wait for it
                raise
        else:
            QTimer.singleShot(50, look)

    QTimer.singleShot(50, look)


def test_settings_change_while_it_trains_and_are_noted(qtbot: QtBot, window: MainWindow, pictures: Path) -> None:
    begin(qtbot, window, pictures)
    form = window.train.form
    assert form.widget("lr_d").isEnabled()
    assert not form.widget("width").isEnabled()

    form.set_settings(form.settings().changed(resolution=32))  # as another dataset that is opened meanwhile does
    box = form.widget("lr_d")
    assert isinstance(box, QDoubleSpinBox)
    with qtbot.waitSignal(window.session.edited, timeout=PATIENCE) as edited:
        box.setValue(0.001)
    assert edited.args[0].changes == {"lr_d": 0.001}
    click(button(window.footer, "Stop"))
    qtbot.waitUntil(lambda: window.session.state is TrainingState.IDLE, timeout=PATIENCE)
    folder = window.session.run_folder
    assert folder is not None
    assert '"lr_d": 0.001' in (folder / "edits.jsonl").read_text("utf-8")


def test_what_cannot_be_is_greyed_out_with_its_reason(window: MainWindow) -> None:
    window.complete()
    choose(window, "preset", "dcgan")
    form = window.train.form
    assert not form.widget("weight_clip").isEnabled()
    assert "Wasserstein" in form.widget("weight_clip").toolTip()
    choose(window, "loss", "wasserstein")
    assert form.widget("weight_clip").isEnabled()
    assert not form.widget("smooth_real").isEnabled()
    assert not form.widget("r1").isEnabled()
    assert "Batch normalisation" in form.widget("r1").toolTip()
    choose(window, "d_norm", "none")
    assert form.widget("r1").isEnabled()


def test_the_data_are_seen_as_the_discriminator_sees_them(qtbot: QtBot, window: MainWindow, pictures: Path) -> None:
    drop(window, pictures)
    qtbot.waitUntil(lambda: window.session.dataset is not None, timeout=PATIENCE)
    window.complete()
    choose(window, "augment", "diffaug")
    grid = window.data.view.findChild(ImageGrid)
    assert isinstance(grid, ImageGrid)
    qtbot.waitUntil(lambda: len(grid.images()) > 0, timeout=PATIENCE)
    before = grid.images()
    seen = button(window.data, "As the discriminator sees them")
    click(seen)
    qtbot.waitUntil(lambda: not np.array_equal(grid.images(), before), timeout=PATIENCE)
    click(seen)
    qtbot.waitUntil(lambda: np.array_equal(grid.images(), before), timeout=PATIENCE)
