"""Home: runs and datasets to go on with, and what a person sees who has none."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.events import Progress
from core.runs.run_name import write_name
from studio.application import Application
from studio.main_window import DATA, HOME, TRAIN
from studio.model.home import Project, ProjectsListed, day_text
from studio.panels.home import HomePanel
from tests.core.tiny import save_pictures
from tests.studio.conftest import PATIENCE

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def runs(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three runs: a named one that was trained last, another, and one whose checkpoints are damaged."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("GAN_STUDIO_RUNS", str(folder))
    for number, name in enumerate(("00000-damaged", "00001-old", "00002-new")):
        run = shutil.copytree(trained, folder / name)
        os.utime(run / "stats.jsonl", (1e9 + number, 1e9 + number))
    write_name(folder / "00002-new", "<b>Flowers</b> & more")
    for checkpoint in (folder / "00000-damaged" / "checkpoints").glob("*.safetensors"):
        checkpoint.write_bytes(b"half of a file")
    (folder / "notes").mkdir()
    return folder


def test_runs_are_cards_the_newest_first_with_picture_name_and_step(
    qtbot: QtBot, runs: Path, studio: Application
) -> None:
    home = studio.window.home
    assert studio.window.pages.currentIndex() == HOME
    qtbot.waitUntil(lambda: len(home.cards()) == 3 and bool(home.cards()[2].problem), timeout=PATIENCE)
    new, old, damaged = home.cards()
    assert [Path(card.project.source).name for card in home.cards()] == ["00002-new", "00001-old", "00000-damaged"]
    assert (new.project.name, new.project.step) == ("<b>Flowers</b> & more", 6)
    assert old.project.name == "noise"
    assert new.picture.images() == old.picture.images() > 1
    assert damaged.picture.images() == 0
    assert not button(damaged, "Continue").isEnabled()
    assert "damaged" in button(damaged, "Continue").accessibleDescription()
    assert studio.window.banner.isHidden()
    assert button(home.drop_area, "Continue").text() == "Continue <b>Flowers</b> && more, step 6"


@pytest.mark.parametrize("way", ["last", "card", "picture", "space", "enter"])
def test_one_click_goes_on_with_a_run(qtbot: QtBot, runs: Path, studio: Application, way: str) -> None:
    home = studio.window.home
    qtbot.waitUntil(lambda: len(home.cards()) == 3 and home.cards()[1].picture.images() > 0, timeout=PATIENCE)
    card = home.cards()[0 if way == "last" else 1]
    match way:
        case "last":
            QTest.mouseClick(button(home.drop_area, "Continue"), LEFT)
        case "card":
            QTest.mouseClick(button(card, "Continue"), LEFT)
        case "picture":
            QTest.mouseClick(card.picture, LEFT, pos=QPoint(20, 20))
        case _:
            button(card, "Continue").setFocus()
            QTest.keyClick(button(card, "Continue"), Qt.Key.Key_Space if way == "space" else Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: studio.session.resume is not None, timeout=PATIENCE)
    assert studio.session.resume is not None
    assert studio.session.resume.is_relative_to(card.project.source)
    assert studio.window.pages.currentIndex() == TRAIN


def test_a_dataset_that_was_opened_is_a_card(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    images = save_pictures(tmp_path / "flowers")
    studio.open(str(images))
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    assert studio.window.pages.currentIndex() == DATA
    studio.window.show_workspace(HOME)
    home = studio.window.home
    qtbot.waitUntil(lambda: len(home.cards()) == 1 and home.cards()[0].picture.images() > 1, timeout=PATIENCE)
    card = home.cards()[0]
    assert (card.project.name, card.project.is_run) == ("flowers", False)
    assert "images" in card.project.facts
    QTest.mouseClick(button(card, "Open"), LEFT)
    assert studio.session.reading == str(images)
    qtbot.waitUntil(lambda: not studio.session.reading, timeout=PATIENCE)
    assert studio.window.pages.currentIndex() == DATA


def test_without_anything_home_is_a_large_target(qtbot: QtBot, studio: Application) -> None:
    home = studio.window.home
    with qtbot.waitSignal(studio.session.projects.listed, timeout=PATIENCE):
        studio.controllers.home.refresh()
    assert home.cards() == []
    assert not button(home.drop_area, "Continue").isVisible()
    assert button(home.drop_area, "Open folder").objectName() == "primary"
    assert home.drop_area.height() > home.height() * 0.9


def test_a_card_that_is_listed_again_keeps_picture_and_keyboard(qtbot: QtBot) -> None:
    panel = HomePanel()
    qtbot.addWidget(panel)
    panel.show()
    projects = [Project(f"/runs/{name}", name, True, 1, "step 1", datetime.now()) for name in "abc"]
    panel.show_projects(ProjectsListed(tuple(projects), ()))
    kept = panel.cards()[1]
    panel.show_projects(ProjectsListed((projects[1], projects[2]), ()))
    assert panel.cards()[0] is kept
    assert len(panel.cards()) == 2


@pytest.mark.parametrize(
    ("name", "openable"),
    [
        ("flowers", True),
        ("flowers.2024", True),
        ("photo.JPG", True),
        ("set.zip", True),
        ("train-images-idx3-ubyte.gz", True),
        ("film.mp4", True),
        ("000000137.safetensors", True),
        ("note.txt", False),
        ("report.pdf", False),
        ("set.rar", False),
        ("table.parquet", False),
    ],
)
@pytest.mark.parametrize("workspace", [HOME, TRAIN])
def test_what_hovers_over_any_page_is_named_with_what_will_happen(
    studio: Application, name: str, openable: bool, workspace: int
) -> None:
    window = studio.window
    window.show_workspace(workspace)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(f"/nowhere/{name}")])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    for kind in (QDragEnterEvent, QDragMoveEvent):
        event = kind(QPoint(200, 200), copy, data, Qt.MouseButton.LeftButton, none)
        QApplication.sendEvent(window, event)
        assert event.isAccepted()
        assert (event.dropAction() == copy) is openable
    said = f"Drop to open {name}" if openable else f"GAN Studio cannot open {name}"
    assert window.drop_overlay.text() == said
    assert window.drop_overlay.size() == window.pages.size()
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert window.drop_overlay.text() == ""


def test_nothing_moves_when_a_message_comes_and_what_asks_for_nothing_goes(qtbot: QtBot, studio: Application) -> None:
    window, banner = studio.window, studio.window.banner
    before = window.pages.geometry(), window.footer.geometry()
    banner.show_problem("Something is wrong. " * 30, "Do something about it.", "Details")
    QApplication.processEvents()
    for strip in (window.reading, window.jobs):
        strip.show_progress(Progress("Something that takes long", 1, 2))
        strip.show_waiting(["One", "Two"])
    QApplication.processEvents()
    assert window.jobs.isVisible()
    assert (window.pages.geometry(), window.footer.geometry()) == before
    assert banner.height() >= banner.heightForWidth(banner.width())
    assert window.pages.geometry().contains(banner.geometry())
    banner.findChildren(QTimer)[0].setInterval(1)
    banner.show_offer("Left out", "Undo", lambda: None)
    qtbot.wait(20)
    assert banner.isVisible()
    banner.show_problem("Wrong", "Mend it")
    qtbot.wait(20)
    assert banner.isVisible()
    banner.show_notice("Done")
    qtbot.waitUntil(lambda: not banner.isVisible(), timeout=PATIENCE)


def test_dates_are_said_as_people_say_them() -> None:
    now = datetime(2026, 3, 1, 12)
    assert day_text(datetime(2026, 3, 1, 9, 5), now) == "Today 9:05"
    assert day_text(datetime(2026, 2, 28, 23, 59), now) == "Yesterday 23:59"
    assert day_text(datetime(2025, 11, 7), now) == "7 Nov 2025"


def button(parent: QWidget, text: str) -> QAbstractButton:
    return next(found for found in parent.findChildren(QPushButton) if found.text().startswith(text))
