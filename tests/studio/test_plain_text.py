"""Names of files, classes, runs and pins are shown as they are, whatever markup they look like."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QEvent, QModelIndex, Qt, QTimer
from PySide6.QtGui import QAction, QHelpEvent
from PySide6.QtGui import Qt as RichText
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QToolTip,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.jobs.training_job import TrainingJob
from core.latent.explore_state import Direction, Pin, SavedPins
from core.latent.request import Point
from core.runs.pin_store import save_pins
from studio.application import Application
from studio.dialogs.compare_runs import CompareRunsDialog
from studio.main_window import DATA, EXPLORE, TRAIN
from studio.model.train import TrainingState
from studio.widgets.basic.labels import plain_tip
from tests.core.tiny import tiny_settings
from tests.studio.conftest import PATIENCE

HOSTILE = "<img src='evil'><b>bold"


def as_markup(text: str) -> bool:
    return HOSTILE in text and RichText.mightBeRichText(text)


def shown_as_markup() -> list[str]:
    """Labels and tips of all windows that show the name as markup."""
    found = []
    for top in QApplication.topLevelWidgets():
        for widget in (top, *top.findChildren(QWidget)):
            kind = type(widget).__name__
            found += [f"tip of {kind}: {text}" for text in (widget.toolTip(), widget.whatsThis()) if as_markup(text)]
            if (
                isinstance(widget, QLabel)
                and widget.textFormat() != Qt.TextFormat.PlainText
                and as_markup(widget.text())
            ):
                found.append(f"{kind}: {widget.text()}")
            if isinstance(widget, QMessageBox) and as_markup(widget.text()):
                found.append(f"{kind}: {widget.text()}")
            if isinstance(widget, QAbstractItemView) and (model := widget.model()) is not None:
                found += [f"tip in {kind}: {text}" for text in item_tips(model) if as_markup(text)]
    return found


def item_tips(model: QAbstractItemModel) -> Iterator[str]:
    is_list = isinstance(model, QAbstractListModel)
    for row in range(min(model.rowCount(QModelIndex()), 50)):
        for column in range(1 if is_list else model.columnCount(QModelIndex())):
            yield str(model.data(model.index(row, column), Qt.ItemDataRole.ToolTipRole) or "")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures whose every name looks like markup, with classes, copies and damaged files."""
    folder = tmp_path_factory.mktemp("hostile") / f"{HOSTILE} set"
    random = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (folder / f"{HOSTILE} {name}").mkdir(parents=True)
        for number in range(12):
            image = Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8))
            image.save(folder / f"{HOSTILE} {name}" / f"{HOSTILE} {number}.png")
            if number < 2:
                image.save(folder / f"{HOSTILE} {name}" / f"{HOSTILE} copy {number}.png")
    (folder / f"{HOSTILE} cats" / f"{HOSTILE} broken.png").write_text("x")
    return folder


@pytest.fixture(scope="module")
def hostile_run(hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("hostile runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_STUDIO_CACHE", str(base / "cache"))
        run = base / f"00001-{HOSTILE}"
        for _ in TrainingJob(tiny_settings("cgan", steps=3), str(hostile), out=run).events():
            pass
    save_pins(run, SavedPins((Pin(Point(seed=3), f"{HOSTILE} pin"),), (Direction(f"{HOSTILE} way", (0.1,) * 8),)))
    return run


def test_a_tip_shows_markup_as_it_is() -> None:
    assert plain_tip("a < b\nc") == "a < b\nc"
    assert "&lt;b&gt;bold" in plain_tip("<b>bold")
    assert not as_markup(plain_tip(HOSTILE))
    assert as_markup(HOSTILE)


def test_a_dataset(qtbot: QtBot, studio: Application, hostile: Path) -> None:
    studio.open(str(hostile))
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    for workspace in (DATA, TRAIN, EXPLORE):
        studio.window.show_workspace(workspace)
        qtbot.wait(50)
        assert shown_as_markup() == []
    studio.window.show_workspace(DATA)
    for tab in range(studio.window.data.view.tabs.count()):
        studio.window.data.view.tabs.setCurrentIndex(tab)
        qtbot.wait(200)
        assert shown_as_markup() == []


def test_a_run(qtbot: QtBot, studio: Application, hostile_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(hostile_run, tmp_path / hostile_run.name)
    studio.open(str(run))
    offer = studio.window.banner
    qtbot.waitUntil(lambda: "not opened before" in offer.text(), timeout=PATIENCE)
    assert shown_as_markup() == []
    next(button for button in offer.findChildren(QAbstractButton) if button.text() == "Open these images").click()
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    assert studio.session.training.state is TrainingState.IDLE
    for workspace in (TRAIN, EXPLORE, DATA):
        studio.window.show_workspace(workspace)
        qtbot.wait(300)
        assert shown_as_markup() == []
    studio.window.show_workspace(TRAIN)
    samples = studio.window.train.samples
    column = samples.name_rects()[0].center()
    QApplication.sendEvent(samples, QHelpEvent(QEvent.Type.ToolTip, column, samples.mapToGlobal(column)))
    assert "bold" in QToolTip.text()
    assert not as_markup(QToolTip.text())
    QToolTip.hideText()


def test_the_dialogs_of_a_run(qtbot: QtBot, studio: Application, hostile_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(hostile_run, tmp_path / "runs" / hostile_run.name)
    studio.session.runs_folder = run.parent
    studio.open(str(run))
    offer = studio.window.banner
    qtbot.waitUntil(lambda: "not opened before" in offer.text(), timeout=PATIENCE)
    next(button for button in offer.findChildren(QAbstractButton) if button.text() == "Open these images").click()
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    found, named = list[str](), set[str]()

    def look(title: str, patience: int = 40) -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QDialog) or (patience and not names(dialog)):
            QTimer.singleShot(50, partial(look, title, patience - 1))
            return
        named.update({title} if names(dialog) else set())
        found.extend(shown_as_markup())
        dialog.reject()

    for title in ("Open checkpoint", "Prepared datasets", "Export images", "Export time-lapse"):
        QTimer.singleShot(50, partial(look, title))
        action(studio, title).trigger()
    action(studio, "Compare runs").trigger()
    comparison = studio.window.findChild(CompareRunsDialog)
    assert isinstance(comparison, CompareRunsDialog)
    qtbot.waitUntil(lambda: names(comparison), timeout=PATIENCE)
    assert [*found, *shown_as_markup()] == []
    assert {"Open checkpoint", "Prepared datasets"} <= named
    comparison.close()


def names(dialog: QDialog) -> bool:
    """Returns True if the dialog shows a hostile name in a list or a label."""
    lists = (view.model() for view in dialog.findChildren(QAbstractItemView))
    shown = (
        str(model.data(model.index(row, column)))
        for model in lists
        if model is not None
        for row in range(model.rowCount())
        for column in range(model.columnCount(QModelIndex()) if not isinstance(model, QAbstractListModel) else 1)
    )
    return any("<b>bold" in text for text in (*shown, *(label.text() for label in dialog.findChildren(QLabel))))


def action(studio: Application, title: str) -> QAction:
    actions = (each for menu in studio.window.menuBar().findChildren(QMenu) for each in menu.actions())
    return next(each for each in actions if each.text().replace("&", "").startswith(title))
