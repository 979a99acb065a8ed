"""The plots below the images: what can be plotted, and adding, removing, reordering and maximizing."""

from __future__ import annotations

from itertools import pairwise
from time import thread_time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from core.stats.keys import meaning
from studio.model.history import History
from studio.panels.train import TrainPanel
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.plots.plot_card import PlotCard
from studio.widgets.plots.plot_stack import PlotStack
from studio.widgets.plots.subjects import LOSSES, SCORES, subjects

LEFT = Qt.MouseButton.LeftButton
FID = "Metrics/fid@vgg16:1000:3000:train"
OTHER_FID = "Metrics/fid@vgg16:2000:3000:train"
USUAL = {"Loss/D/loss": 1.0, "Loss/G/loss": 2.0, "Score/real": 0.6, "Score/fake": 0.4}
MORE = {
    "Signal/diversity": 0.9,
    "Signal/D/gradient": 1.0,
    "Signal/G/gradient": 2.0,
    "Timing/images_per_sec": 300.0,
    "Memory/host_gb": 2.0,
    "Memory/device_gb": 3.0,
    FID: 50.0,
    OTHER_FID: 40.0,
}


def history(stats: dict[str, float], reports: int = 100) -> History:
    made, steps = History(), np.arange(reports) * 10
    made.extend(steps, steps / 10, {key: np.full(reports, value) for key, value in stats.items()})
    return made


@pytest.fixture
def stack(qtbot: QtBot) -> PlotStack:
    stack = PlotStack(history({**USUAL, **MORE}))
    qtbot.addWidget(stack)
    stack.resize(1200, 220)
    with qtbot.waitExposed(stack):
        stack.show()
    stack.refresh()
    return stack


def test_a_translation_with_targets_shows_its_losses_by_name_and_its_psnr(qtbot: QtBot) -> None:
    losses = {"Loss/D/loss": 1.0, "Loss/G/loss": 0.7, "Loss/G/l1": 0.1, "Loss/G/content": 0.2}
    signals = {"Signal/psnr": 24.0, "Signal/psnr_input": 22.0, "Signal/ssim": 0.8, "Signal/ssim_input": 0.7}
    stack = PlotStack(history({**losses, **signals, "Loss/scores/real": 0.1, "Loss/scores/fake": 0.0}))
    qtbot.addWidget(stack)
    stack.resize(1200, 220)
    with qtbot.waitExposed(stack):
        stack.show()
    stack.refresh()
    assert titles(stack) == ["Losses", "PSNR"]
    first, second = (card.subject for card in stack.cards)
    assert [label for _key, label in first.curves] == ["Discriminator", "Generator", "L1", "Content"]
    assert [label for _key, label in second.curves] == ["Output", "Input"]
    assert (second.term, second.meaning) == ("psnr", meaning("Signal/psnr"))
    stack.add("Signal/ssim")
    assert titles(stack) == ["Losses", "PSNR", "SSIM"]
    assert all(card.findChildren(HelpButton) for card in stack.cards)


def titles(stack: PlotStack) -> list[str]:
    """From left to right, as they are seen."""
    QApplication.processEvents()
    seen = [card for card in stack.cards if card.isVisible()]
    assert all(left.x() + left.width() <= right.x() for left, right in pairwise(seen))
    return [card.title.text() for card in seen]


def tool(parent: QWidget, name: str) -> QToolButton:
    return next(button for button in parent.findChildren(QToolButton) if button.accessibleName() == name)


def entries(stack: PlotStack) -> dict[str, QAction]:
    """Returns the plots that can be added, as the menu lists them."""
    menu = tool(stack, "Add plot").menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions() if not action.isSeparator()}


def test_losses_and_scores_are_plotted_until_a_person_chooses(stack: PlotStack) -> None:
    assert titles(stack) == ["Losses", "Probability of real"]
    for card in stack.cards:
        help_button = card.findChild(HelpButton)
        assert isinstance(help_button, HelpButton)
        assert help_button.isVisible()


