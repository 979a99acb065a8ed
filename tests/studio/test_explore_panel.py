"""The Explore panel, used as a person does; a function of numpy answers instead of a generator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QKeySequence,
    QShortcut,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QTabBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.errors import UserError
from core.events import Images
from core.generator_inputs import Conditions, seed_codes
from core.latent.explore_state import Direction, Pin, SavedPins
from core.latent.interpolation import at, resolved
from core.latent.request import LatentRequest, Loop, Mix, Point, Square, Walk
from core.presets import preset
from studio import theme
from studio.application import Application
from studio.main_window import DATA, EXPLORE
from studio.model.explore import ExploreSource
from studio.panels.explore import ExplorePanel
from studio.widgets.explore.bipolar_slider import BipolarSlider
from studio.widgets.explore.direction_row import DirectionRow
from studio.widgets.explore.pin_strip import PinStrip
from studio.widgets.explore.point_box import PointBox
from studio.widgets.explore.point_mime import request_to_mime, to_mime
from studio.widgets.explore.tools.square_pad import SquarePad
from studio.widgets.explore.tools.timeline import COUNT
from studio.widgets.explore.tools.timeline_strip import TimelineStrip
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.image_viewer import ImageViewer

RUN = Path("/runs/00003-emoji-dcgan")
CHECKPOINT = RUN / "checkpoints" / "000012000.safetensors"
LEFT = Qt.MouseButton.LeftButton
ANIMALS = ("cat", "dog", "fox")
NO_KEYS = Qt.KeyboardModifier.NoModifier
DIM = 8


def source(
    path: Path | None = CHECKPOINT,
    home: Path | None = RUN,
    directions: int = 8,
    classes: tuple[str, ...] = (),
    categories: int = 0,
    continuous: int = 0,
    style_layers: int = 0,
    saved: SavedPins | None = None,
    pins_problem: UserError | None = None,
) -> ExploreSource:
    return ExploreSource(
        path=path,
        home=home,
        step=12000,
        settings=preset("studio").apply(resolution=16, latent_dim=DIM),
        dataset="sample:digits",
        title="emoji",
        conditions=Conditions("concat" if classes else "none", len(classes), categories, continuous),
        classes=classes,
        directions=np.eye(DIM, dtype=np.float32)[:directions],
        style_layers=style_layers,
        saved=saved or SavedPins(),
        pins_problem=pins_problem,
    )


def images_of(request: LatentRequest) -> Images:
    """Shades that tell positions apart, as a generator without conditions would make them."""
    plain = [replace(point, classes=(), codes=(), mix=None) for point in request.trajectory.points]
    ends = [resolved(point, DIM, Conditions()) for point in plain]
    found = [at(request.trajectory, ends, position) for position in request.positions]
    z = np.stack([each.z * each.psi + each.offset for each in found])[:, :3]
    shades = (127 + 20 * z.clip(-6, 6)).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(shades[:, None, None, :], (len(shades), 16, 16, 3)))


def named(panel: QWidget, kind: type[QWidget], name: str) -> QWidget:
    """The visible widget that a screen reader would call `name`."""
    found = [each for each in panel.findChildren(kind) if each.accessibleName() == name and each.isVisibleTo(panel)]
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
    """Returns True if a control of that name can be seen, and used."""
    found = [widget for widget in panel.findChildren(QWidget) if widget.accessibleName() == name]
    return any(widget.isVisible() and widget.isEnabled() for widget in found)


def wheel(target: QWidget) -> None:
    position = QPointF(target.rect().center())
    no_buttons, no_phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    at = QPointF(target.mapToGlobal(position.toPoint()))
    event = QWheelEvent(position, at, QPoint(), QPoint(0, -120), no_buttons, NO_KEYS, no_phase, False)
    QApplication.sendEvent(target, event)


class Asked:
    """Records what a panel asks, and answers when told to."""

    def __init__(self, panel: ExplorePanel, at_once: bool = True) -> None:
        self.panel, self.at_once = panel, at_once
        self.requests: list[tuple[str, LatentRequest]] = []
        self.ends: list[LatentRequest] = []
        panel.requested.connect(self.ask)

    def ask(self, slot: str, request: LatentRequest) -> None:
        if slot == "ends":  # when nothing has changed for a moment
            self.ends.append(request)
            return
        self.requests.append((slot, request))
        if self.at_once:
            self.answer()

    def answer(self) -> None:
        slot, request = self.requests[-1]
        self.panel.show_images(slot, request, images_of(request))

    def take(self) -> list[tuple[str, LatentRequest]]:
        taken, self.requests = self.requests, []
        return taken

    def points(self) -> tuple[Point, ...]:
        """Returns the points of the newest request for the large image."""
        return self.newest_image.trajectory.points

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


def strip(panel: ExplorePanel) -> TimelineStrip:
    found = named(panel, TimelineStrip, "Timeline")
    assert isinstance(found, TimelineStrip)
    return found


def go_to(panel: ExplorePanel, share: float) -> None:
    """Clicks the images of the timeline at a share of the whole time."""
    first, last = strip(panel).mark_center(0).x(), strip(panel).width() - strip(panel).mark_center(0).x()
    QTest.mouseClick(strip(panel), LEFT, NO_KEYS, QPoint(round(first + share * (last - first)), 12))


def position(panel: ExplorePanel) -> float:
    """Where the large image is on the timeline."""
    place = panel.current_request().positions[0]
    assert isinstance(place, float)
    return place


def test_without_a_source_it_asks_nothing_and_offers_to_open(qtbot: QtBot, panel: ExplorePanel) -> None:
    asked = Asked(panel)
    buttons = [button for button in panel.findChildren(QPushButton) if button.isVisible() and button.text() == "Open…"]
    with qtbot.waitSignal(panel.open_requested):
        QTest.mouseClick(buttons[0], LEFT)
    QTest.keyClick(panel, Qt.Key.Key_Space)
    assert len(buttons) == 1
    assert not named(panel, QPushButton, "Export images").isEnabled()
    assert asked.take() == []


def test_a_source_is_named_and_asked_for_the_image_and_the_overview(panel: ExplorePanel, asked: Asked) -> None:
    (image_slot, image), (overview_slot, overview) = asked.take()
    assert (image_slot, overview_slot) == ("image", "overview")
    assert image == LatentRequest(Walk((Point(0), Point(1))), (0.0,))
    assert overview.trajectory == image.trajectory
    assert len(overview.positions) == COUNT
    assert np.array_equal(large(panel).images(), images_of(image))
    assert panel.findChild(QWidget, "title").text() == "emoji · step 12,000 · averaged weights"  # type: ignore[union-attr]
    grid = large(panel)
    panel.show_source(None)
    assert not len(grid.images())


def test_seeds_psi_directions_and_mode_ask_for_both(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    asked.take()
    set_number(qtbot, panel, "Seed keyframe", "4294967295")
    set_number(qtbot, panel, "Diversity ψ, value", "0.7")
    set_number(qtbot, panel, "Direction 2, value", "-1.5")
    choose(panel, "Interpolation", "Straight")
    requests = asked.take()
    assert [slot for slot, _ in requests] == ["image", "overview"] * 4
    last = requests[-1][1].trajectory
    assert isinstance(last, Walk)
    assert last.mode == "lerp"
    offset = (0.0, -1.5, *[0.0] * 6)
    assert last.points == (Point(4294967295, psi=0.7, offset=offset), Point(1, psi=0.7, offset=offset))


def test_moving_along_the_trajectory_asks_for_the_image_only(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    asked.take()
    slider = named(panel, QSlider, "Time")
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert [(slot, request.positions) for slot, request in asked.take()] == [("image", (0.001,)), ("image", (1.0,))]


def test_a_click_or_an_arrow_on_the_timeline_goes_there(panel: ExplorePanel, asked: Asked) -> None:
    go_to(panel, 0.5)
    assert position(panel) == pytest.approx(0.5, abs=0.01)
    before = position(panel)
    asked.take()
    QTest.keyClick(strip(panel), Qt.Key.Key_Right)
    assert position(panel) == pytest.approx(before + 0.01)
    QTest.keyClick(strip(panel), Qt.Key.Key_End)
    assert position(panel) == 1
    assert {slot for slot, _ in asked.take()} == {"image"}


def test_directions_are_as_many_as_the_generator_has_and_reset_together(
    qtbot: QtBot, panel: ExplorePanel, asked: Asked
) -> None:
    def sliders() -> int:
        return len([one for one in panel.findChildren(QSlider) if one.accessibleName().startswith("Direction")])

    assert sliders() == 8
    set_number(qtbot, panel, "Direction 1, value", "2")
    panel.show_source(source(directions=3))
    qtbot.waitUntil(lambda: sliders() == 3)
    assert asked.points()[0].offset[:3] == (2.0, 0.0, 0.0)
    asked.take()
    click(qtbot, panel, QToolButton, "Reset all directions")
    assert asked.points() == (Point(0), Point(1))
    assert len(asked.take()) == 2


def test_images_at_the_ends_of_directions_go_with_their_generator(
    qtbot: QtBot, panel: ExplorePanel, asked: Asked
) -> None:
    def shown() -> int:
        ends = (label for label in panel.findChildren(QLabel) if label.toolTip().startswith("Image at the"))
        return sum(not label.pixmap().isNull() for label in ends)

    qtbot.waitUntil(lambda: bool(asked.ends))
    panel.show_images("ends", asked.ends[-1], images_of(asked.ends[-1]))
    assert shown() == 2
    panel.show_source(source())  # newer weights of the same run: images of before stay until there are new ones
    assert shown() == 2
    panel.show_source(source(home=RUN.with_name("00004-other")))
    assert shown() == 0


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
    assert isinstance(first, float)
    assert isinstance(second, float)
    assert 0 < first < second <= first + 0.1
    QTest.keyClick(panel, Qt.Key.Key_Space)
    asked.answer()
    qtbot.wait(80)
    assert len(asked.requests) == 2


def test_at_the_end_the_timeline_begins_again(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    go_to(panel, 0.99)
    click(qtbot, panel, QToolButton, "Play the timeline")
    qtbot.waitUntil(lambda: position(panel) < 0.5)
    click(qtbot, panel, QToolButton, "Pause the timeline")
    assert panel.state.keyframes == (Point(0), Point(1))


def test_the_walk_stops_when_the_panel_is_left(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    click(qtbot, panel, QToolButton, "Play the timeline")
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


def test_following_never_echoes(qtbot: QtBot, panel: ExplorePanel) -> None:
    live: list[bool] = []
    panel.live_changed.connect(live.append)
    box = named(panel, QWidget, "Follow training")
    panel.set_live(True)
    assert live == []
    QTest.mouseClick(box, LEFT, NO_KEYS, QPoint(8, box.height() // 2))
    assert live == [False]


def test_the_request_to_export_gives_what_is_on_screen(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    go_to(panel, 0.4)
    with qtbot.waitSignal(panel.export_requested) as one:
        click(qtbot, panel, QPushButton, "Export images")
    assert one.args[0].positions == (position(panel),)
    assert np.array_equal(images_of(one.args[0]), large(panel).images())


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
    assert asked.points()[0].classes == ()
    asked.take()
    choose(panel, "Class", "cat")
    assert [(slot, [point.classes for point in request.trajectory.points]) for slot, request in asked.take()] == [
        ("image", [(1.0, 0.0, 0.0)] * 2),
        ("overview", [(1.0, 0.0, 0.0)] * 2),
    ]
    choose(panel, "Class", "dog")
    assert asked.points()[0].classes == (0.0, 1.0, 0.0)
    assert not seen(panel, "Share")
    choose(panel, "Mix with", "cat")
    assert asked.points()[0].classes == (0.5, 0.5, 0.0)
    set_number(qtbot, panel, "Share, value", "30")
    assert asked.points()[0].classes == (0.3, 0.7, 0.0)
    undo(panel)
    assert asked.points()[0].classes == (0.5, 0.5, 0.0)
    assert named(panel, QDoubleSpinBox, "Share, value").value() == 50  # type: ignore[attr-defined]
    redo(panel)
    choose(panel, "Mix with", "dog")
    assert asked.points()[0].classes == (0.0, 1.0, 0.0)
    choose(panel, "Class", "Random per seed")
    assert not asked.points()[0].classes
    assert not seen(panel, "Mix with")
    assert not seen(panel, "Share")


def test_codes_are_the_seeds_own_until_a_hand_touches_one(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    panel.show_source(source(categories=3, continuous=2))
    set_number(qtbot, panel, "Seed keyframe", "5")
    own = seed_codes(5, Conditions(categories=3, continuous=2)).tolist()
    assert asked.points()[0].codes == ()
    asked.take()
    set_number(qtbot, panel, "Code 2, value", "-1.75")
    assert [slot for slot, _ in asked.requests] == ["image", "overview"]
    # All or none: category and first code stay what they were at the beginning.
    assert asked.points()[0].codes == pytest.approx((*own[:4], -1.75))
    choose(panel, "Category", "1")
    assert asked.points()[0].codes == pytest.approx((0, 1, 0, own[3], -1.75))
    set_number(qtbot, panel, "Seed keyframe", "6")
    assert asked.points()[0].codes == pytest.approx((0, 1, 0, own[3], -1.75))
    asked.take()
    click(qtbot, panel, QToolButton, "Reset the codes")
    assert [request.trajectory.points[0].codes for _, request in asked.take()] == [(), ()]
    assert not seen(panel, "Reset the codes")
    assert named(panel, QComboBox, "Category").currentText() == "Random per seed"  # type: ignore[attr-defined]
    choose(panel, "Category", "2")
    assert asked.points()[0].codes[:3] == (0, 0, 1)
    choose(panel, "Category", "Random per seed")
    assert asked.points()[0].codes == ()


def test_newer_weights_keep_what_was_chosen(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    both = source(path=None, classes=ANIMALS, categories=3, continuous=2)
    panel.show_source(both)
    choose(panel, "Class", "fox")
    choose(panel, "Mix with", "cat")
    set_number(qtbot, panel, "Code 1, value", "1.5")
    before = panel.current_request()
    asked.take()
    panel.show_source(replace(both, step=12500))
    assert [request.trajectory for _, request in asked.requests] == [before.trajectory] * 2
    undo(panel)
    assert asked.points()[0].codes == ()
    redo(panel)
    other = source(classes=("car", "bus"), categories=3, continuous=1)
    panel.show_source(other)
    assert (asked.points()[0].classes, asked.points()[0].codes) == ((), ())


def test_tab_goes_through_the_conditions_from_top_to_bottom(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    panel.show_source(source(categories=3, continuous=2))
    for continuous in (1, 3):
        panel.show_source(source(categories=3, continuous=continuous))
    qtbot.waitUntil(lambda: seen(panel, "Code 3"))
    named(panel, QComboBox, "Category").setFocus()
    stops: list[str] = []
    while not stops or stops[-1] != "Direction 1, value":
        QTest.keyClick(panel, Qt.Key.Key_Tab)
        focus = panel.focusWidget()
        assert focus is not None
        stops.append(focus.accessibleName())
    codes = [
        stop for number in (1, 2, 3) for stop in (f"Code {number}", f"Code {number}, value", f"Reset Code {number}")
    ]
    assert stops == [*codes, "Kind of directions", "Name of Direction 1", "Direction 1, value"]


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


# -- undo ------------------------------------------------------------------------------------------------------------


def undo(panel: ExplorePanel) -> None:
    panel.setFocus()
    QTest.keyClick(panel, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def redo(panel: ExplorePanel) -> None:
    panel.setFocus()
    QTest.keyClick(panel, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)


def test_everything_is_undone_step_by_step(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    states = [panel.state]
    set_number(qtbot, panel, "Seed keyframe", "7")
    states.append(panel.state)
    set_number(qtbot, panel, "Diversity ψ, value", "0.7")
    states.append(panel.state)
    set_number(qtbot, panel, "Direction 1, value", "3")
    states.append(panel.state)
    go_to(panel, 0.5)
    states.append(panel.state)
    pick_tool(panel, "Four corners")
    states.append(panel.state)
    panel.add_pin(Pin(Point(9)))
    states.append(panel.state)
    assert len(set(states)) == len(states)
    for state in states[-2::-1]:
        undo(panel)
        assert panel.state == state
    assert not named(panel, QToolButton, "Undo").isEnabled()
    assert named(panel, QDoubleSpinBox, "Diversity ψ, value").value() == 1  # type: ignore[attr-defined]
    for state in states[1:]:
        click(qtbot, panel, QToolButton, "Redo")
        assert panel.state == state
    assert not named(panel, QToolButton, "Redo").isEnabled()


def test_a_drag_is_one_step(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    slider = named(panel, QSlider, "Time")
    slider.setFocus()
    for _ in range(20):
        QTest.keyClick(slider, Qt.Key.Key_Right)
    assert panel.state.value("timeline.position", 0.0) == pytest.approx(0.02)
    undo(panel)
    assert panel.state.value("timeline.position", 0.0) == 0


# -- tools -----------------------------------------------------------------------------------------------------------


def pick_tool(panel: ExplorePanel, title: str) -> None:
    tabs = named(panel, QTabBar, "Tool")
    assert isinstance(tabs, QTabBar)
    index = [tabs.tabText(index) for index in range(tabs.count())].index(title)
    QTest.mouseClick(tabs, LEFT, NO_KEYS, tabs.tabRect(index).center())


def drop(target: QWidget, point: Point | LatentRequest, position: QPoint | None = None) -> None:
    """Drags a point, or an image between points, over a widget and lets go."""
    mime = to_mime(point) if isinstance(point, Point) else request_to_mime(point)
    where = position or target.rect().center()
    copy, no_keys = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    for kind in (QDragEnterEvent, QDragMoveEvent):
        QApplication.sendEvent(target, kind(where, copy, mime, LEFT, no_keys))
    QApplication.sendEvent(target, QDropEvent(QPointF(where), copy, mime, LEFT, no_keys))


def box(panel: ExplorePanel, name: str) -> PointBox:
    """Returns the box of a point."""
    spin = named(panel, QDoubleSpinBox, f"Seed {name}")
    return next(each for each in panel.findChildren(PointBox) if each.isAncestorOf(spin))


def test_four_corners(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    asked.take()
    pick_tool(panel, "Four corners")
    (_, image), (_, overview) = asked.take()
    assert isinstance(image.trajectory, Square)
    assert image.positions == ((0.5, 0.5),)
    assert len(overview.positions) == 36
    assert (overview.positions[0], overview.positions[5], overview.positions[-1]) == ((0, 0), (1, 0), (1, 1))
    pad = named(panel, SquarePad, "Map between corners")
    assert isinstance(pad, SquarePad)
    QTest.mouseClick(pad, LEFT, NO_KEYS, pad.point_of(1.0, 0.0).toPoint())
    assert [slot for slot, _ in asked.take()] == ["image"]
    assert panel.state.value("square.position", (0.5, 0.5)) == pytest.approx((1.0, 0.0), abs=0.02)
    QTest.keyClick(pad, Qt.Key.Key_Down)
    assert panel.state.value("square.position", (0.5, 0.5))[1] == pytest.approx(0.02, abs=0.021)
    set_number(qtbot, panel, "Seed bottom right", "77")
    assert asked.points()[3] == Point(77)
    drop(pad, Point(5, psi=0.5), pad.point_of(0.1, 0.9).toPoint())
    assert asked.points()[2] == Point(5, psi=0.5)


def marks(panel: ExplorePanel, row: int) -> QPoint:
    return strip(panel).mark_center(row).toPoint()


def drag(target: QWidget, start: QPoint, end: QPoint) -> None:
    """Presses, moves in two steps, and lets go."""
    QTest.mousePress(target, LEFT, NO_KEYS, start)
    for place in ((start + end) / 2, end):
        QTest.mouseMove(target, place)
    QTest.mouseRelease(target, LEFT, NO_KEYS, end)


def test_pins_that_are_dropped_on_the_timeline_are_keyframes(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    drop(strip(panel), Point(5, psi=0.5))
    assert asked.points() == (Point(0), Point(5, psi=0.5), Point(1))
    assert position(panel) == 1  # where the new one is
    drop(strip(panel), Point(6), QPoint(2, 12))
    assert asked.points()[0] == Point(6)
    drop(strip(panel), Point(7), QPoint(strip(panel).width() - 1, 12))
    assert asked.points()[-1] == Point(7)
    undo(panel)
    assert len(asked.points()) == 4


def test_an_image_between_keyframes_becomes_one_when_it_is_dropped(
    qtbot: QtBot, panel: ExplorePanel, asked: Asked
) -> None:
    between = LatentRequest(Walk((Point(0), Point(1))), (0.5,))
    with qtbot.waitSignal(panel.point_requested) as wanted:
        drop(strip(panel), between)
    assert wanted.args[0] == between
    found = Point(z=(0.5,) * DIM)
    wanted.args[1](found)
    assert asked.points() == (Point(0), found, Point(1))


def test_keyframes_are_reordered_removed_and_added(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    panel.restore(LatentRequest(Walk((Point(3), Point(1), Point(4))), (0.0,)))
    drag(strip(panel), marks(panel, 0), marks(panel, 2))
    assert panel.state.keyframes == (Point(1), Point(4), Point(3))
    QTest.mouseClick(strip(panel), LEFT, NO_KEYS, marks(panel, 1))
    assert position(panel) == 1
    QTest.keyClick(strip(panel), Qt.Key.Key_Delete)
    assert panel.state.keyframes[:2] == (Point(1), Point(3))
    click(qtbot, panel, QToolButton, "Remove keyframe")
    QTest.keyClick(strip(panel), Qt.Key.Key_Delete)
    assert len(panel.state.keyframes) == 1  # the last one stays
    click(qtbot, panel, QToolButton, "Add keyframe")
    assert len(panel.state.keyframes) == 2
    assert position(panel) == 1


def test_a_closed_timeline_slows_down_at_keyframes(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    panel.restore(LatentRequest(Walk((Point(3), Point(1), Point(4))), (0.0,)))
    set_number(qtbot, panel, "Duration", "6")
    assert panel.durations() == (6.0, 2.0)
    go_to(panel, 0.75)
    assert position(panel) == pytest.approx(1.0, abs=0.02)
    close(panel)
    choose(panel, "Easing", "Slow at keyframes")
    trajectory = asked.newest_image.trajectory
    assert isinstance(trajectory, Walk)
    assert (trajectory.closed, trajectory.easing) == (True, "smooth")
    assert panel.durations() == (6.0, 2.0, 2.0)
    assert panel.line() == trajectory


def close(panel: ExplorePanel) -> None:
    closed = next(check for check in panel.findChildren(QCheckBox) if check.text() == "Closed" and check.isVisible())
    QTest.mouseClick(closed, LEFT, NO_KEYS, QPoint(8, closed.height() // 2))


def test_a_single_keyframe_drifts_in_a_loop(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    set_number(qtbot, panel, "Seed keyframe", "6")
    QTest.keyClick(strip(panel), Qt.Key.Key_End)
    QTest.keyClick(strip(panel), Qt.Key.Key_Delete)
    assert panel.line() is None
    close(panel)
    assert asked.newest_image.trajectory == Loop(Point(6), 0, 0.5)
    set_number(qtbot, panel, "Radius", "0.2")
    assert asked.newest_image.trajectory == Loop(Point(6), 0, 0.2)
    assert panel.line() == Loop(Point(6), 0, 0.2)
    panel.setFocus()
    asked.take()
    QTest.keyClick(panel, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(asked.requests) >= 2)
    QTest.keyClick(panel, Qt.Key.Key_Space)
    assert {slot for slot, _ in asked.take()} <= {"image", "ends"}


def test_a_sum_of_pins(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    pick_tool(panel, "A − B + C")
    strips = [named(panel, PinStrip, f"Group {name}") for name in ("A", "− B", "+ C")]
    with qtbot.waitSignal(panel.sum_requested) as wanted:
        for strip, seed in zip((strips[0], strips[0], *strips[1:]), (3, 1, 4, 9), strict=True):
            assert isinstance(strip, PinStrip)
            drop(strip.viewport(), Point(seed), strip.viewport().rect().bottomRight())
    groups = (Point(3), Point(1)), (Point(4),), (Point(9),)
    assert tuple(wanted.args) == groups
    assert asked.points() == (Point(0),)
    steps = panel.state
    panel.show_total((Point(7),), (Point(4),), (Point(9),), Point(8))  # of another sum
    assert panel.state == steps
    panel.show_total(*groups, Point(z=(0.5,) * DIM))
    assert asked.points() == (Point(z=(0.5,) * DIM),)
    undo(panel)  # the last group, not the answer
    assert panel.state.also == ()
    redo(panel)
    assert panel.state.total == Point(z=(0.5,) * DIM)


def test_styles_are_mixed(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    assert not seen(panel, "First mixed layer")
    panel.show_source(source(style_layers=9))
    check = next(each for each in panel.findChildren(QCheckBox) if each.text().startswith("Mix in"))
    QTest.mouseClick(check, LEFT, NO_KEYS, QPoint(8, check.height() // 2))
    assert asked.points()[0].mix == Mix(Point(2), 4, 8)
    first = named(panel, QSpinBox, "First mixed layer")
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Down)
    set_number(qtbot, panel, "Seed mixed styles", "33")
    assert asked.points()[0].mix == Mix(Point(33), 3, 8)
    undo(panel)
    undo(panel)
    undo(panel)
    assert asked.points()[0].mix is None
    assert not check.isChecked()


# -- pins ------------------------------------------------------------------------------------------------------------


def pins(panel: ExplorePanel) -> PinStrip:
    strip = named(panel, PinStrip, "Pins")
    assert isinstance(strip, PinStrip)
    return strip


def test_what_is_on_screen_is_pinned(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    go_to(panel, 0.3)
    with qtbot.waitSignal(panel.pin_requested) as wanted:
        QTest.keyClick(panel, Qt.Key.Key_P)
    assert wanted.args[0] == panel.current_request()
    kept: list[tuple[Path, SavedPins]] = []
    panel.pins_changed.connect(lambda home, saved: kept.append((home, saved)))
    found = Point(z=(0.5,) * DIM)
    panel.add_pin(Pin(found))
    assert kept == [(RUN, SavedPins((Pin(found),)))]
    assert ("pins", LatentRequest.of(found)) in asked.requests
    with qtbot.waitSignal(panel.notice):
        panel.add_pin(Pin(found))
    assert len(kept) == 1


def test_pins_are_looked_at_renamed_moved_and_removed(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    first, second, third = Point(3), Point(1, psi=0.5), Point(4)
    for point in (first, second, third):
        panel.add_pin(Pin(point))
    shelf = pins(panel)
    shelf.item(1).setText("  the good one ")
    assert panel.state.saved.pins[1] == Pin(second, "the good one")
    drop_from = to_mime(first)
    shelf.item(0).setSelected(True)
    event = QDropEvent(
        QPointF(shelf.viewport().rect().bottomRight()), Qt.DropAction.CopyAction, drop_from, LEFT, NO_KEYS
    )
    assert event.source() is None  # from elsewhere: it would be one more
    shelf.moved.emit(0, 2)
    assert [pin.point for pin in panel.state.saved.pins] == [second, third, first]
    QTest.mouseDClick(shelf.viewport(), LEFT, NO_KEYS, shelf.visualItemRect(shelf.item(0)).center())
    assert asked.points()[0] == second
    assert asked.newest_image.positions == (0.0,)
    shelf.setFocus()
    shelf.item(1).setSelected(True)
    shelf.item(0).setSelected(False)
    QTest.keyClick(shelf, Qt.Key.Key_Delete)
    assert [pin.point for pin in panel.state.saved.pins] == [second, first]


def test_a_dropped_pin_looks_as_it_did_and_changes_no_other_point(
    qtbot: QtBot, panel: ExplorePanel, asked: Asked
) -> None:
    set_number(qtbot, panel, "Diversity ψ, value", "0.5")
    set_number(qtbot, panel, "Direction 1, value", "2")
    before = asked.points()[1]
    pin = Point(9, psi=0.8, offset=(1.0,) * DIM)
    drop(box(panel, "keyframe"), pin)
    assert asked.points() == (pin, before)
    assert named(panel, QDoubleSpinBox, "Diversity ψ, value").value() == 1  # type: ignore[attr-defined]
    click(qtbot, panel, QToolButton, "Use a seed for keyframe")
    assert asked.points() == (Point(9), before)


def test_pins_and_directions_of_a_run_are_shown_with_it(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    saved = SavedPins((Pin(Point(3), "three"),), (Direction("smile", (0.0, 2.0, *[0.0] * 6)),))
    other = Path("/runs/00004")
    kept: list[SavedPins] = []
    panel.pins_changed.connect(lambda home, saved: kept.append(saved))
    panel.show_source(source(home=other, saved=saved))
    assert pins(panel).item(0).text() == "three"
    choose(panel, "Kind of directions", "Custom")
    qtbot.waitUntil(lambda: seen(panel, "smile, value"))
    set_number(qtbot, panel, "smile, value", "1.5")
    assert asked.points()[0].offset == (0.0, 3.0, *[0.0] * 6)
    assert kept == []
    panel.show_source(source(home=RUN))
    assert panel.state.saved == SavedPins()


def test_a_direction_is_kept_under_a_name(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    set_number(qtbot, panel, "Direction 1, value", "1")
    panel.add_direction(Direction("older", (0.5,) * DIM))
    assert panel.state.saved.directions[0].name == "older"
    qtbot.waitUntil(lambda: seen(panel, "older, value"))
    set_number(qtbot, panel, "older, value", "2")
    # Both kinds add up, whichever is in sight.
    assert asked.points()[0].offset == (2.0, *[1.0] * 7)
    undo(panel)
    undo(panel)
    assert panel.state.saved == SavedPins()


def test_pins_that_could_not_be_read_are_never_written_over(panel: ExplorePanel, asked: Asked) -> None:
    kept: list[SavedPins] = []
    panel.pins_changed.connect(lambda home, saved: kept.append(saved))
    panel.show_source(source(home=Path("/runs/00009"), pins_problem=UserError("It cannot be read.", "Mend it.")))
    panel.add_pin(Pin(Point(3)))
    assert kept == []


def test_no_more_is_kept_than_can_be_opened_again(
    panel: ExplorePanel, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.latent.explore_state.MOST_PINS", 2)
    monkeypatch.setattr("core.latent.explore_state.MOST_DIRECTIONS", 1)
    said: list[str] = []
    panel.notice.connect(said.append)
    for seed in range(2):
        panel.add_pin(Pin(Point(seed)))
    panel.add_direction(Direction("older", (0.5,) * DIM))
    kept = panel.state.saved
    assert not said
    panel.add_pin(Pin(Point(9)))
    panel.add_direction(Direction("younger", (0.5,) * DIM))
    panel.use(Point(8), "found")
    panel.add_pin(Pin(Point(8)))
    assert panel.state.saved == kept
    assert panel.state.a == Point(8)  # shown all the same
    assert [text[:9] for text in said] == ["At most 2", "At most 1", "At most 2"]


def test_an_image_brings_back_what_made_it(panel: ExplorePanel, asked: Asked) -> None:
    request = LatentRequest(Square((Point(3), Point(1), Point(4), Point(1))), ((0.2, 0.7),))
    panel.restore(request)
    assert asked.newest_image == request
    assert panel.state.tool == "square"


def test_points_of_another_generator_are_let_go(panel: ExplorePanel, asked: Asked) -> None:
    drop(box(panel, "keyframe"), Point(z=(0.5,) * DIM))
    other = source(home=Path("/runs/00005"))
    wider = replace(other, settings=preset("studio").apply(resolution=16, latent_dim=2 * DIM))
    panel.show_source(wider)
    assert panel.state.a == Point(0)


def test_the_image_is_copied(panel: ExplorePanel, asked: Asked) -> None:
    panel.setFocus()
    QTest.keyClick(panel, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    picture = QGuiApplication.clipboard().image()
    assert picture.size() == QSize(16, 16)
    color = picture.pixelColor(3, 3)
    assert [color.red(), color.green(), color.blue()] == large(panel).images()[0, 3, 3].tolist()


def test_answers_to_others_are_not_shown(panel: ExplorePanel, asked: Asked) -> None:
    before = large(panel).images().copy()
    request = LatentRequest.of_seeds(range(24))
    panel.show_images("samples", request, images_of(request))
    assert np.array_equal(large(panel).images(), before)


def test_what_belongs_to_another_generator_is_said_and_not_asked_for(
    qtbot: QtBot, panel: ExplorePanel, asked: Asked
) -> None:
    foreign = Pin(Point(z=(1.0, 2.0)))
    saved = SavedPins((foreign,), (Direction("older", (1.0, 2.0)), Direction("fits", (1.0,) * DIM)))
    asked.take()
    panel.show_source(source(home=Path("/runs/00007"), saved=saved))
    assert not [slot for slot, _ in asked.take() if slot == "pins"]
    with qtbot.waitSignal(panel.notice):
        drop(box(panel, "keyframe"), foreign.point)
    assert panel.state.a == Point(0)
    choose(panel, "Kind of directions", "Custom")
    qtbot.waitUntil(lambda: seen(panel, "fits, value"))
    set_number(qtbot, panel, "older, value", "3")
    set_number(qtbot, panel, "fits, value", "2")
    assert asked.points()[0].offset == (2.0,) * DIM


def test_the_keyframes_are_saved_by_their_positions(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    for what, positions in (("grid", (0.0, 1.0)), ("image", (0.0,))):
        with qtbot.waitSignal(panel.export_requested) as wanted:
            strip(panel).save_requested.emit(what)
        assert wanted.args[0].positions == positions


def picture(strip: PinStrip, row: int) -> tuple[int, ...]:
    """The color in the middle of a pin's picture."""
    shown = strip.item(row).icon().pixmap(64, 64).toImage()
    color = shown.pixelColor(32, 32)
    return color.red(), color.green(), color.blue()


