"""The Explore workspace's state: what an edit changes, what each tool may store, and what is saved with a run."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from core.errors import UserError
from core.latent.explore_state import (
    LONGEST_NAME,
    MOST_DIRECTIONS,
    MOST_PINS,
    Direction,
    DirectionSets,
    Edit,
    ExploreState,
    Maker,
    Pin,
    SavedPins,
    read_pins,
)
from core.latent.request import Loop, Mix, Point, Square, Walk

TWO = DirectionSets(closed=np.eye(2, 3, dtype=np.float32), own=np.array([[0, 0, 2]], np.float32))
EDIT = Edit(psi=0.5, closed=(1.0, -2.0), own=(3.0,))


def test_the_sliders_add_up() -> None:
    assert TWO.offset(EDIT) == (1.0, -2.0, 6.0)
    assert TWO.offset(Edit(closed=(0.0, 0.0))) == ()
    assert DirectionSets().offset(EDIT) == ()
    # A generator with fewer directions than sliders were moved.
    assert TWO.offset(Edit(closed=(1.0, 0.0, 5.0))) == (1.0, 0.0, 0.0)


def test_an_edit_changes_points() -> None:
    point = Point(4, psi=0.8, offset=(1.0, 1.0, 1.0), classes=(1.0, 0.0))
    assert Edit().apply(point, ()) == point
    edited = replace(EDIT, codes=(0.5,), mix=Mix(Point(9), 0, 1)).apply(point, (1.0, -2.0, 6.0))
    assert edited == Point(
        4, psi=0.4, offset=(2.0, -1.0, 7.0), classes=(1.0, 0.0), codes=(0.5,), mix=Mix(Point(9), 0, 1)
    )
    assert Edit(classes=(0.0, 1.0)).apply(point, ()).classes == (0.0, 1.0)


def test_an_edit_changes_every_point_of_a_trajectory() -> None:
    edit, points = Edit(psi=0.5), (Point(1), Point(2), Point(3), Point(4))
    first, second, third, fourth = edited = tuple(Point(seed, psi=0.5) for seed in (1, 2, 3, 4))
    walk = Walk(points, "lerp", closed=True, easing="smooth")
    assert edit.apply_along(walk, ()) == replace(walk, points=edited)
    assert edit.apply_along(Square(points), ()) == Square((first, second, third, fourth))
    assert edit.apply_along(Loop(Point(1), 5, 0.3), ()) == Loop(first, 5, 0.3)


def test_values_of_tools_are_kept_apart() -> None:
    state = ExploreState()
    assert state.value("loop.position", 0.5) == 0.5
    one = state.with_value("path.position", 2.0).with_value("loop.position", 0.25)
    assert (one.value("loop.position", 0.5), one.value("path.position", 0.0)) == (0.25, 2.0)
    assert one == state.with_value("loop.position", 0.25).with_value("path.position", 2.0)
    assert hash(one) != hash(state)


def test_settling_puts_the_edit_into_the_points() -> None:
    state = ExploreState(edit=EDIT, single=Point(5), total=Point(z=(1.0,)), saved=SavedPins((Pin(Point(3)),)))
    baked, offset = state.baked(TWO), TWO.offset(EDIT)
    assert baked.edit == Edit()
    assert baked.single == EDIT.apply(Point(5), offset)
    assert baked.corners == tuple(EDIT.apply(point, offset) for point in state.corners)
    assert baked.keyframes == tuple(EDIT.apply(point, offset) for point in state.keyframes)
    assert baked.total == EDIT.apply(Point(z=(1.0,)), offset)
    assert baked.saved == state.saved


def test_saved_pins_are_kept_as_text() -> None:
    saved = SavedPins(
        (
            Pin(Point(3, psi=0.5, mix=Mix(Point(2), 0, 1)), "猫 \n", True, Maker(2511, "0123456789abcdef"), "iVBORw0="),
            Pin(Point(z=(0.1, 0.2))),
        ),
        (Direction("smile", (1.0, 2.0)),),
    )
    assert read_pins(saved.json()) == saved
    assert SavedPins((Pin(Point(3), "cat"),), (Direction("smile", (1.0,)),)).json() == (
        '{"pins":[{"point":{"seed":3,"z":[],"psi":1.0,"offset":[],"classes":[],"codes":[],"w":[],"mix":null},'
        '"name":"cat","favourite":false,"maker":null,"picture":""}],"directions":[{"name":"smile","vector":[1.0]}],"names":[]}'
    )
    assert read_pins('{"pins":[{"point":{"seed":3},"name":"cat","favourite":false}]}').pins == (Pin(Point(3), "cat"),)
    for text in ("", "{", "[]", '{"pins": 3}', '{"more": 1}'):
        with pytest.raises(UserError, match="pins") as caught:
            read_pins(text)
        assert caught.value.remedy


@pytest.mark.parametrize(
    "saved",
    [
        SavedPins((Pin(Point()),) * (MOST_PINS + 1)),
        SavedPins((), (Direction("a", (1.0,)),) * (MOST_DIRECTIONS + 1)),
        SavedPins((Pin(Point(), "x" * (LONGEST_NAME + 1)),)),
        SavedPins((), (Direction("x" * (LONGEST_NAME + 1), (1.0,)),)),
        SavedPins((Pin(Point(z=(0.0,) * 5000)),)),
        SavedPins((Pin(Point(), maker=Maker(3, "../../somewhere")),)),
        SavedPins((Pin(Point(), maker=Maker(-1, "0123456789abcdef")),)),
        SavedPins((Pin(Point(), picture="A" * 70_000),)),
        SavedPins((Pin(Point(w=((0.0,),) * 300)),)),
    ],
)
def test_more_than_can_be_shown_is_not_read(saved: SavedPins) -> None:
    with pytest.raises(UserError, match="The pins of this run cannot be read"):
        read_pins(json.dumps(asdict(saved)))


def test_no_more_is_written_than_is_read() -> None:
    for saved, said in (
        (SavedPins((Pin(Point()),) * (MOST_PINS + 1)), "At most 1,000 pins"),
        (SavedPins((), (Direction("a", (1.0,)),) * (MOST_DIRECTIONS + 1)), "At most 100 directions"),
        (SavedPins((Pin(Point(z=(0.12345678901234567,) * 1000)),) * MOST_PINS), r"take 2\d\.\d MB"),
    ):
        with pytest.raises(UserError, match=said) as caught:
            saved.json()
        assert "are kept" in caught.value.remedy


def test_as_much_as_may_be_saved_is_read() -> None:
    name = "x" * LONGEST_NAME
    saved = SavedPins((Pin(Point(), name),) * MOST_PINS, (Direction(name, (1.0,)),) * MOST_DIRECTIONS)
    assert read_pins(saved.json()) == saved
    assert not saved.excess
    assert "1,000 pins" in replace(saved, pins=(*saved.pins, Pin(Point()))).excess
    assert "100 directions" in ExploreState(saved=saved).with_direction(Direction("b", ())).saved.excess


def test_a_name_is_never_too_long_to_be_read_back() -> None:
    state = ExploreState().with_direction(Direction("x" * 10_000, (1.0,)))
    for each in (state, state.with_name("own", 0, "y" * 10_000), state.with_name("closed", 0, "y" * 10_000)):
        assert read_pins(each.saved.json()) == each.saved


def test_what_is_saved_changes_nothing_else() -> None:
    state = ExploreState(edit=Edit(own=(1.0, 2.0, 3.0)), tool="loop").with_pin(Pin(Point(3)))
    for name in ("smile", "age", "light"):
        state = state.with_direction(Direction(name, (1.0,)))
    assert state.saved.pins == (Pin(Point(3)),)
    assert [each.name for each in state.with_name("own", 1, "older").saved.directions] == ["smile", "older", "light"]
    without = state.without_direction(0)
    assert [each.name for each in without.saved.directions] == ["age", "light"]
    assert without.edit.own == (2.0, 3.0)
    assert (without.tool, without.saved.pins) == ("loop", state.saved.pins)
    # The last slider that added anything is gone, and nothing is added any more.
    assert replace(state, edit=Edit(own=(0.0, 0.0, 3.0))).without_direction(2).edit == Edit()


def test_found_directions_have_names_until_these_are_empty() -> None:
    state = ExploreState().with_name("closed", 1, "smile").with_name("components", 1, "age")
    assert (state.saved.name("closed", 1), state.saved.name("components", 1), state.saved.name("closed", 0)) == (
        "smile",
        "age",
        "",
    )
    assert read_pins(state.saved.json()) == state.saved
    assert len(state.with_name("closed", 1, "grin").saved.names) == 2
    assert state.with_name("closed", 1, "").saved.name("closed", 1) == ""


def test_keyframes_take_their_durations_along() -> None:
    state = ExploreState(keyframes=(Point(1), Point(2), Point(3)), durations=(1.0, 2.0, 3.0), single=Point(9))
    more = state.with_keyframe(1, Point(7))
    assert (more.keyframes, more.durations) == ((Point(1), Point(7), Point(2), Point(3)), (1.0, 1.0, 2.0, 3.0))
    assert (more.single, more.a) == (None, Point(1))
    assert state.with_keyframe(0, Point(7)).durations == (1.0, 1.0, 2.0, 3.0)
    assert state.with_keyframe(3, Point(7)).durations == (1.0, 2.0, 3.0, 3.0)
    moved = state.with_keyframe_moved(0, 2)
    assert (moved.keyframes, moved.durations) == ((Point(2), Point(3), Point(1)), (2.0, 3.0, 1.0))
    fewer = state.without_keyframe(1)
    assert (fewer.keyframes, fewer.durations) == ((Point(1), Point(3)), (1.0, 3.0))
    assert fewer.without_keyframe(0).without_keyframe(0).keyframes == (Point(3),)
