"""The queue in the window: entries are added, ordered, edited and removed, and trainings of others are steered."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from core.queue.entry import Entry, State
from core.queue.folder import Queue
from core.queue.runner import is_served
from core.runs import run_watch
from core.runs.run import Run
from core.runs.run_lock import NAME, OwnerWatch
from studio.application import Application
from studio.dialogs.queue.add_with import AddWithDialog
from studio.dialogs.queue.edit_entry import EditEntryDialog
from studio.main_window import QUEUE, TRAIN
from studio.model.train import TrainingState
from tests.core.nursery import Nursery
from tests.core.tiny import TINY, save_pictures, tiny_settings
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import answer, banner_text, begin, button, choose, click, drop

LONG = 4 * PATIENCE
"""Milliseconds; the processes of the runner and of a training import torch, each on its own."""


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """The paused queue of the user."""
    monkeypatch.setattr(run_watch, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(run_watch, "LONGEST_POLL", 0.1)
    queue = Queue()
    queue.pause()
    return queue


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return save_pictures(tmp_path / "flowers")


def add(queue: Queue, pictures: Path, name: str, steps: int = 6) -> str:
    """Adds an entry; returns its ID."""
    settings = tiny_settings("gan", steps=steps)
    return queue.add(Entry(source=str(pictures), settings=settings, out=pictures.parent / "runs" / name)).id


def titles(studio: Application) -> list[str]:
    """The names in the table, from top to bottom."""
    table = studio.window.queue.table
    items = (table.topLevelItem(row) for row in range(table.topLevelItemCount()))
    return [item.text(1) for item in items if item is not None]


def show_queue(qtbot: QtBot, studio: Application, count: int) -> None:
    studio.window.show_workspace(QUEUE)
    qtbot.waitUntil(lambda: len(titles(studio)) == count, timeout=PATIENCE)


def select(studio: Application, name: str) -> None:
    table = studio.window.queue.table
    item = table.topLevelItem(titles(studio).index(name))
    assert item is not None
    table.setCurrentItem(item)
    table.setFocus()


def states(queue: Queue) -> dict[str, State]:
    return {listed.entry.title: listed.state for listed in queue.entries()}


def open_pictures(qtbot: QtBot, studio: Application, pictures: Path) -> None:
    """Opens images, and chooses settings of a small training."""
    studio.open(str(pictures))
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bool(studio.session.explore.devices), timeout=PATIENCE)
    choose(studio, "preset", "gan")
    form = studio.window.train.form
    form.set_settings(form.settings().changed(**{**TINY, "steps": 6}))


def test_what_start_would_train_is_added_and_listed(
    qtbot: QtBot, studio: Application, pictures: Path, queue: Queue
) -> None:
    window = studio.window
    show_queue(qtbot, studio, 0)
    assert "The queue is empty" in window.queue._empty._label.text()
    assert not button(window.footer, "Add to queue").isEnabled()
    open_pictures(qtbot, studio, pictures)
    for _ in range(2):
        click(button(window.footer, "Add to queue"))
    qtbot.waitUntil(lambda: len(queue.entries()) == 2, timeout=PATIENCE)
    first, second = (listed.entry for listed in queue.entries())
    assert first.settings == window.train.form.settings()
    assert (first.source, first.given, first.resume) == (str(pictures), None, None)
    assert [first.title, second.title] == ["00000-flowers-gan", "00001-flowers-gan"]
    assert first.out.parent == studio.session.runs_folder
    qtbot.waitUntil(lambda: "00001-flowers-gan was added" in banner_text(studio), timeout=PATIENCE)
    assert "The queue is paused." in banner_text(studio)
    click(button(window.banner, "Show the queue"))
    assert window.pages.currentIndex() == QUEUE
    assert titles(studio) == [first.title, second.title]
    assert studio.session.training.state is TrainingState.IDLE


def test_entries_are_moved_by_keys_and_by_the_mouse(
    qtbot: QtBot, studio: Application, pictures: Path, queue: Queue
) -> None:
    for name in "abc":
        add(queue, pictures, name)
    show_queue(qtbot, studio, 3)
    table = studio.window.queue.table
    select(studio, "a")
    QTest.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: titles(studio) == ["b", "a", "c"], timeout=PATIENCE)
    chosen = table.current()
    assert chosen is not None
    assert chosen.title == "a"
    QTest.keyClick(table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: titles(studio) == ["a", "b", "c"], timeout=PATIENCE)
    QTest.keyClick(table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)  # nothing is above

    select(studio, "c")
    drag_to(studio, "a")
    qtbot.waitUntil(lambda: titles(studio) == ["c", "a", "b"], timeout=PATIENCE)
    assert [listed.entry.title for listed in queue.entries()] == ["c", "a", "b"]


def drag_to(studio: Application, name: str) -> None:
    """Drops the selected row on the upper edge of another."""
    table = studio.window.queue.table
    item = table.topLevelItem(titles(studio).index(name))
    assert item is not None
    at = table.visualItemRect(item).topLeft() + QPoint(20, 1)
    data = table.model().mimeData(table.selectedIndexes())

    class Drop(QDropEvent):
        def source(self) -> object:  # type: ignore[override]
            return table

    move, mouse, keys = Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    table.dropEvent(Drop(QPointF(at), move, data, mouse, keys))


def test_an_entry_is_held_edited_and_removed(qtbot: QtBot, studio: Application, pictures: Path, queue: Queue) -> None:
    for name in "ab":
        add(queue, pictures, name)
    show_queue(qtbot, studio, 2)
    panel = studio.window.queue
    select(studio, "a")
    click(button(panel, "Hold"))
    qtbot.waitUntil(lambda: states(queue)["a"] is State.HELD, timeout=PATIENCE)
    qtbot.waitUntil(lambda: panel._hold.text() == "Release", timeout=PATIENCE)
    click(button(panel, "Release"))
    qtbot.waitUntil(lambda: states(queue)["a"] is State.WAITING, timeout=PATIENCE)

    def edit(dialog: EditEntryDialog) -> None:
        dialog._steps.setValue(77)
        dialog._minutes.setValue(1.5)
        dialog._device.setCurrentIndex(dialog._device.findData("cpu"))
        click(button(dialog, "Save"))

    answer(EditEntryDialog, edit)
    click(button(panel, "Edit…"))
    qtbot.waitUntil(lambda: queue.entries()[0].entry.settings.steps == 77, timeout=PATIENCE)
    entry = queue.entries()[0].entry
    assert (entry.settings.minutes, entry.device) == (1.5, "cpu")
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: titles(studio) == ["b"], timeout=PATIENCE)
    assert list(states(queue)) == ["b"]


def test_several_folders_and_presets_fill_the_queue(
    qtbot: QtBot, studio: Application, pictures: Path, tmp_path: Path, queue: Queue
) -> None:
    others = [save_pictures(tmp_path / name) for name in ("a b", "絵")]
    open_pictures(qtbot, studio, pictures)
    studio.window.train.form.change({"lr_g": 0.0123})
    show_queue(qtbot, studio, 0)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in others])
    where, copy, mouse = QPoint(300, 300), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(where, copy, data, mouse, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(studio.window, enter)
    assert studio.window.drop_overlay.text() == "Drop to train on 2 sources in the queue"
    QApplication.sendEvent(studio.window, QDropEvent(QPointF(where), copy, data, mouse, Qt.KeyboardModifier.NoModifier))
    qtbot.waitUntil(lambda: len(titles(studio)) == 2, timeout=PATIENCE)
    dropped = [listed.entry for listed in queue.entries()]
    assert [entry.source for entry in dropped] == [str(path) for path in others]
    assert all(entry.given is not None and entry.given["lr_g"] == 0.0123 for entry in dropped)
    assert all(entry.given is not None and "loss" not in entry.given for entry in dropped)  # fitted to each folder

    def choose_some(dialog: AddWithDialog) -> None:
        for row in range(2):
            dialog._presets.item(row).setCheckState(Qt.CheckState.Checked)
        dialog._seeds.setText("1-2")
        assert "will be added" in dialog._text.text()
        click(dialog._add)

    answer(AddWithDialog, choose_some)
    click(button(studio.window.queue, "Add with…"))
    qtbot.waitUntil(lambda: len(titles(studio)) > 4, timeout=PATIENCE)
    added = [listed.entry.settings for listed in queue.entries()[2:]]
    assert {settings.seed for settings in added} == {1, 2}
    assert len({settings.preset for settings in added}) == len(added) // 2 >= 2

    studio.window.drop_overlay.hide()
    studio.controllers.queue.drop([str(tmp_path / "missing")])
    qtbot.waitUntil(lambda: "does not exist" in banner_text(studio), timeout=PATIENCE)
    assert len(queue.entries()) == 2 + len(added)


def test_the_queue_is_started_watched_and_stopped(
    qtbot: QtBot, studio: Application, pictures: Path, queue: Queue
) -> None:
    long = add(queue, pictures, "long", steps=1_000_000)
    show_queue(qtbot, studio, 1)
    panel, session = studio.window.queue, studio.session
    click(button(panel, "Start the queue"))
    try:
        qtbot.waitUntil(lambda: states(queue)["long"] is State.RUNNING, timeout=LONG)
        select(studio, "long")
        qtbot.waitUntil(panel._open.isEnabled, timeout=LONG)
        assert not button(panel, "Edit…").isEnabled()
        qtbot.waitUntil(lambda: bool(Run(queue.entry(long).entry.out).checkpoints()), timeout=LONG)
        click(button(panel, "Watch"))
        qtbot.waitUntil(lambda: session.watcher.owner is not None, timeout=LONG)
        assert studio.window.pages.currentIndex() == TRAIN
        assert "The queue trains this run" in banner_text(studio)
        button(studio.window.banner, "Stop")
        click(button(studio.window.banner, "Show the queue"))
        assert studio.window.pages.currentIndex() == QUEUE
        click(button(panel, "Pause the queue"))
        qtbot.waitUntil(lambda: queue.is_paused, timeout=LONG)
        answer(QMessageBox, lambda box: click(button(box, "Stop and remove")))
        click(button(panel, "Remove"))
        qtbot.waitUntil(lambda: not queue.entries(), timeout=LONG)
        qtbot.waitUntil(lambda: session.watcher.owner is None, timeout=LONG)
    finally:
        end(qtbot, queue)
    assert Run(pictures.parent / "runs" / "long").newest()


def end(qtbot: QtBot, queue: Queue) -> None:
    """Stops what runs, and waits for the end of the queue's processes."""
    queue.pause()
    for listed in queue.entries():
        if listed.state is State.RUNNING:
            queue.stop(listed.id)
    qtbot.waitUntil(lambda: all(each.state is not State.RUNNING for each in queue.entries()), timeout=LONG)
    qtbot.waitUntil(lambda: not is_served(queue), timeout=LONG)


