"""The positions of an animation's frames, and which settings are refused: closed forms."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from core.errors import UserError
from core.export.animation import MOST_FRAMES, Animation, frame_positions, frame_requests
from core.latent.request import LatentRequest, Loop, Point, Walk

THREE = tuple(map(Point, (1, 5, 9)))


def test_an_open_walk_ends_on_its_last_point() -> None:
    found = frame_positions(Walk(THREE), Animation(fps=10, seconds=2))
    assert len(found) == 2 * 20 + 1
    assert (found[0], found[1], found[20], found[30], found[40]) == (0, 0.05, 1, 1.5, 2)


@pytest.mark.parametrize(("closed", "loop"), [(True, False), (False, True), (True, True)])
def test_a_closed_walk_ends_a_step_before_it_begins_again(closed: bool, loop: bool) -> None:
    found = frame_positions(Walk(THREE, closed=closed), Animation(fps=10, seconds=2, loop=loop))
    assert found == tuple(frame / 20 for frame in range(60))


def test_a_loop_is_one_turn() -> None:
    assert frame_positions(Loop(Point(3)), Animation(fps=8, seconds=0.5)) == (0, 0.25, 0.5, 0.75)


@pytest.mark.parametrize("closed", [False, True])
def test_the_request_walks_back_when_the_animation_does(closed: bool) -> None:
    trajectory = Walk(THREE, "lerp", closed=closed, easing="smooth")
    animation = Animation(fps=4, seconds=1, loop=not closed)
    there_and_back = Walk((*THREE, THREE[0]), "lerp", easing="smooth")
    assert frame_requests(trajectory, animation) == LatentRequest(
        there_and_back, tuple(frame / 4 for frame in range(12))
    )
    assert frame_requests(trajectory, animation).part(9, 10).trajectory.points == (THREE[2], THREE[0])
    assert frame_requests(Loop(Point(3)), animation).trajectory == Loop(Point(3))


def test_an_animation_has_a_frame_however_short_it_is() -> None:
    assert Animation(fps=1, seconds=0.01).frames == 1
    assert frame_positions(Walk(THREE), Animation(fps=1, seconds=0.01)) == (0, 1, 2)


@pytest.mark.parametrize(
    "values",
    [{"fps": 0}, {"fps": 121}, {"seconds": 0}, {"seconds": -1}, {"seconds": nan}, {"seconds": inf}, {"scale": 0},
     {"scale": 33}],
)  # fmt: skip
def test_settings_that_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        Animation(**values)
    assert caught.value.remedy


def test_a_slip_does_not_fill_the_memory() -> None:
    animation = Animation(fps=100, seconds=MOST_FRAMES / 100)
    assert animation.frames == MOST_FRAMES
    with pytest.raises(UserError, match="too many"):
        frame_positions(Walk(THREE), animation)
    with pytest.raises(UserError, match="too many"):
        frame_positions(Loop(Point()), Animation(seconds=1e15))


def test_one_image_is_no_walk() -> None:
    with pytest.raises(UserError, match="at least 2 images"):
        frame_positions(Walk((Point(),), closed=True), Animation())


def test_segments_last_as_long_as_their_durations() -> None:
    walk = Walk((Point(0), Point(1), Point(2)))
    timed = Animation(fps=2, durations=(1.0, 2.0))
    assert frame_positions(walk, timed) == (0.0, 0.5, 1.0, 1.25, 1.5, 1.75, 2.0)
    closed = replace(walk, closed=True)
    assert frame_positions(closed, replace(timed, durations=(1.0, 0.5, 1.0))) == (0.0, 0.5, 1.0, 2.0, 2.5)
    assert frame_positions(Loop(Point(0)), replace(timed, durations=(2.0,))) == (0.0, 0.25, 0.5, 0.75)
    assert frame_positions(walk, replace(timed, durations=(2.0, 2.0))) == frame_positions(walk, Animation(2, 2.0))
    with pytest.raises(UserError):
        frame_positions(walk, replace(timed, durations=(1.0,)))
    with pytest.raises(UserError):
        Animation(durations=(0.0,))
