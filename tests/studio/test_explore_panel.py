"""The Explore panel, used as a person does; a function of numpy answers in place of a generator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QMainWindow, QPushButton, QSlider, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from core.events import Images
from core.latent import LatentRequest, latents
from core.presets import preset
from studio.explorer import Source
from studio.panels.explore import ExplorePanel
from studio.widgets.image_grid import ImageGrid
from studio.widgets.image_viewer import ImageViewer
from studio.widgets.latent_strip import TILES

CHECKPOINT = Path("/runs/00003-emoji-dcgan/checkpoints/000012000.safetensors")
LEFT = Qt.MouseButton.LeftButton
NO_KEYS = Qt.KeyboardModifier.NoModifier


def source(path: Path | None = CHECKPOINT, directions: int = 16) -> Source:
    return Source(
        path=path,
        step=12000,
        settings=preset("studio").apply(resolution=16, latent_dim=8),
        dataset="sample:digits",
        directions=directions,
    )


def images_of(request: LatentRequest) -> Images:
    shades = (127 + 20 * latents(request, 3).clip(-6, 6)).astype(np.uint8)
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


def test_everything_has_a_tooltip_and_a_name(panel: ExplorePanel, asked: Asked) -> None:
    controls = [w for kind in (QPushButton, QToolButton, QSlider, QComboBox) for w in panel.findChildren(kind)]
    bare = [w for w in controls if w.isVisible() and not (w.toolTip() and (w.accessibleName() or w.text()))]  # type: ignore[attr-defined]
    assert not bare


def test_it_fits_into_a_small_window(panel: ExplorePanel, asked: Asked) -> None:
    assert panel.minimumSizeHint().width() <= 1280
    assert panel.minimumSizeHint().height() <= 620