def test_pins_keep_their_pictures_while_only_favorites_are_in_sight(
    qtbot: QtBot, panel: ExplorePanel, asked: Asked
) -> None:
    saved = SavedPins((Pin(Point(3)), Pin(Point(1), favourite=True), Pin(Point(4))))
    panel.show_source(source(home=Path("/runs/00008"), saved=saved))
    shelf = pins(panel)
    expected = [tuple(images_of(LatentRequest.of(pin.point))[0, 8, 8].tolist()) for pin in saved.pins]
    assert [picture(shelf, row) for row in range(3)] == expected
    click(qtbot, panel, QToolButton, "Favorites")
    assert [pin.point for pin in shelf.pins()] == [Point(1)]
    assert picture(shelf, 0) == expected[1]
    click(qtbot, panel, QToolButton, "Favorites")
    assert [picture(shelf, row) for row in range(3)] == expected


# -- the stage -------------------------------------------------------------------------------------------------------


def place(panel: ExplorePanel) -> QRect:
    """Where the large image stands in the panel."""
    grid = large(panel)
    return QRect(grid.mapTo(panel, QPoint()), grid.size())


@pytest.mark.parametrize("size", [(1280, 585), (900, 420), (1920, 940)])
def test_the_stage_takes_most_of_the_height_and_nothing_moves_it(
    qtbot: QtBot, panel: ExplorePanel, asked: Asked, size: tuple[int, int]
) -> None:
    panel.resize(*size)
    QApplication.processEvents()
    before = place(panel)
    assert before.height() >= 0.6 * panel.height() - 1
    places = []
    for title in ("Four corners", "A − B + C", "Timeline"):
        pick_tool(panel, title)
        QApplication.processEvents()
        places.append(place(panel))
    panel.add_pin(Pin(Point(3)))
    panel.set_newest(2511)
    QApplication.processEvents()
    places.append(place(panel))
    shelf = pins(panel)
    shelf.item(0).setSelected(True)
    QTest.keyClick(shelf, Qt.Key.Key_Delete)
    QApplication.processEvents()
    places.append(place(panel))
    assert places == [before] * len(places)


