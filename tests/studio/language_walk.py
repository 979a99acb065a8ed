"""Walk through all workspaces and dialogs in the language of `GAN_STUDIO_TEST_LANGUAGE`, run by test_language_walk.py.

Every name here is in Greek, so that a word in Latin letters is either a term that stays (`KEPT`) or was not translated.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QMenu,
    QSpinBox,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.jobs.training_job import TrainingJob
from core.language import LANGUAGE, PSEUDO
from core.latent.explore_state import Direction, Pin, SavedPins
from core.latent.request import Point
from core.queue.entry import Entry, State
from core.queue.folder import Queue
from core.runs.pin_store import save_pins
from studio.application import Application
from studio.main_window import DATA, EXPLORE, HOME, QUEUE, TRAIN
from tests.core.tiny import tiny_settings
from tests.studio.conftest import PATIENCE

NAME = "ΔΕΛΤΑ"
SIZE = QSize(1280, 720)
SCALE = float(os.environ.get("GAN_STUDIO_TEST_SCALE", "1"))
WORD = re.compile(r"[A-Za-z]{3,}")
KEPT = re.compile(
    r"GAN Studio|https?://\S+|\S*[/\\]\S*|[\w-]+\.\w{2,11}\b|(Ctrl|Shift|Alt|Return|Enter|Del|Esc|Home|End)\b\+?|"
    r"\bcpu:|^cgan$|^(CIFAR-100?|(Fashion-)?MNIST)$|^English$|.*arXiv.*|.*, (19|20)\d\d$"
)
"""Parts of texts that are the same in every language: the program's name, addresses, paths, files, keys, devices,
presets, datasets, languages, and papers."""
CLIPPING = 2
"""Pixels that a widget may lack, since hints are rounded."""


def plain(text: str) -> str:
    """Returns what of a text is not in the pseudo-language."""
    while (rest := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = rest
    return KEPT.sub(" ", text)


def texts_of(widget: QWidget) -> Iterator[tuple[str, str]]:
    """Yields kind and text of everything that a widget says."""
    yield "tip", widget.toolTip()
    yield "status tip", widget.statusTip()
    yield "accessible name", widget.accessibleName()
    yield "accessible description", widget.accessibleDescription()
    if widget.isWindow():
        yield "window title", widget.windowTitle()
    match widget:
        case QLabel() | QAbstractButton():
            yield "text", widget.text()
        case QGroupBox() | QMenu():
            yield "title", widget.title()
        case QLineEdit():
            yield "placeholder", widget.placeholderText()
        case QSpinBox() | QDoubleSpinBox():
            yield from (("spin box", text) for text in (widget.prefix(), widget.suffix(), widget.specialValueText()))
        case QTabBar():
            yield from (("tab", widget.tabText(index)) for index in range(widget.count()))
        case QComboBox():
            for index in range(widget.count()):
                yield "choice", widget.itemText(index)
                yield "tip of choice", str(widget.itemData(index, Qt.ItemDataRole.ToolTipRole) or "")
        case QAbstractItemView():
            if (model := widget.model()) is not None:
                yield from items_of(model)
    for action in widget.actions():
        yield "action", action.text()
        yield "tip of action", action.toolTip()


def _is_of_a_library(widget: QWidget) -> bool:
    """Returns whether a widget is part of another: fields of spin boxes, arrows of tabs, menus that plots do not
    open."""
    parent = widget.parent()
    if isinstance(parent, QAbstractSpinBox | QTabBar):
        return True
    above: QObject | None = widget
    while above is not None:
        if isinstance(above, QMenu) and above.title() == "Plot Options":
            return True
        above = above.parent()
    return False


def items_of(model: QAbstractItemModel) -> Iterator[tuple[str, str]]:
    columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(QModelIndex())
    for column in range(columns):
        yield "head", str(model.headerData(column, Qt.Orientation.Horizontal) or "")
        for row in range(min(model.rowCount(QModelIndex()), 30)):
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                yield "item", str(model.data(model.index(row, column), role) or "")


def untranslated(top: QWidget) -> set[str]:
    """Returns texts of a window that are not in the pseudo-language."""
    widgets = (widget for widget in (top, *top.findChildren(QWidget)) if not _is_of_a_library(widget))
    return {
        f"{type(widget).__name__} {kind}: {text[:90]}"
        for widget in widgets
        for kind, text in texts_of(widget)
        if WORD.search(plain(text))
    }


def clipped(top: QWidget) -> set[str]:
    """Returns visible labels and buttons of a window that lack room for their text."""
    found = set()
    for widget in top.findChildren(QWidget):
        if not isinstance(widget, QLabel | QAbstractButton) or not widget.isVisible() or not widget.text():
            continue
        room, needed = widget.size(), widget.minimumSizeHint()
        if isinstance(widget, QLabel) and widget.wordWrap():
            needed = QSize(0, widget.heightForWidth(widget.width()))
        if needed.width() > room.width() + CLIPPING or needed.height() > room.height() + CLIPPING:
            found.add(
                f"{type(widget).__name__} {room.width()}x{room.height()} < {needed.width()}x{needed.height()}: "
                f"{widget.text()[:60]}"
            )
    return found


painted = set[str]()
"""Texts that Python code has painted since the last look."""


@pytest.fixture(autouse=True)
def recorded_painting(monkeypatch: pytest.MonkeyPatch) -> None:
    paint = QPainter.drawText

    def record(painter: QPainter, *arguments: Any) -> Any:
        painted.update(argument for argument in arguments if isinstance(argument, str))
        return paint(painter, *arguments)

    monkeypatch.setattr(QPainter, "drawText", record)


class Walk:
    """Texts that were found wrong on the way, by place."""

    def __init__(self) -> None:
        self.wrong: dict[str, set[str]] = {}
        painted.clear()

    def look(self, place: str, top: QWidget) -> None:
        """Looks at a window as it is."""
        QApplication.processEvents()
        found = clipped(top)
        if LANGUAGE == PSEUDO:
            found |= untranslated(top) | {f"painted: {text}" for text in painted if WORD.search(plain(text))}
        known = set().union(*self.wrong.values())
        if found - known:
            self.wrong.setdefault(place, set()).update(found - known)

    def report(self) -> str:
        return "\n".join(f"{place}\n    " + "\n    ".join(sorted(found)) for place, found in self.wrong.items())


@pytest.fixture(autouse=True)
def letters(qtbot: QtBot) -> Iterator[None]:
    """Letters of the scale that is asked for."""
    from studio import theme

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    usual = app.font(), app.styleSheet(), app.palette()
    theme.apply(app, "light", SCALE)
    yield
    app.setStyleSheet(usual[1])
    app.setPalette(usual[2])
    app.setFont(usual[0])


@pytest.fixture(scope="module")
def greek(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images in two classes, some of them equal, and a run on them with pins."""
    base = tmp_path_factory.mktemp(NAME)
    random = np.random.default_rng(0)
    for name in ("ΑΛΦΑ", "ΒΗΤΑ"):
        (base / NAME / name).mkdir(parents=True)
        for number in range(12):
            image = Image.fromarray(random.integers(0, 256, (16, 24 if number < 3 else 16, 3), np.uint8))
            image.save(base / NAME / name / f"{number}.png")
            if number < 2:
                image.save(base / NAME / name / f"1{number}.png")
    (base / NAME / "ΑΛΦΑ" / "99.png").write_text("x")
    run = base / f"00001-{NAME}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_STUDIO_CACHE", str(base / "cache"))
        for _event in TrainingJob(tiny_settings("cgan", steps=6), str(base / NAME), out=run).events():
            pass
    save_pins(run, SavedPins((Pin(Point(seed=3), "ΓΑΜΜΑ"),), (Direction("ΗΤΑ", (0.1,) * 8),)))
    return base


