"""The window stays within its screen, whatever it shows and however large the letters are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QSize
from PySide6.QtWidgets import QApplication, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from core.events import Progress
from studio.application import Application
from studio.main_window import DATA, EXPLORE, HOME, QUEUE, TRAIN
from studio.model.home import Project, ProjectsListed
from studio.model.run_status import training
from studio.model.train import TrainingState
from tests.studio.conftest import PATIENCE

SMALLEST = QSize(900, 560)
TWICE_SCALED = QSize(800, 500)
"""A screen of 1600x1000 pixels at 200 %."""
LONG = "a-name-that-has-no-place-to-break-" * 12


@pytest.fixture(params=[1.0, 1.5])
def letters(request: pytest.FixtureRequest) -> Iterator[float]:
    """Scale of the font, relative to the usual one."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    usual = app.font()
    larger = app.font()
    if usual.pixelSize() > 0:
        larger.setPixelSize(round(usual.pixelSize() * request.param))
    else:
        larger.setPointSizeF(usual.pointSizeF() * request.param)
    app.setFont(larger)
    yield request.param
    app.setFont(usual)


class ShownWindows(QObject):
    """Widgets that were shown as windows."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[QWidget] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.shown.append(watched)
        return False


def test_no_part_of_the_window_flashes_up_as_a_window_of_its_own(qtbot: QtBot, request: pytest.FixtureRequest) -> None:
    app, windows = QApplication.instance(), ShownWindows()
    assert app is not None
    app.installEventFilter(windows)
    studio: Application = request.getfixturevalue("studio")
    studio.window.complete()
    for workspace in (DATA, TRAIN, EXPLORE, HOME):
        studio.window.show_workspace(workspace)
    app.removeEventFilter(windows)
    assert windows.shown == [studio.window]


def fill(qtbot: QtBot, studio: Application, run: Path) -> None:
    """Opens a run, with every workspace built, and says everything that can be said, with long names."""
    window = studio.window
    window.complete()
    studio.open(str(run))
    qtbot.waitUntil(lambda: studio.session.resume is not None, timeout=PATIENCE)
    project = Project(f"/data/{LONG}", LONG, True, 10**9, LONG, datetime.now())
    window.home.show_projects(ProjectsListed((project,) * 3, (project,)))
    window.train.set_resume(f"Continues {LONG} from step 1,000,000,000")
    window.banner.show_problem(f"{LONG} could not be read.", f"Look at {LONG}.", LONG)
    window.jobs.show_progress(Progress(f"Saving {LONG}", 1, 2))
    window.reading.show_progress(Progress(f"Reading {LONG}", 1, 2))
    window.footer.show_status(LONG)
    window.train.strip.name.set_name(LONG)
    for part in (window.footer, window.train.strip):
        part.show_run(training(TrainingState.STARTING, Progress(LONG, 1, 2), None))


def test_it_needs_no_more_room_than_a_small_screen_has(
    qtbot: QtBot, letters: float, studio: Application, trained: Path
) -> None:
    before = studio.window.size()
    fill(qtbot, studio, trained)
    for workspace in (HOME, DATA, TRAIN, EXPLORE, QUEUE):
        studio.window.show_workspace(workspace)
        QApplication.processEvents()
        needed = studio.window.minimumSizeHint()
        assert needed.boundedTo(TWICE_SCALED) == needed, (workspace, needed)
        assert studio.window.size() == before


def test_the_window_is_never_larger_than_its_screen(studio: Application) -> None:
    room = studio.window.screen().availableSize()
    studio.window.complete()
    studio.window.show_workspace(EXPLORE)
    QApplication.processEvents()
    for size in (studio.window.size(), studio.window.minimumSize()):
        assert size.boundedTo(room) == size
    assert studio.window.minimumSize().boundedTo(SMALLEST) == studio.window.minimumSize()


def test_start_is_on_screen_and_everything_else_is_reached_by_scrolling(
    qtbot: QtBot, letters: float, studio: Application, trained: Path
) -> None:
    fill(qtbot, studio, trained)
    window = studio.window
    window.setMinimumSize(TWICE_SCALED)
    window.resize(TWICE_SCALED)
    for workspace in (HOME, DATA, TRAIN, EXPLORE, QUEUE):
        window.show_workspace(workspace)
        QApplication.processEvents()
        assert window.size() == TWICE_SCALED
        for button in filter(QPushButton.isVisible, window.footer.findChildren(QPushButton)):
            corner = button.mapTo(window, QPoint(button.width(), button.height()))
            assert corner.x() <= window.width()
            assert corner.y() <= window.height()
        area = window.pages.currentWidget()
        assert isinstance(area, QScrollArea)
        inside, seen = area.widget(), area.viewport()
        assert inside is not None
        assert inside.width() - seen.width() == area.horizontalScrollBar().maximum()
        assert inside.height() - seen.height() == area.verticalScrollBar().maximum()
        assert inside.size().expandedTo(inside.minimumSizeHint()) == inside.size()


def test_the_smallest_window_shows_every_workspace_without_scrolling(
    qtbot: QtBot, studio: Application, trained: Path
) -> None:
    window = studio.window
    window.complete()
    studio.open(str(trained))
    qtbot.waitUntil(lambda: studio.session.resume is not None, timeout=PATIENCE)
    window.banner.dismiss()
    window.setMinimumSize(SMALLEST)
    window.resize(SMALLEST)
    for workspace in (HOME, DATA, TRAIN, EXPLORE, QUEUE):
        window.show_workspace(workspace)
        QApplication.processEvents()
        area = window.pages.currentWidget()
        assert isinstance(area, QScrollArea)
        assert area.horizontalScrollBar().maximum() == 0, workspace
        assert area.verticalScrollBar().maximum() == 0, workspace