def test_the_wheel_zooms_and_a_double_click_fits(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    grid = large(panel)
    up = QPoint(0, 240)
    where = QPointF(grid.rect().center())
    event = QWheelEvent(
        where, where, QPoint(), up, Qt.MouseButton.NoButton, NO_KEYS, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(grid, event)
    assert grid.zoom() > 1.2
    QTest.mouseDClick(grid, LEFT, NO_KEYS, grid.rect().center())
    assert grid.zoom() == 1
    assert panel.findChild(ImageViewer) is None


def test_pixels_are_smooth_where_a_person_wants_that(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    checks = np.indices((16, 16)).sum(0) % 2 * 255
    images = np.ascontiguousarray(np.broadcast_to(checks[None, :, :, None], (1, 16, 16, 3)).astype(np.uint8))
    panel.show_images("image", panel.current_request(), images)

    def shades() -> set[int]:
        picture = large(panel).grab().toImage()
        middle = large(panel).tile_rect(0).center()
        return {picture.pixelColor(middle.x() + step, middle.y()).red() for step in range(-40, 40)}

    assert shades() == {0, 255}
    click(qtbot, panel, QToolButton, "Smooth")
    assert len(shades()) > 10


def test_a_key_that_is_held_shows_the_image_before_the_edit(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    before = large(panel).images().copy()
    set_number(qtbot, panel, "Direction 1, value", "3")
    after = large(panel).images().copy()
    assert not np.array_equal(before, after)
    panel.setFocus()
    QTest.keyPress(panel, Qt.Key.Key_A)
    assert np.array_equal(large(panel).images(), before)
    assert np.array_equal(panel.image(), after)  # what is exported and copied
    QTest.keyRelease(panel, Qt.Key.Key_A)
    assert np.array_equal(large(panel).images(), after)
    button = named(panel, QToolButton, "Before edit")
    QTest.mousePress(button, LEFT)
    assert np.array_equal(large(panel).images(), before)
    QTest.mouseRelease(button, LEFT)
    assert np.array_equal(large(panel).images(), after)


# -- directions ------------------------------------------------------------------------------------------------------


def direction(panel: ExplorePanel, name: str) -> BipolarSlider:
    slider = named(panel, BipolarSlider, name)
    assert isinstance(slider, BipolarSlider)
    return slider


def test_a_direction_fills_from_zero_and_a_double_click_resets(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    slider = direction(panel, "Direction 2")
    assert slider.width() >= 250
    middle = slider.height() // 2
    QTest.mouseClick(slider, LEFT, NO_KEYS, QPoint(round(slider.x_of(60)), middle))
    assert asked.points()[0].offset[1] == pytest.approx(3.0, abs=0.06)
    accent = QColor(theme.current().accent)
    picture = slider.grab().toImage()
    filled = [picture.pixelColor(round(slider.x_of(value)), middle) == accent for value in (-60, -20, 20, 40)]
    assert filled == [False, False, True, True]
    QTest.mouseDClick(slider, LEFT, NO_KEYS, QPoint(round(slider.x_of(60)), middle))
    assert asked.points()[0].offset == ()
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Left)
    assert asked.points()[0].offset[1] == pytest.approx(-0.05)


def test_small_images_of_both_ends_come_when_nothing_moves(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    set_number(qtbot, panel, "Direction 2, value", "1")
    qtbot.waitUntil(lambda: len(asked.ends) >= 1)
    (request,) = asked.ends  # one at a time
    low, high = request.trajectory.points
    assert (low.offset[:2], high.offset[:2]) == ((-5.0, 1.0), (5.0, 1.0))
    panel.show_images("ends", request, images_of(request))
    qtbot.waitUntil(lambda: len(asked.ends) == 2)
    assert asked.ends[1].trajectory.points[1].offset[:2] == (0.0, 5.0)
    row = next(each for each in panel.findChildren(DirectionRow) if direction(panel, "Direction 1") in each.children())
    pictures = [label.pixmap() for label in row.findChildren(QLabel) if not label.pixmap().isNull()]
    assert len(pictures) == 2


def test_a_direction_gets_a_name_that_stays(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    kept: list[SavedPins] = []
    panel.pins_changed.connect(lambda home, saved: kept.append(saved))
    name = named(panel, QLineEdit, "Name of Direction 2")
    assert isinstance(name, QLineEdit)
    name.selectAll()
    QTest.keyClicks(name, "smile")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert kept[-1].name("closed", 1) == "smile"
    assert seen(panel, "smile, value")
    undo(panel)
    assert seen(panel, "Direction 2, value")


# -- the gallery -----------------------------------------------------------------------------------------------------


def test_removed_pins_come_back(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    panel.add_pin(Pin(Point(3)))
    shelf = pins(panel)
    shelf.item(0).setSelected(True)
    QTest.keyClick(shelf, Qt.Key.Key_Delete)
    assert not panel.state.saved.pins
    back = next(each for each in panel.findChildren(QPushButton) if each.text() == "Undo remove")
    assert back.isVisible()
    QTest.mouseClick(back, LEFT)
    assert panel.state.saved.pins == (Pin(Point(3)),)
    assert not back.isVisible()


def test_a_picture_that_is_dropped_on_the_gallery_is_pinned_with_its_generator(
    qtbot: QtBot, panel: ExplorePanel, asked: Asked
) -> None:
    for request in (LatentRequest.of(Point(7)), LatentRequest(Walk((Point(0), Point(1))), (0.5,))):
        with qtbot.waitSignal(panel.pin_requested) as wanted:
            drop(pins(panel).viewport(), request)
        assert wanted.args == [request]
    assert not panel.state.saved.pins  # until it has come


def test_the_gallery_can_be_closed(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    width = large(panel).width()
    click(qtbot, panel, QToolButton, "Close pins")
    QApplication.processEvents()
    assert not seen(panel, "Pins")
    assert large(panel).width() > width
    (action,) = panel.panel_actions()
    assert not action.isChecked()
    kept = panel.choices()
    click(qtbot, panel, QToolButton, "Open pins")
    assert seen(panel, "Pins")
    panel.restore_choices({**kept, "smooth": 3})
    assert not seen(panel, "Pins")
    assert panel.choices() == {"pins": False, "smooth": False}


def test_the_edit_menu_finds_what_it_needs(qtbot: QtBot, panel: ExplorePanel, asked: Asked) -> None:
    told: list[tuple[bool, bool]] = []
    panel.undo_changed.connect(lambda *can: told.append(can))
    set_number(qtbot, panel, "Seed keyframe", "7")
    assert told[-1] == (True, False)
    panel.undo()
    assert told[-1] == (False, True)
    panel.redo()
    assert panel.state.keyframes[0] == Point(7)
    with qtbot.waitSignal(panel.pin_requested):
        panel.pin()
    assert panel.copy()
    panel.hide()
    told.clear()
    panel.show()
    assert told == [(True, False)]
    panel.show_source(None)
    assert not panel.copy()


def test_space_plays_at_once_when_the_workspace_is_chosen(studio: Application) -> None:
    """The key presses no button of the page."""
    window = studio.window
    window.show_workspace(DATA)
    window.data.view.tabs.setFocus()
    window.show_workspace(EXPLORE)
    assert window.focusWidget() is window.explore