def open_all(qtbot: QtBot, studio: Application, greek: Path) -> None:
    studio.window.complete()
    studio.window.resize(SIZE)
    studio.open(str(greek / NAME))
    qtbot.waitUntil(lambda: studio.session.data.dataset is not None, timeout=PATIENCE)
    studio.open(str(greek / f"00001-{NAME}"))
    qtbot.waitUntil(lambda: studio.session.resume is not None, timeout=PATIENCE)
    qtbot.wait(1000)


def fill_queue(greek: Path) -> None:
    """Adds an entry of each state but a running one to a paused queue."""
    queue = Queue()
    queue.pause()
    for number, state in enumerate((State.WAITING, State.HELD, State.DONE, State.STOPPED, State.FAILED)):
        out = greek / f"0000{number + 2}-{NAME}"
        settings = tiny_settings("cgan", steps=6)
        added = queue.add(Entry(source=str(greek / NAME), settings=settings, out=out, held=state is State.HELD))
        if state.has_ended:
            queue.end(added, state, "")


def test_the_workspaces(qtbot: QtBot, studio: Application, greek: Path) -> None:
    walk = Walk()
    studio.window.resize(SIZE)
    walk.look("empty Home", studio.window)
    open_all(qtbot, studio, greek)
    studio.window.show_workspace(QUEUE)
    walk.look("empty Queue", studio.window)
    fill_queue(greek)
    workspaces = ("Home", HOME), ("Data", DATA), ("Train", TRAIN), ("Explore", EXPLORE), ("Queue", QUEUE)
    for name, workspace in workspaces:
        studio.window.show_workspace(workspace)
        qtbot.wait(300)
        walk.look(name, studio.window)
    for index in range(studio.window.data.view.tabs.count()):
        studio.window.show_workspace(DATA)
        studio.window.data.view.tabs.setCurrentIndex(index)
        qtbot.wait(300)
        walk.look(f"Data, tab {index}", studio.window)
    assert not walk.wrong, walk.report()