def test_scores_are_what_the_loss_makes_of_them(stack: PlotStack) -> None:
    stack.set_history(history({"Loss/D/loss": 1.0, "Loss/G/loss": 1.0, "Loss/scores/real": 3, "Loss/scores/fake": -3}))
    assert titles(stack) == ["Losses", "Discriminator scores"]
    assert stack.shown() == [LOSSES, SCORES]
    stack.set_history(history(USUAL))
    assert titles(stack) == ["Losses", "Probability of real"]


def test_everything_a_run_knows_can_be_added_by_its_name(stack: PlotStack) -> None:
    listed = entries(stack)
    protocols = [
        f"FID: vgg16 features, {count} generated against 3,000 training images" for count in ("1,000", "2,000")
    ]
    named = {"Losses", "Probability of real", "Diversity vs. real", "Gradient norms", "Images per second"}
    assert named | {"Memory", *protocols} == set(listed)
    assert [text for text, action in listed.items() if action.isChecked()] == titles(stack)
    listed["Gradient norms"].trigger()
    assert titles(stack)[2:] == ["Gradient norms"]
    assert stack.cards[2].readout() == "Gradient norm of D  Gradient norm of G"
    entries(stack)["Losses"].trigger()
    assert titles(stack) == ["Probability of real", "Gradient norms"]


def test_numbers_measured_in_different_ways_never_share_an_axis() -> None:
    known = subjects([FID, OTHER_FID, FID.replace("fid", "fid_std")])
    assert [subject.curves for subject in known.values() if "FID" in subject.title] == [
        ((FID, "FID"),),
        ((OTHER_FID, "FID"),),
    ]
    assert known[FID].meaning == meaning(FID)
    assert known[FID].term == "fid"


def test_a_plot_is_removed_and_the_last_one_stays(stack: PlotStack) -> None:
    for card in list(stack.cards):
        QTest.mouseClick(tool(card, "Remove plot"), LEFT)
    assert titles(stack) == ["Probability of real"]


def test_a_hand_drags_a_plot_by_its_title(stack: PlotStack) -> None:
    stack.add("Signal/diversity")
    assert titles(stack)[0] == "Losses"
    drag(stack, stack.cards[0], stack.cards[2])
    assert titles(stack) == ["Probability of real", "Diversity vs. real", "Losses"]
    assert stack.shown() == [SCORES, "Signal/diversity", LOSSES]
    drag(stack, stack.cards[2], stack.cards[0])
    assert titles(stack) == ["Losses", "Probability of real", "Diversity vs. real"]


def drag(stack: PlotStack, card: PlotCard, onto: PlotCard) -> None:
    beyond = 20 if onto.x() > card.x() else -20
    target = onto.mapToGlobal(onto.rect().center() + QPoint(beyond, 0))
    QTest.mousePress(card.title, LEFT)
    start = card.title.mapToGlobal(QPoint(4, 4))
    for part in range(1, 11):
        QTest.mouseMove(card.title, card.title.mapFromGlobal(start + (target - start) * part / 10))
        QApplication.processEvents()
    QTest.mouseRelease(card.title, LEFT)


def test_keys_move_a_plot_as_well(stack: PlotStack) -> None:
    menu = tool(stack.cards[0], "Options").menu()
    assert isinstance(menu, QMenu)
    words = {action.text(): action for action in menu.actions()}
    assert not words["Move left"].isEnabled()
    words["Move right"].trigger()
    assert titles(stack) == ["Probability of real", "Losses"]
    assert words["Move left"].isEnabled()


def test_another_subject_takes_the_place_of_one(stack: PlotStack) -> None:
    card = stack.cards[1]
    card.instead.aboutToShow.emit()
    next(action for action in card.instead.actions() if action.text() == "Memory").trigger()
    assert titles(stack) == ["Losses", "Memory"]
    assert card.readout() == "Program memory, GB  Device memory, GB"


