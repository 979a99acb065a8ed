"""The tools of the Explore workspace: how they are found, and what each makes of a state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QTabBar
from pytestqt.qtbot import QtBot

from core.latent.explore_state import DirectionSets, Edit, ExploreState, Pin, SavedPins
from core.latent.request import LatentRequest, Loop, Point, Square, Walk
from studio.widgets.explore import tools
from studio.widgets.explore.tool_area import ToolArea
from studio.widgets.explore.tools.square_pad import SquarePad
from studio.widgets.explore.tools.timeline import position_at, share_at
from studio.widgets.explore.tools.tool import ToolView, discover

TWO = DirectionSets(closed=np.eye(2, 3, dtype=np.float32), own=np.array([[0, 0, 2]], np.float32))
EDIT = Edit(psi=0.5, closed=(1.0, -2.0), own=(3.0,))
NAMES = ("timeline", "square", "sum")
WITH_POSITIONS = NAMES[:2]


@pytest.fixture(scope="module")
def views(qapp: QApplication) -> Iterator[dict[str, ToolView]]:
    views = {name: module.View() for name, module in discover().items()}
    yield views
    for view in views.values():
        view.deleteLater()


@pytest.fixture(scope="module")
def area(qapp: QApplication) -> Iterator[ToolArea]:
    area = ToolArea()
    yield area
    area.deleteLater()


def shown(area: ToolArea, state: ExploreState) -> LatentRequest:
    """The request for the large image."""
    area.show_state(state)
    return area.tool.request(state, DirectionSets())


def titles(area: ToolArea) -> list[str]:
    tabs = area.findChild(QTabBar)
    assert isinstance(tabs, QTabBar)
    return [tabs.tabText(index) for index in range(tabs.count())]


def test_the_stage_offers_the_modules_of_the_folder_in_their_order(area: ToolArea) -> None:
    assert tuple(discover()) == NAMES
    assert titles(area) == ["Timeline", "Four corners", "A − B + C"]


def test_a_module_in_the_folder_is_a_tool(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "standing.py").write_text(
        "from dataclasses import replace\n"
        "from core.latent.request import Walk\n"
        "from studio.widgets.explore.tools.tool import ToolView\n"
        "TITLE = 'One image'\n"
        "ICON = 'push-pin'\n"
        "RANK = 0\n"
        "class View(ToolView):\n"
        "    def trajectory(self, state):\n"
        "        return Walk((state.corners[0],))\n"
        "    def restored(self, state, trajectory):\n"
        "        if len(trajectory.points) > 1:\n"
        "            return None\n"
        "        return replace(state, corners=(trajectory.points[0], *state.corners[1:]))\n"
    )
    (tmp_path / "no_tool.py").write_text("")
    monkeypatch.setattr(tools, "__path__", [*tools.__path__, str(tmp_path)])
    area = ToolArea()
    qtbot.addWidget(area)
    assert titles(area)[:2] == ["One image", "Timeline"]
    state = area.restored(ExploreState(), LatentRequest.of(Point(9)))
    assert (state.tool, state.corners[0]) == ("standing", Point(9))
    assert shown(area, state) == LatentRequest.of(Point(9))


def timeline(*seeds: int, **values: Any) -> ExploreState:
    state = ExploreState(keyframes=tuple(map(Point, seeds)), durations=(2.0,) * len(seeds))
    for name, value in values.items():
        state = state.with_value(f"timeline.{name}", value)
    return state


def test_each_tool_has_its_trajectory(views: dict[str, ToolView]) -> None:
    assert views["timeline"].trajectory(ExploreState()) == Walk((Point(0), Point(1)))
    assert views["square"].trajectory(ExploreState()) == Square((Point(0), Point(1), Point(2), Point(3)))
    closed = timeline(1, 2, 3, closed=True, easing="smooth")
    assert views["timeline"].trajectory(closed) == Walk(closed.keyframes, closed=True, easing="smooth")
    assert views["timeline"].trajectory(timeline(7, closed=True, noise=5, radius=0.3)) == Loop(Point(7), 5, 0.3)
    assert views["timeline"].trajectory(timeline(7)) == Walk((Point(7),))


def test_a_single_point_is_looked_at_beside_the_timeline(views: dict[str, ToolView]) -> None:
    tool, state = views["timeline"], replace(timeline(1, 2, 3), single=Point(9), edit=Edit(psi=0.5))
    assert tool.request(state, DirectionSets()) == LatentRequest.of(Point(9, psi=0.5))
    assert tool.edited(state, DirectionSets()).points == tuple(Point(seed, psi=0.5) for seed in (1, 2, 3))
    assert tool.moved(state, 1.0).single is None


@pytest.mark.parametrize("name", WITH_POSITIONS)
def test_each_tool_remembers_its_position(views: dict[str, ToolView], name: str) -> None:
    state = timeline(1, 2, 3)
    position = (0.1, 0.9) if name == "square" else 0.7
    moved = views[name].moved(state, position)
    assert views[name].position(moved) == position
    assert views[name].request(moved, DirectionSets()).positions == (position,)
    assert views[name].moved(moved, position) is moved
    for other in WITH_POSITIONS:
        assert (views[other].position(moved) == views[other].position(state)) is (other != name)


def test_a_position_does_not_lie_beyond_a_timeline_that_became_shorter(views: dict[str, ToolView]) -> None:
    tool = views["timeline"]
    moved = tool.moved(timeline(1, 2, 3), 2.0)
    assert tool.position(moved.without_keyframe(2)) == 1.0


@pytest.mark.parametrize("durations", [(2.0, 2.0, 2.0), (1.0, 5.0, 3.0)])
@pytest.mark.parametrize("length", [2.0, 3.0])
def test_time_and_position_are_each_others_inverse(durations: tuple[float, ...], length: float) -> None:
    used = durations[: int(length)]
    for position in (0.0, 0.3, 1.0, 1.5, length):
        share = share_at(used, position, length)
        assert position_at(used, share, length) == pytest.approx(position)
    assert share_at(used, 1.0, length) == pytest.approx(used[0] / sum(used))
    assert position_at((), 0.5, 0.0) == share_at((), 0.0, 0.0) == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_settling_changes_no_image(views: dict[str, ToolView], name: str) -> None:
    state = ExploreState(edit=EDIT, keyframes=(Point(1), Point(2)), single=Point(3), total=Point(5))
    assert views[name].request(state.baked(TWO), TWO) == views[name].request(state, TWO)


points = st.builds(Point, st.integers(0, 99), psi=st.sampled_from([0.5, 1.0]))
positions = st.floats(0, 1, width=32)
requests = st.one_of(
    st.builds(
        lambda points, closed, easing, position: LatentRequest(
            Walk(tuple(points), "lerp", closed and len(points) > 1, easing), (position * (len(points) - 1),)
        ),
        st.lists(points, min_size=1, max_size=4),
        st.booleans(),
        st.sampled_from(["even", "smooth"]),
        positions,
    ),
    st.builds(
        lambda corners, position: LatentRequest(Square(corners), (position,)),
        st.tuples(points, points, points, points),
        st.tuples(positions, positions),
    ),
    st.builds(
        lambda point, seed, position: LatentRequest(Loop(point, seed, 0.4), (position,)),
        points,
        st.integers(0, 9),
        positions,
    ),
)


@given(requests)
def test_a_recipe_restores_what_made_it(area: ToolArea, request_: LatentRequest) -> None:
    state = area.restored(ExploreState(edit=EDIT, saved=SavedPins((Pin(Point(3)),))), request_)
    found = shown(area, state)
    if isinstance(request_.trajectory, Walk) and len(request_.trajectory.points) == 1:
        assert found == LatentRequest.of(request_.trajectory.points[0])
    else:
        assert found == request_
    assert state.edit == Edit()
    assert state.saved.pins == (Pin(Point(3)),)


def test_a_sum_stands_at_a_until_it_is_known(views: dict[str, ToolView]) -> None:
    tool, state = (
        views["sum"],
        ExploreState(keyframes=(Point(5),), durations=(2.0,), plus=(Point(1),), minus=(Point(2),)),
    )
    assert tool.wanted_sum(state) is None
    state = replace(state, also=(Point(3), Point(4)))
    assert tool.wanted_sum(state) == ((Point(1),), (Point(2),), (Point(3), Point(4)))
    assert tool.request(state, DirectionSets()) == LatentRequest.of(Point(5))
    known = replace(state, total=Point(z=(1.0,)))
    assert tool.wanted_sum(known) is None
    assert tool.request(known, DirectionSets()) == LatentRequest.of(Point(z=(1.0,)))
    assert (tool.moved(known, 0.7), tool.position(known)) == (known, 0.0)
    assert all(views[name].wanted_sum(state) is None for name in WITH_POSITIONS)


@pytest.mark.parametrize("shape", [(8, 8), (32, 32), (64, 64), (48, 64)])
@pytest.mark.parametrize("opaque", [True, False])
def test_nothing_shows_between_the_images_of_the_map(qtbot: QtBot, shape: tuple[int, int], opaque: bool) -> None:
    pad = SquarePad(6)
    pad.set_images(np.full((36, *shape, 3 if opaque else 4), [0, 128, 0] + [255] * (not opaque), np.uint8))
    qtbot.addWidget(pad)
    for side in range(220, 262, 3):
        pad.resize(side + side % 3, side)
        area = pad.area()
        image = pad.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        inside = area.toRect().adjusted(2, 2, -2, -2)
        height = area.height() / 6 * shape[0] / max(shape)  # of an image, the first of which is in the corner
        top = area.top() + (area.height() / 6 - height) / 2
        green = QColor(0, 128, 0)
        row = round(top + height / 2)
        assert all(image.pixelColor(x, row) == green for x in range(inside.left(), inside.right()))
        if shape[0] == shape[1]:
            column = round(area.left() + area.width() / 12)
            assert all(image.pixelColor(column, y) == green for y in range(inside.top(), inside.bottom()))