def test_the_settings(qtbot: QtBot, studio: Application, greek: Path) -> None:
    """The Expert page, with everything unfolded."""
    walk = Walk()
    open_all(qtbot, studio, greek)
    studio.window.show_workspace(TRAIN)
    buttons = studio.window.train.findChildren(QAbstractButton)
    for button in buttons:
        if button.isCheckable() and button.isVisible() and not button.isChecked():
            button.click()
            qtbot.wait(20)
            walk.look(f"Train, {button.text()}", studio.window)
    assert not walk.wrong, walk.report()


def test_the_menus_and_dialogs(qtbot: QtBot, studio: Application, greek: Path, tmp_path: Path) -> None:
    walk, seen = Walk(), set[str]()
    studio.session.runs_folder = greek
    open_all(qtbot, studio, greek)
    actions = [action for menu in studio.window.menuBar().findChildren(QMenu) for action in menu.actions()]
    dialogs = [action for action in actions if action.text().rstrip("⟧").rstrip("~").endswith(("…", "..."))]

    def look(title: str, patience: int) -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QDialog):
            if patience:
                QTimer.singleShot(50, partial(look, title, patience - 1))
            return
        qtbot.wait(200)
        if not dialog.inherits("QFileDialog"):
            walk.look(title, dialog)
        seen.add(title)
        dialog.reject()

    for action in dialogs:
        if action.isEnabled():
            QTimer.singleShot(50, partial(look, action.text(), 60))
            action.trigger()
            qtbot.wait(100)
            close_windows(walk, action)
    walk.look("menus", studio.window)
    assert len(seen) > 8
    assert not walk.wrong, walk.report()


def close_windows(walk: Walk, action: QAction) -> None:
    """Looks at dialogs that are not modal, and closes them."""
    for top in QApplication.topLevelWidgets():
        if isinstance(top, QDialog) and top.isVisible():
            walk.look(action.text(), top)
            top.close()