def test_one_plot_takes_the_place_of_all(qtbot: QtBot) -> None:
    panel = TrainPanel()
    qtbot.addWidget(panel)
    panel.resize(1280, 550)
    with qtbot.waitExposed(panel):
        panel.show()
    stack = panel.plots
    before = stack.height()
    QTest.mouseClick(tool(stack.cards[1], "Maximize"), LEFT)
    QApplication.processEvents()
    assert not stack.cards[0].isVisible()
    assert not panel.stage.isVisible()
    assert stack.height() > before + 200
    QTest.keyClick(stack.cards[1], Qt.Key.Key_M)
    QApplication.processEvents()
    assert stack.cards[0].isVisible()
    assert panel.stage.isVisible()
    assert stack.height() == before


def test_evidence_is_plotted_beside_what_is_there(stack: PlotStack) -> None:
    stack.show_keys(("Signal/unknown", "Signal/D/gradient"))
    assert titles(stack)[2:] == ["Gradient norms"]
    assert stack.focusWidget() is stack.cards[2]
    stack.show_keys(("Loss/G/loss",))
    assert len(stack.cards) == 3
    assert stack.focusWidget() is stack.cards[0]


def test_plots_are_restored_before_their_numbers_are_known(qtbot: QtBot) -> None:
    stack = PlotStack(History())
    qtbot.addWidget(stack)
    stack.show_names(["Signal/diversity", LOSSES, "Signal/diversity", "no such thing"])
    assert stack.shown() == ["Signal/diversity", LOSSES, "no such thing"]
    stack.set_history(history({**USUAL, **MORE}))
    assert stack.cards[0].title.text() == "Diversity vs. real"
    assert stack.cards[0].readout() == "Diversity vs. real"


def test_a_number_is_drawn_as_wide_as_it_varies(stack: PlotStack) -> None:
    kid, spread = "Metrics/kid@vgg16:1000:3000:train", "Metrics/kid_std@vgg16:1000:3000:train"
    made = History()
    for step in (10, 20):
        made.append(step, 1.0, {"Loss/D/loss": 1.0, kid: 0.25, spread: 0.125})
    stack.set_history(made)
    assert not any("deviation" in text for text in entries(stack))
    stack.show_keys([kid])
    stack.set_moment(20)
    assert "KID 0.25 ± 0.12" in stack.cards[-1].readout()
    steps, low, high, mean = made.view(kid, 0, 100, 50)
    assert [list(values) for values in (steps, low, high, mean)] == [[10, 20], [0.125] * 2, [0.375] * 2, [0.25] * 2]


def test_a_plot_of_20_000_reports_is_painted_in_a_part_of_a_frame(stack: PlotStack) -> None:
    """Its strong lines are 2 px wide and not antialiased; the limit is generous, for a busy machine."""
    noise = np.random.default_rng(0).random(20_000)
    made = History()
    made.extend(np.arange(20_000), np.arange(20_000), {"Loss/D/loss": noise, "Loss/G/loss": noise})
    stack.set_history(made)
    canvas = stack.cards[0]._canvas
    assert canvas is not None
    times = []
    for _ in range(20):
        begun = thread_time()  # of the processor, which other programs may use as well
        canvas.viewport().repaint()
        times.append(thread_time() - begun)
    assert canvas._smooth[0].opts["pen"].widthF() == 2
    assert min(times) < 0.012


def test_in_a_narrow_plot_the_title_comes_before_tools_that_the_menu_has(stack: PlotStack) -> None:
    card = stack.cards[0]
    for width, shown in ((520, False), (1200, True)):
        stack.resize(width, 220)
        QApplication.processEvents()
        assert tool(card, "Maximize").isVisible() is shown
        assert tool(card, "Reset view").isVisible() is shown
        assert card.title.width() >= card.title.fontMetrics().horizontalAdvance("Losses")
    menu = tool(card, "Options").menu()
    assert isinstance(menu, QMenu)
    assert {"Maximize or restore", "Show everything"} <= {action.text() for action in menu.actions()}
