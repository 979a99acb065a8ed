"""The search for settings in the window: set up, watched in a table and plots, and its best trial continued."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.errors import UserError
from core.queue.folder import Queue
from core.search.space import Variation, suggested
from core.search.study import Snapshot
from core.search.trial import Plan, SearchState, Trial, TrialState
from studio import theme
from studio.application import Application
from studio.dialogs.find_settings import FindSettingsDialog
from studio.model.search.axes import Axis, measured_axis
from studio.model.search.listing import SearchListing
from studio.widgets.search.search_results import SAMPLES, SearchResults
from studio.widgets.search.search_setup import SearchSetup
from tests.core.tiny import TINY, save_pictures, tiny_settings
from tests.studio.conftest import PATIENCE
from tests.studio.test_whole_path import banner_text, button, choose, click

LONG = 8 * PATIENCE
"""Milliseconds; each of the processes of the search, of the runner and of a training imports torch."""
VARIED = (
    Variation(name="lr_g", low=1e-4, high=1e-2, log=True),
    Variation(name="width", choices=(8, 16, 32)),
    Variation(name="augment", choices=("none", "diffaug")),
)


def listing(*trials: Trial, reason: str = "", is_running: bool = True) -> SearchListing:
    plan = Plan(source="flowers", settings=tiny_settings("gan"), variations=VARIED, minutes=10)
    state = SearchState(trials=trials, reason=reason)
    return SearchListing(Snapshot(Path("runs") / "00000-flowers-search", plan, state, is_running))


def trial(number: int, state: TrialState, kid: float | None, lr: float = 1e-3, reason: str = "") -> Trial:
    values: dict[str, int | float | str] = {"lr_g": lr, "width": 16, "augment": "none"}
    recall = None if kid is None else 0.5
    return Trial(
        number=number,
        values=values,
        run=Path("run"),
        state=state,
        kid=kid,
        recall=recall,
        step=9,
        reason=reason,
        seconds=48,
    )


TRIALS = (
    trial(0, TrialState.DONE, 0.08, 1e-4),
    trial(1, TrialState.PRUNED, 0.2, 1e-3, "KID 0.2000 after 1 min is not among the best third."),
    trial(2, TrialState.DONE, 0.04, 1e-2),
    trial(3, TrialState.FAILED, None, 5e-3, "The loss became infinite."),
    trial(4, TrialState.RUNNING, None, 2e-3),
)


@pytest.fixture
def results(qtbot: QtBot) -> SearchResults:
    results = SearchResults()
    qtbot.addWidget(results)
    results.resize(1000, 600)
    results.show()
    results.show_listing(listing(*TRIALS))
    return results


def texts(results: SearchResults) -> list[list[str]]:
    table = results.table
    items = (table.topLevelItem(row) for row in range(table.topLevelItemCount()))
    return [[item.text(column) for column in range(table.columnCount())] for item in items if item is not None]


def test_the_table_ranks_trials_and_says_why_they_ended(results: SearchResults) -> None:
    rows = texts(results)
    assert [row[0] for row in rows] == ["2", "0", "4", "1", "3"]
    assert rows[0] == ["2", "0.01", "16", "None", "0.0400", "0.5000", "Best", ""]
    assert [row[-2] for row in rows[1:]] == ["Done", "Training", "Pruned", "Failed"]
    assert rows[3][-1] == "KID 0.2000 after 1 min is not among the best third."
    assert rows[4][-1] == "The loss became infinite."
    assert results._state.text() == "5 trials: 2 done, 1 pruned, 1 failed · 6:00 left"


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK])
def test_a_click_in_a_plot_selects_the_trial(
    qtbot: QtBot, qapp: QApplication, results: SearchResults, scheme: theme.Scheme
) -> None:
    theme.apply_scheme(qapp, scheme)
    for index, plot in enumerate(results.plots):
        results.tabs.setCurrentIndex(index)
        results.table.clearSelection()
        qtbot.wait(20)
        at = next(
            QPointF(x, y)
            for x in range(plot.width() // 2, plot.width(), 10)
            for y in range(0, plot.height(), 5)
            if plot.trial_at(QPointF(x, y)) == 0
        ).toPoint()
        QTest.mouseMove(plot.viewport(), at)
        QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=at)
        assert results.table.current() == 0
        assert button(results, "Continue trial 0")
        assert "KID 0.0800" in results._said.text()
        assert not plot.grab().isNull()
    theme.apply_scheme(qapp, theme.LIGHT)


def test_the_selection_stays_with_its_trial(results: SearchResults) -> None:
    results.table.select(1)
    results.show_listing(listing(*TRIALS[:4], trial(4, TrialState.DONE, 0.01)))
    assert results.table.current() == 1
    assert texts(results)[0][0] == "4"


def test_a_search_without_trials_says_what_comes(results: SearchResults) -> None:
    results.show_listing(listing())
    assert results._empty.text() == "The first trial begins soon."
    results.show_listing(listing(is_running=False))
    assert results._resume.isVisible()
    assert "interrupted" in results._state.text()
    results.show_listing(listing(is_running=False, reason="The search was stopped."))
    assert not results._resume.isVisible()


def test_ranges_are_checked(qtbot: QtBot) -> None:
    setup = SearchSetup()
    qtbot.addWidget(setup)
    setup.show()
    settings = tiny_settings("gan")
    setup.set_subject("flowers", "flowers", settings, suggested(settings))
    begin = button(setup, "Find settings")
    assert begin.isEnabled()
    assert len(setup.plan().variations) == 4
    for row in setup.form.rows:
        row.check.setChecked(False)
    assert not begin.isEnabled()
    assert "No setting may vary" in setup._problem.text()
    rates = setup.form.rows[0]
    rates.check.setChecked(True)
    assert begin.isEnabled()
    low, high = rates._limits
    low.set_value(high.value())
    with pytest.raises(UserError, match="is empty"):
        setup.plan()


def test_axes_place_values() -> None:
    rate = Axis("Rate", "lr_g", 1e-4, 1e-2, True)
    assert [rate.place(value) for value in (1e-4, 1e-3, 1e-2, 1.0, None, 0.0)] == [
        0.0,
        pytest.approx(0.5),
        1.0,
        1.0,
        None,
        None,
    ]
    assert [label for _at, label in rate.ticks()] == ["0.0001", "0.001", "0.01"]
    assert Axis("Width", "width", choices=(8, 16, 32)).place(16) == 0.5
    assert measured_axis("KID", []).ticks()
    assert measured_axis("KID", [0.1]).place(0.1) == pytest.approx(0.5)


def test_a_search_is_begun_watched_and_continued(qtbot: QtBot, studio: Application, tmp_path: Path) -> None:
    window, session = studio.window, studio.session
    assert not button(window.footer, "Find settings…").isEnabled()
    studio.open(str(save_pictures(tmp_path / "a b", 60)))
    qtbot.waitUntil(lambda: session.data.dataset is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bool(session.explore.devices), timeout=PATIENCE)
    choose(studio, "preset", "gan")
    form = window.train.form
    form.set_settings(form.settings().changed(**{**TINY, "evaluation_images": 50}))
    click(button(window.footer, "Find settings…"))
    dialog = window.findChild(FindSettingsDialog)
    assert dialog is not None
    dialog.setup._minutes.setValue(0.1)
    click(button(dialog.setup, "Find settings"))

    def has_ended() -> bool:
        found = session.search.listing
        return found is not None and not found.is_running and bool(found.rows)

    qtbot.waitUntil(has_ended, timeout=LONG)
    found = session.search.listing
    assert found is not None
    best = found.row(found.best)
    assert best is not None
    assert best.kid is not None
    assert texts(dialog.results)[0][-2] == "Best"
    dialog.results.tabs.setCurrentIndex(SAMPLES)
    qtbot.waitUntil(lambda: len(dialog.results.samples.grids[0].images()) == 1, timeout=PATIENCE)
    Queue().pause()
    click(button(dialog.results, "Continue the best"))
    qtbot.waitUntil(lambda: len(Queue().entries()) == 1, timeout=PATIENCE)
    entry = Queue().entries()[0].entry
    assert entry.resume == best.checkpoint
    assert entry.out.parent == session.runs_folder
    assert entry.settings == form.settings().changed(**best.values)
    qtbot.waitUntil(lambda: "was added to the queue" in banner_text(studio), timeout=PATIENCE)

    click(button(window.footer, "Find settings…"))
    again = window.findChild(FindSettingsDialog)
    assert again is not None
    click(button(again.setup, "Last search"))
    assert len(texts(again.results)) == len(found.rows)
    click(button(again.results, "Open"))
    qtbot.waitUntil(lambda: session.training.run_folder == best.run, timeout=PATIENCE)
    again.close()