def test_a_training_elsewhere_is_paused_edited_and_stopped(
    qtbot: QtBot, studio: Application, pictures: Path, nursery: Nursery
) -> None:
    run = pictures.parent / "run"
    options = ["--preset", "gan", "--out", str(run), "--steps", "1000000", "--evaluation", "0"]
    flags = [part for name, value in TINY.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    process = nursery.start(["train", str(pictures), *options, *flags], pictures.parent / "output.txt")
    session, train, footer = studio.session, studio.window.train, studio.window.footer
    try:
        qtbot.waitUntil(lambda: (run / NAME).exists() and bool(Run(run).checkpoints()), timeout=LONG)
        drop(studio, run)
        qtbot.waitUntil(lambda: session.watcher.can_steer, timeout=LONG)
        assert not train.form.widget("width").isEnabled()
        assert train.form.widget("lr_g").isEnabled()
        train.form.change({"lr_g": 0.0005})
        qtbot.waitUntil(lambda: bool(Run(run).edits()), timeout=LONG)
        assert Run(run).edits()[0].changes == {"lr_g": 0.0005}
        qtbot.waitUntil(lambda: session.training.settings.lr_g == 0.0005, timeout=LONG)

        click(button(footer, "Pause"))
        qtbot.waitUntil(lambda: session.watcher.is_paused, timeout=LONG)
        assert button(footer, "Resume").isEnabled()
        before = len(Run(run).checkpoints())
        session.save()
        qtbot.waitUntil(lambda: len(Run(run).checkpoints()) > before, timeout=LONG)
        click(button(footer, "Resume"))
        qtbot.waitUntil(lambda: not session.watcher.is_paused, timeout=LONG)

        session.watcher.ask("edit", width=32)
        qtbot.waitUntil(lambda: "cannot change while a training runs" in banner_text(studio), timeout=LONG)
        click(button(footer, "Stop"))
        qtbot.waitUntil(lambda: "has ended" in banner_text(studio), timeout=LONG)
    finally:
        if OwnerWatch(run).owner() is not None:
            session.watcher.ask("stop")
        assert nursery.wait(process) == 0
    assert session.resume == Run(run).newest()


def test_the_queue_leaves_the_device_to_a_training_of_the_window(
    qtbot: QtBot, studio: Application, pictures: Path, queue: Queue
) -> None:
    open_pictures(qtbot, studio, pictures)
    form = studio.window.train.form
    form.set_settings(form.settings().changed(steps=None))
    folder = queue.folder / "devices" / "cpu"
    click(button(studio.window.footer, "Start"))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.RUNNING, timeout=LONG)
    assert (folder / NAME).exists()
    click(button(studio.window.footer, "Stop"))
    qtbot.waitUntil(lambda: studio.session.training.state is TrainingState.IDLE, timeout=LONG)
    assert not (folder / NAME).exists()


def test_closing_keeps_the_training_in_the_background(
    qtbot: QtBot, studio: Application, pictures: Path, queue: Queue
) -> None:
    add(queue, pictures, "other", steps=1_000_000)
    queue.pause(False)
    begin(qtbot, studio, pictures)
    studio.session.queue.pause(False)
    qtbot.waitUntil(lambda: is_served(queue), timeout=LONG)
    run = studio.session.training.run_folder
    assert run is not None
    answer(QMessageBox, lambda box: click(button(box, "Keep training")))
    try:
        studio.window.close()
        qtbot.waitUntil(lambda: not studio.window.isVisible(), timeout=LONG)
        entry = queue.entries()[0].entry
        assert (entry.out, entry.source) == (run, str(pictures))
        assert not queue.is_paused
        begun = int(Run(run).newest().stem)
        qtbot.waitUntil(lambda: any(report.step > begun for report in Run(run).reports()), timeout=LONG)
    finally:
        end(qtbot, queue)
    assert states(queue) == {run.name: State.STOPPED, "other": State.WAITING}
