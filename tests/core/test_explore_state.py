"""The laboratory's state: what the tools and the lens ask for, and what comes back from a recipe or a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.latent.explore_state import Direction, DirectionSets, Edit, ExploreState, Pin, SavedPins, Tool, read_pins
from core.latent.request import LatentRequest, Loop, Mix, Point, Square, Walk

TWO = DirectionSets(closed=np.eye(2, 3, dtype=np.float32), own=np.array([[0, 0, 2]], np.float32))
LENS = Edit(psi=0.5, closed=(1.0, -2.0), own=(3.0,))
TOOLS: tuple[Tool, ...] = ("between", "square", "path", "loop")
"""Those that have places."""


def test_the_sliders_add_up() -> None:
    assert TWO.offset(LENS) == (1.0, -2.0, 6.0)
    assert TWO.offset(Edit(closed=(0.0, 0.0))) == ()
    assert DirectionSets().offset(LENS) == ()
    # A generator with fewer directions than sliders were moved.
    assert TWO.offset(Edit(closed=(1.0, 0.0, 5.0))) == (1.0, 0.0, 0.0)


def test_a_lens_bends_points() -> None:
    point = Point(4, psi=0.8, offset=(1.0, 1.0, 1.0), classes=(1.0, 0.0))
    assert Edit().bend(point, ()) == point
    bent = replace(LENS, codes=(0.5,), mix=Mix(Point(9), 0, 1)).bend(point, (1.0, -2.0, 6.0))
    assert bent == Point(4, psi=0.4, offset=(2.0, -1.0, 7.0), classes=(1.0, 0.0), codes=(0.5,), mix=Mix(Point(9), 0, 1))
    assert Edit(classes=(0.0, 1.0)).bend(point, ()).classes == (0.0, 1.0)


def test_each_tool_has_its_way() -> None:
    lab = ExploreState(
        a=Point(7), b=Point(8), path=(Point(1), Point(2), Point(3)), noise=5, radius=0.3, easing="smooth"
    )
    nothing = DirectionSets()
    assert lab.way(nothing) == Walk((Point(7), Point(8)))
    assert replace(lab, tool="square").way(nothing) == Square((Point(0), Point(1), Point(2), Point(3)))
    assert replace(lab, tool="path", closed=True).way(nothing) == Walk(lab.path, closed=True, easing="smooth")
    assert replace(lab, tool="loop").way(nothing) == Loop(Point(7), 5, 0.3)
    # A path without points stands at A; it has nowhere to close to.
    assert replace(lab, tool="path", path=(), closed=True).way(nothing) == Walk((Point(7),), easing="smooth")


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_remembers_its_place(tool: Tool) -> None:
    lab = ExploreState(path=(Point(1), Point(2), Point(3)))
    place = (0.1, 0.9) if tool == "square" else 0.7
    moved = replace(lab, tool=tool).at(place)
    assert moved.place == place
    assert moved.request(DirectionSets()).places == (place,)
    others = [replace(moved, tool=other).place for other in TOOLS if other != tool]
    assert others == [replace(lab, tool=other).place for other in TOOLS if other != tool]


def test_a_place_does_not_lie_beyond_a_path_that_became_shorter() -> None:
    lab = replace(ExploreState(tool="path", path=(Point(1), Point(2), Point(3))).at(2.0), path=(Point(1), Point(2)))
    assert lab.place == 1.0


@pytest.mark.parametrize("tool", TOOLS)
def test_settling_changes_no_image(tool: Tool) -> None:
    lab = ExploreState(tool=tool, lens=LENS, path=(Point(1), Point(2)))
    settled = lab.settled(TWO)
    assert settled.lens == Edit()
    assert settled.request(TWO) == lab.request(TWO)
    assert settled.board == lab.board


points = st.builds(Point, st.integers(0, 99), psi=st.sampled_from([0.5, 1.0]))
places = st.floats(0, 1, width=32)
requests = st.one_of(
    st.builds(
        lambda points, closed, easing, place: LatentRequest(
            Walk(tuple(points), "lerp", closed and len(points) > 1, easing), (place * (len(points) - 1),)
        ),
        st.lists(points, min_size=1, max_size=4),
        st.booleans(),
        st.sampled_from(["even", "smooth"]),
        places,
    ),
    st.builds(
        lambda corners, place: LatentRequest(Square(corners), (place,)),
        st.tuples(points, points, points, points),
        st.tuples(places, places),
    ),
    st.builds(
        lambda point, seed, place: LatentRequest(Loop(point, seed, 0.4), (place,)), points, st.integers(0, 9), places
    ),
)


@given(requests)
def test_a_recipe_restores_what_made_it(request: LatentRequest) -> None:
    lab = ExploreState(lens=LENS, board=SavedPins((Pin(Point(3)),))).restored(request)
    found = lab.request(DirectionSets())
    if isinstance(request.way, Walk) and len(request.way.points) == 1 and lab.tool == "between":
        assert found.part(0, 1).way.points[0] == request.way.points[0]
    else:
        assert found == request
    assert lab.board.pins == (Pin(Point(3)),)


def test_a_board_is_kept_as_text() -> None:
    board = SavedPins(
        (Pin(Point(3, psi=0.5, mix=Mix(Point(2), 0, 1)), "猫 \n", True), Pin(Point(z=(0.1, 0.2)))),
        (Direction("smile", (1.0, 2.0)),),
    )
    assert read_pins(board.json()) == board
    for text in ("", "{", "[]", '{"pins": 3}', '{"more": 1}'):
        with pytest.raises(UserError, match="pins") as caught:
            read_pins(text)
        assert caught.value.remedy


def test_what_belongs_to_the_board_changes_nothing_else() -> None:
    lab = ExploreState(lens=Edit(own=(1.0, 2.0, 3.0)), tool="loop").with_pin(Pin(Point(3)))
    for name in ("smile", "age", "light"):
        lab = lab.with_direction(Direction(name, (1.0,)))
    assert lab.board.pins == (Pin(Point(3)),)
    assert [each.name for each in lab.with_name(1, "older").board.directions] == ["smile", "older", "light"]
    without = lab.without_direction(0)
    assert [each.name for each in without.board.directions] == ["age", "light"]
    assert without.lens.own == (2.0, 3.0)
    assert (without.tool, without.board.pins) == ("loop", lab.board.pins)
    # The last slider that added anything is gone, and nothing is added any more.
    assert replace(lab, lens=Edit(own=(0.0, 0.0, 3.0))).without_direction(2).lens == Edit()


def test_a_sum_stands_at_a_until_it_is_known() -> None:
    lab = ExploreState(tool="sum", a=Point(5), plus=(Point(1),), minus=(Point(2),))
    assert not lab.wants_total
    lab = replace(lab, also=(Point(3), Point(4)))
    assert lab.wants_total
    assert lab.request(DirectionSets()) == LatentRequest.of(Point(5))
    known = replace(lab, total=Point(z=(1.0,)))
    assert not known.wants_total
    assert known.request(DirectionSets()) == LatentRequest.of(Point(z=(1.0,)))
    assert [known.group(name) for name in ("plus", "minus", "also")] == [(Point(1),), (Point(2),), (Point(3), Point(4))]
    assert (known.at(0.7), known.place) == (known, 0.0)
    lens = replace(known, lens=Edit(psi=0.5))
    assert lens.settled(DirectionSets()).total == Point(z=(1.0,), psi=0.5)
