"""Where settings were changed while a training ran stands on its curves: a line that says what changed."""

from __future__ import annotations

import numpy as np
import pytest
from pyqtgraph import InfiniteLine
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QGraphicsView, QWidget
from pytestqt.qtbot import QtBot

from core.events import Edited, Report
from studio import theme
from studio.application import Application
from studio.main_window import TRAIN
from studio.model.history import History
from studio.panels.train import TrainPanel
from studio.widgets.plots.curve_plot import CurvePlot

EDIT = Edited(500, {"lr_d": 0.001, "mirror": True})
LEAST = 30
"""Pixels of a dashed line; a curve or a word has fewer in one column."""


def reports(*keys: str) -> list[Report]:
    return [Report(step, 8 * step, 0.1 * step, dict.fromkeys(keys, 0.5)) for step in range(0, 1010, 10)]


LOSSES = "Loss/D/loss", "Loss/G/loss"
PROBABILITIES = reports(*LOSSES, "Score/real", "Score/fake")
WITHOUT_PROBABILITIES = reports(*LOSSES, "Loss/scores/real", "Loss/scores/fake")


@pytest.fixture
def panel(qtbot: QtBot, studio: Application) -> TrainPanel:
    """The window's, on screen and ready to draw."""
    studio.window.resize(1280, 800)
    studio.window.show_workspace(TRAIN)
    plots = studio.window.train.plots.cards
    qtbot.waitUntil(lambda: all(plot.findChild(QGraphicsView) for plot in plots))
    return studio.window.train


def canvas(plot: CurvePlot) -> QWidget:
    view = next(view for view in plot.findChildren(QGraphicsView) if view.isVisible())
    return view.viewport()


def marked(plot: CurvePlot) -> list[int]:
    """The columns of pixels in which there is a mark."""
    image = canvas(plot).grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    counts = (pixels == QColor(theme.current().accent).rgb()).sum(0)
    return [int(x) for x in np.flatnonzero(counts >= LEAST)]


def said(qtbot: QtBot, plot: CurvePlot, x: int) -> str:
    """Returns the readout under the pointer."""
    QTest.mouseMove(canvas(plot), QPoint(x, canvas(plot).height() // 2))
    qtbot.waitUntil(lambda: "step" in plot.readout())
    return plot.readout()


@pytest.mark.parametrize("drawn", [PROBABILITIES, WITHOUT_PROBABILITIES], ids=["probabilities", "logits"])
@pytest.mark.parametrize("is_edited_first", [True, False])
def test_an_edit_is_marked_on_both_plots(
    qtbot: QtBot, studio: Application, panel: TrainPanel, drawn: list[Report], is_edited_first: bool
) -> None:
    if is_edited_first:  # the plots are made anew for other curves, and keep it
        studio.session.training.edited.emit(EDIT)
    studio.session.workers.reported.emit(drawn)
    if not is_edited_first:
        assert not marked(panel.plots.cards[0])
        studio.session.training.edited.emit(EDIT)
    for plot in panel.plots.cards:
        (x,) = marked(plot)
        words = said(qtbot, plot, x)
        assert "step 500" in words
        assert words.endswith("Learning rate D 0.001, Mirror on")
        assert "Learning" not in said(qtbot, plot, x + 40)


def test_marks_go_with_the_steps_that_did_not_happen(studio: Application, panel: TrainPanel) -> None:
    studio.session.workers.reported.emit(PROBABILITIES)
    for edit in (Edited(200, {"lr_g": 0.01}), EDIT):
        studio.session.training.edited.emit(edit)
    first, _ = marked(panel.plots.cards[0])
    studio.session.training.continued.emit(500)
    studio.session.workers.reported.emit(PROBABILITIES[51:61])  # or the second would be at the very edge
    assert len(marked(panel.plots.cards[0])) == 2
    studio.session.training.continued.emit(499)
    assert len(marked(panel.plots.cards[0])) == 1
    assert marked(panel.plots.cards[0])[0] > first  # the same step, now that fewer are shown
    studio.session.training.began.emit()
    studio.session.workers.reported.emit(PROBABILITIES)
    assert not marked(panel.plots.cards[0])


def test_of_very_many_edits_some_are_marked(qtbot: QtBot, panel: TrainPanel) -> None:
    history = History()
    for report in PROBABILITIES:
        history.append(report.step, report.seconds, report.stats)
    words = {"note": "word " * 400}
    panel.set_history(history, [Edited(step, words) for step in range(1001) for _ in range(20)])
    for plot in panel.plots.cards:
        view = next(view for view in plot.findChildren(QGraphicsView) if view.isVisible())
        lines = [item for item in view.scene().items() if isinstance(item, InfiniteLine) and item.isVisible()]
        assert len(lines) == 100
        steps = sorted(line.value() for line in lines)
        assert (steps[0], steps[-1]) == (0, 1000)
        assert max(np.diff(steps)) <= 11
        assert len(said(qtbot, plot, canvas(plot).width() // 2)) < 2000


def test_an_opened_run_shows_its_marks(qtbot: QtBot, panel: TrainPanel) -> None:
    history = History()
    for report in PROBABILITIES:
        history.append(report.step, report.seconds, report.stats)
    panel.set_history(history, [Edited(200, {"lr_g": 0.01}), EDIT])
    for plot in panel.plots.cards:
        first, second = marked(plot)
        assert said(qtbot, plot, first).endswith("Learning rate G 0.01")
        assert said(qtbot, plot, second).endswith("Learning rate D 0.001, Mirror on")
