"""The Explore panel, used as a person does; a function of numpy answers in place of a generator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QShortcut, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QSlider,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.events import Images
from core.latent import Conditions, LatentRequest, drawn, seed_codes
from core.presets import preset
from studio.explorer import Source
from studio.panels.explore import ExplorePanel
from studio.widgets.image_grid import ImageGrid
from studio.widgets.image_viewer import ImageViewer
from studio.widgets.latent_strip import TILES

CHECKPOINT = Path("/runs/00003-emoji-dcgan/checkpoints/000012000.safetensors")
LEFT = Qt.MouseButton.LeftButton
ANIMALS = ("cat", "dog", "fox")
NO_KEYS = Qt.KeyboardModifier.NoModifier


def source(
    path: Path | None = CHECKPOINT,
    directions: int = 16,
    classes: tuple[str, ...] = (),
    categories: int = 0,
    continuous: int = 0,
) -> Source:
    return Source(
        path=path,
        step=12000,
        settings=preset("studio").apply(resolution=16, latent_dim=8),
        dataset="sample:digits",
        directions=directions,
        classes=classes,
        categories=categories,
        continuous=continuous,
    )


def images_of(request: LatentRequest) -> Images:
    shades = (127 + 20 * drawn(request, 3, Conditions()).z.clip(-6, 6)).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(shades[:, None, None, :], (len(shades), 16, 16, 3)))


def named(panel: QWidget, kind: type[QWidget], name: str) -> QWidget:
    """The visible widget that a screen reader would call `name`."""
    found = [widget for widget in panel.findChildren(kind) if widget.accessibleName() == name]
    assert len(found) == 1, f"{len(found)} {kind.__name__} called {name!r}"
    return found[0]


def click(qtbot: QtBot, panel: QWidget, kind: type[QWidget], name: str) -> None:
    QTest.mouseClick(named(panel, kind, name), LEFT)


def set_number(qtbot: QtBot, panel: QWidget, name: str, text: str) -> None:
    spin = named(panel, QDoubleSpinBox, name)
    spin.setFocus()
    assert isinstance(spin, QDoubleSpinBox)
    spin.selectAll()
    QTest.keyClicks(spin, text)
    QTest.keyClick(spin, Qt.Key.Key_Return)


def choose(panel: QWidget, name: str, option: str) -> None:
    """With the arrow keys, past all the options between."""
    box = named(panel, QComboBox, name)
    assert isinstance(box, QComboBox)
    box.setFocus()
    steps = box.findText(option) - box.currentIndex()
    for _ in range(abs(steps)):
        QTest.keyClick(box, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)
    assert box.currentText() == option


def seen(panel: QWidget, name: str) -> bool:
    """Whether a control of that name can be seen, and used."""
    found = [widget for widget in panel.findChildren(QWidget) if widget.accessibleName() == name]
    return any(widget.isVisible() and widget.isEnabled() for widget in found)


def wheel(target: QWidget) -> None:
    place = QPointF(target.rect().center())
    no_buttons, no_phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    at = QPointF(target.mapToGlobal(place.toPoint()))
    event = QWheelEvent(place, at, QPoint(), QPoint(0, -120), no_buttons, NO_KEYS, no_phase, False)
    QApplication.sendEvent(target, event)


class Asked:
    """Records what a panel asks, and answers when told to."""

    def __init__(self, panel: ExplorePanel, at_once: bool = True) -> None:
        self.panel, self.at_once = panel, at_once
        self.requests: list[tuple[str, LatentRequest]] = []
        panel.requested.connect(self.ask)

    def ask(self, slot: str, request: LatentRequest) -> None:
        self.requests.append((slot, request))
        if self.at_once:
            self.answer()

    def answer(self) -> None:
        slot, request = self.requests[-1]
        self.panel.show_images(slot, request, images_of(request))

    def take(self) -> list[tuple[str, LatentRequest]]:
        taken, self.requests = self.requests, []
        return taken

    @property
    def newest_image(self) -> LatentRequest:
        return [request for slot, request in self.requests if slot == "image"][-1]


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[ExplorePanel]:
    panel = ExplorePanel()
    qtbot.addWidget(panel)
    panel.resize(1280, 620)
    panel.show()
    qtbot.waitExposed(panel)
    panel.activateWindow()
    yield panel
    panel.hide()


@pytest.fixture
def asked(panel: ExplorePanel) -> Asked:
    asked = Asked(panel)
    panel.show_source(source())
    return asked


def large(panel: ExplorePanel) -> ImageGrid:
    grid = named(panel, ImageGrid, "Image")
    assert isinstance(grid, ImageGrid)
    return grid


def strip(panel: ExplorePanel) -> ImageGrid:
    grid = named(panel, ImageGrid, "Images from A to B")
    assert isinstance(grid, ImageGrid)
    return grid


def click_tile(qtbot: QtBot, panel: ExplorePanel, index: int, modifier: Qt.KeyboardModifier = NO_KEYS) -> None:
    grid = strip(panel)
    QTest.mouseClick(grid, LEFT, modifier, grid.tile_rect(index).center())


def test_without_a_source_it_asks_nothing_and_offers_to_open(qtbot: QtBot, panel: ExplorePanel) -> None:
    asked = Asked(panel)
    buttons = [button for button in panel.findChildren(QPushButton) if button.isVisible() and button.text() == "Open…"]
    with qtbot.waitSignal(panel.open_requested):
        QTest.mouseClick(buttons[0], LEFT)
    QTest.keyClick(panel, Qt.Key.Key_Space)
    assert len(buttons) == 1
    assert not named(panel, QPushButton, "Export images").isEnabled()
    assert asked.take() == []


def test_a_source_is_named_and_asked_for_the_image_and_the_way(panel: ExplorePanel, asked: Asked) -> None:
    (image_slot, image), (strip_slot, way) = asked.take()
    assert (image_slot, strip_slot) == ("image", "strip")
    assert image.positions == (0.0,)
    assert way.positions == TILES
    assert (TILES[0], TILES[-1], len(TILES)) == (0.0, 1.0, 8)
    assert np.array_equal(large(panel).images(), images_of(image))
    assert np.array_equal(strip(panel).images(), images_of(way))
    assert panel.findChild(QWidget, "title").text() == "studio · step 12,000 · 00003-emoji-dcgan"  # type: ignore[union-attr]
    panel.show_source(source(path=None))
    assert panel.findChild(QWidget, "title").text().endswith("running training")  # type: ignore[union-attr]
    panel.show_source(None)
    assert not len(large(panel).images())


def test_seeds_psi_directions_and_mode_ask_for_both(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    asked.take()
    set_number(qtbot, panel, "Seed A", "4294967295")
    set_number(qtbot, panel, "Diversity ψ, value", "0.7")
    set_number(qtbot, panel, "Direction 2, value", "-1.5")
    named(panel, QComboBox, "Interpolation").setFocus()
    QTest.keyClick(named(panel, QComboBox, "Interpolation"), Qt.Key.Key_Down)
    requests = asked.take()
    assert [slot for slot, _ in requests] == ["image", "strip"] * 4
    last = requests[-1][1]
    assert last.seeds == (4294967295, 1)
    assert (last.mode, last.psi) == ("lerp", 0.7)
    assert last.directions == (0.0, -1.5, *[0.0] * 8)


def test_moving_along_the_way_asks_for_the_image_only(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    asked.take()
    slider = named(panel, QSlider, "A → B")
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert [(slot, request.positions) for slot, request in asked.take()] == [("image", (0.001,)), ("image", (1.0,))]


def test_a_click_or_an_arrow_in_the_strip_goes_there(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    asked.take()
    click_tile(qtbot, panel, 3)
    QTest.keyClick(strip(panel), Qt.Key.Key_Right)
    assert [request.positions for _, request in asked.take()] == [(TILES[3],), (TILES[4],)]


def test_swapping_keeps_the_image(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    click_tile(qtbot, panel, 2)
    before = large(panel).images().copy()
    click(qtbot, panel, QToolButton, "Swap A and B")
    assert panel.current_request().seeds == (1, 0)
    assert panel.current_request().positions == (1 - TILES[2],)
    assert np.array_equal(large(panel).images(), before)
    assert strip(panel).selected() == [5]


def test_directions_are_as_many_as_the_generator_has_and_reset_together(
    qtbot: QtBot, panel: ExplorePanel, asked: Asked
) -> None:
    def sliders() -> int:
        return len([one for one in panel.findChildren(QSlider) if one.accessibleName().startswith("Direction")])

    assert sliders() == 10
    set_number(qtbot, panel, "Direction 1, value", "2")
    panel.show_source(source(directions=3))
    qtbot.waitUntil(lambda: sliders() == 3)
    assert panel.current_request().directions == (2.0, 0.0, 0.0)
    asked.take()
    click(qtbot, panel, QToolButton, "Reset all directions")
    assert panel.current_request().directions == ()
    assert len(asked.take()) == 2


def test_space_walks_without_a_backlog(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    asked.take()
    asked.at_once = False
    panel.setFocus()
    QTest.keyClick(panel, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(asked.requests) == 1)
    qtbot.wait(120)
    assert len(asked.requests) == 1  # nobody answered, so nothing more is asked
    asked.answer()
    qtbot.waitUntil(lambda: len(asked.requests) == 2)
    first, second = (request.positions[0] for _, request in asked.requests)
    assert 0 < first < second <= first + 0.05
    QTest.keyClick(panel, Qt.Key.Key_Space)
    asked.answer()
    qtbot.wait(80)
    assert len(asked.requests) == 2


def test_at_the_end_of_the_walk_b_becomes_a(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    click_tile(qtbot, panel, 7)
    asked.take()
    arrived = large(panel).images().astype(int)
    click(qtbot, panel, QToolButton, "Play the walk")
    qtbot.waitUntil(lambda: any(slot == "strip" for slot, _ in asked.requests))
    click(qtbot, panel, QToolButton, "Pause the walk")
    _, beginning = asked.requests[0]
    assert beginning.seeds[0] == 1
    assert beginning.seeds[1] not in (0, 1)
    assert 0 <= beginning.positions[0] < 0.1
    assert abs(images_of(beginning) - arrived).max() < 25


def test_the_walk_stops_when_the_panel_is_left(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    click(qtbot, panel, QToolButton, "Play the walk")
    panel.hide()
    asked.take()
    qtbot.wait(100)
    assert asked.take() == []


def test_space_in_the_panel_is_not_the_windows(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    panel = ExplorePanel()
    window.setCentralWidget(panel)
    paused: list[bool] = []
    QShortcut(QKeySequence("Space"), window, lambda: paused.append(True))
    asked = Asked(panel)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    panel.show_source(source())
    panel.setFocus()
    asked.take()
    QTest.keyClick(panel, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(asked.requests))
    window.hide()
    assert not paused


def test_following_is_offered_while_training_and_never_echoes(qtbot: QtBot, panel: ExplorePanel) -> None:
    live: list[bool] = []
    panel.live_changed.connect(live.append)
    box = named(panel, QWidget, "Follow the training")
    assert not box.isEnabled()
    panel.set_training(True)
    panel.set_live(True)
    assert live == []
    QTest.mouseClick(box, LEFT, NO_KEYS, QPoint(8, box.height() // 2))
    assert live == [False]


def test_the_request_to_export_gives_what_is_on_screen(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    click_tile(qtbot, panel, 3)
    with qtbot.waitSignal(panel.export_requested) as one:
        click(qtbot, panel, QPushButton, "Export images")
    assert one.args[0].positions == (TILES[3],)
    assert np.array_equal(images_of(one.args[0]), panel.current_images())
    click_tile(qtbot, panel, 1, Qt.KeyboardModifier.ControlModifier)
    with qtbot.waitSignal(panel.export_requested) as several:
        click(qtbot, panel, QPushButton, "Export images")
    assert several.args[0].positions == (TILES[1], TILES[3])
    assert np.array_equal(images_of(several.args[0]), panel.current_images())


def test_a_moved_slider_gives_up_the_selection(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    click_tile(qtbot, panel, 3)
    click_tile(qtbot, panel, 5, Qt.KeyboardModifier.ControlModifier)
    slider = named(panel, QSlider, "A → B")
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert strip(panel).selected() == []
    assert len(panel.current_request().positions) == 1


def test_enter_enlarges_the_image(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    QTest.keyClick(large(panel), Qt.Key.Key_Return)
    viewer = panel.findChild(ImageViewer)
    assert viewer is not None
    assert viewer.isVisible()
    QTest.keyClick(viewer, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: panel.findChild(ImageViewer) is None)


def test_without_conditions_there_is_nothing_to_choose(panel: ExplorePanel, asked: Asked) -> None:
    names = ("Class", "Mix with", "Share", "Category", "Code 1", "Reset the codes")
    assert not any(seen(panel, name) for name in names)
    panel.show_source(source(classes=ANIMALS))
    assert [seen(panel, name) for name in names] == [True, False, False, False, False, False]
    panel.show_source(source(categories=10, continuous=1))
    assert [seen(panel, name) for name in names] == [False, False, False, True, True, False]
    panel.show_source(source(continuous=2))
    assert [seen(panel, name) for name in names] == [False, False, False, False, True, False]
    panel.show_source(source())
    assert not any(seen(panel, name) for name in names)


def test_a_class_and_a_mix_of_two_are_asked_for(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    panel.show_source(source(classes=ANIMALS))
    assert panel.current_request().classes == ()
    asked.take()
    choose(panel, "Class", "cat")
    assert [(slot, request.classes) for slot, request in asked.take()] == [
        ("image", (1.0, 0.0, 0.0)),
        ("strip", (1.0, 0.0, 0.0)),
    ]
    choose(panel, "Class", "dog")
    assert asked.newest_image.classes == (0.0, 1.0, 0.0)
    assert not seen(panel, "Share")
    choose(panel, "Mix with", "cat")
    assert asked.newest_image.classes == (0.5, 0.5, 0.0)
    set_number(qtbot, panel, "Share, value", "30")
    assert asked.newest_image.classes == (0.3, 0.7, 0.0)
    choose(panel, "Mix with", "dog")
    assert asked.newest_image.classes == (0.0, 1.0, 0.0)
    choose(panel, "Class", "Each seed its own")
    assert not asked.newest_image.classes
    assert not seen(panel, "Mix with")
    assert not seen(panel, "Share")


def test_codes_are_the_seeds_own_until_a_hand_touches_one(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    panel.show_source(source(categories=3, continuous=2))
    set_number(qtbot, panel, "Seed A", "5")
    own = seed_codes(5, Conditions(categories=3, continuous=2)).tolist()
    assert panel.current_request().codes == ()
    asked.take()
    set_number(qtbot, panel, "Code 2, value", "-1.75")
    assert [slot for slot, _ in asked.requests] == ["image", "strip"]
    # All or none: category and first code stay what they were at the beginning of the way.
    assert asked.newest_image.codes == pytest.approx((*own[:4], -1.75))
    choose(panel, "Category", "1")
    assert asked.newest_image.codes == pytest.approx((0, 1, 0, own[3], -1.75))
    set_number(qtbot, panel, "Seed A", "6")
    assert asked.newest_image.codes == pytest.approx((0, 1, 0, own[3], -1.75))
    asked.take()
    click(qtbot, panel, QToolButton, "Reset the codes")
    assert [request.codes for _, request in asked.take()] == [(), ()]
    assert not seen(panel, "Reset the codes")
    assert named(panel, QComboBox, "Category").currentText() == "Each seed its own"  # type: ignore[attr-defined]
    choose(panel, "Category", "2")
    assert asked.newest_image.codes[:3] == (0, 0, 1)
    choose(panel, "Category", "Each seed its own")
    assert asked.newest_image.codes == ()


def test_newer_weights_keep_what_was_chosen(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    both = source(path=None, classes=ANIMALS, categories=3, continuous=2)
    panel.show_source(both)
    choose(panel, "Class", "fox")
    choose(panel, "Mix with", "cat")
    set_number(qtbot, panel, "Code 1, value", "1.5")
    before = panel.current_request()
    asked.take()
    panel.show_source(replace(both, step=12500))
    assert [request for _, request in asked.requests] == [before, replace(before, positions=TILES)]
    panel.show_source(replace(both, classes=("car", "bus"), continuous=1))
    assert (panel.current_request().classes, panel.current_request().codes) == ((), ())


def test_tab_goes_through_the_conditions_from_top_to_bottom(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    panel.show_source(source(categories=3, continuous=2))
    for continuous in (1, 3):
        panel.show_source(source(categories=3, continuous=continuous))
    qtbot.waitUntil(lambda: seen(panel, "Code 3"))
    named(panel, QComboBox, "Category").setFocus()
    stops: list[str] = []
    while not stops or not stops[-1].startswith("Direction 1"):
        QTest.keyClick(panel, Qt.Key.Key_Tab)
        focus = panel.focusWidget()
        assert focus is not None
        stops.append(focus.accessibleName())
    codes = [
        stop for number in (1, 2, 3) for stop in (f"Code {number}", f"Code {number}, value", f"Reset Code {number}")
    ]
    assert stops == [*codes, "Direction 1"]


def test_scrolling_past_a_choice_changes_nothing(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    panel.show_source(source(classes=ANIMALS))
    panel.setFocus()
    asked.take()
    wheel(named(panel, QComboBox, "Class"))
    assert asked.take() == []


def test_conditions_fit_into_the_controls(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    panel.show_source(source(classes=("a class with a name that is much longer than anyone needs", "b"), continuous=16))
    qtbot.waitUntil(lambda: seen(panel, "Code 16"))
    area = panel.findChild(QScrollArea)
    assert area is not None
    controls, width = area.widget(), area.viewport().width()
    assert controls is not None
    assert controls.width() == width
    shown = [widget for widget in controls.findChildren(QWidget) if widget.isVisible()]
    assert all(widget.mapTo(controls, QPoint(widget.width(), 0)).x() <= width for widget in shown)
    labels = [widget for widget in shown if isinstance(widget, QLabel)]
    assert all(label.width() >= label.sizeHint().width() for label in labels if not label.wordWrap())
    assert panel.minimumSizeHint().height() <= 620


@pytest.mark.parametrize("conditions", [{}, {"classes": ANIMALS, "categories": 3, "continuous": 2}])
def test_everything_has_a_tooltip_and_a_name(panel: ExplorePanel, asked: Asked, conditions: dict[str, Any]) -> None:
    panel.show_source(source(**conditions))
    controls = [w for kind in (QPushButton, QToolButton, QSlider, QComboBox) for w in panel.findChildren(kind)]
    bare = [w for w in controls if w.isVisible() and not (w.toolTip() and (w.accessibleName() or w.text()))]  # type: ignore[attr-defined]
    assert not bare


def test_it_fits_into_a_small_window(panel: ExplorePanel, asked: Asked) -> None:
    assert panel.minimumSizeHint().width() <= 1280
    assert panel.minimumSizeHint().height() <= 620
