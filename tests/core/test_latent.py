"""Points and trajectories in latent space, against their closed forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.generator_inputs import Conditions, Latents, seed_class, seed_codes, seed_latent
from core.latent.interpolation import Resolved, at, circle, lerp, resolved, slerp
from core.latent.request import LatentRequest, Loop, Mix, Mode, Point, Position, Square, Trajectory, Walk, read_request

NOTHING = Conditions()
BOTH = Conditions("projection", classes=3, categories=4, continuous=2)


def norm(z: Latents) -> float:
    return float(np.linalg.norm(z))


def angle(a: Latents, b: Latents) -> float:
    return float(np.arccos(np.clip(np.dot(a.astype(float), b.astype(float)) / norm(a) / norm(b), -1, 1)))


def unit(*values: float) -> Latents:
    z = np.array(values, np.float32)
    return np.asarray(z / np.linalg.norm(z), np.float32)


def found(trajectory: Trajectory, position: Position, dim: int = 64, conditions: Conditions = NOTHING) -> Resolved:
    return at(trajectory, [resolved(point, dim, conditions) for point in trajectory.points], position)


def walk(*seeds: int, mode: Mode = "slerp") -> Walk:
    return Walk(tuple(Point(seed) for seed in seeds), mode)


# -- between two latents ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [2, 64, 512])
@pytest.mark.parametrize("between", [slerp, lerp])
def test_interpolation_ends_exactly_at_its_ends(
    between: Callable[[Latents, Latents, float], Latents], dim: int
) -> None:
    for seed in range(20):
        a, b = seed_latent(seed, dim), seed_latent(seed + 1, dim)
        assert np.array_equal(between(a, b, 0.0), a)
        assert np.array_equal(between(a, b, 1.0), b)


@pytest.mark.parametrize("t", [0.1, 0.25, 0.5, 0.9])
def test_slerp_keeps_the_length_and_turns_evenly(t: float) -> None:
    a, b = unit(1, 2, -1, 0.5) * 3, unit(-1, 1, 4, 2) * 3
    z = slerp(a, b, t)
    assert z.dtype == np.float32
    assert norm(z) == pytest.approx(3, rel=1e-5)
    assert angle(a, z) == pytest.approx(t * angle(a, b), rel=1e-4)
    assert angle(z, b) == pytest.approx((1 - t) * angle(a, b), rel=1e-4)


def test_slerp_by_hand() -> None:
    a, b = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    assert slerp(a, b, 1 / 3).tolist() == pytest.approx([np.cos(np.pi / 6), np.sin(np.pi / 6)], abs=1e-6)


def test_slerp_changes_the_length_evenly() -> None:
    a, b = unit(1, 0, 0) * 2, unit(0, 1, 0) * 6
    assert [norm(slerp(a, b, t)) for t in (0.25, 0.5, 0.75)] == pytest.approx([3, 4, 5], rel=1e-5)


@pytest.mark.parametrize(
    ("a", "b"), [([1, 2], [1, 2]), ([1, 2], [2, 4]), ([1, 2], [-1, -2]), ([0, 0], [1, 1]), ([0, 0], [0, 0])]
)
def test_slerp_without_an_angle_is_straight(a: list[float], b: list[float]) -> None:
    one, other = np.array(a, np.float32), np.array(b, np.float32)
    assert slerp(one, other, 0.25).tolist() == pytest.approx(lerp(one, other, 0.25).tolist(), abs=1e-6)


def test_lerp_by_hand() -> None:
    z = lerp(np.array([0, 4], np.float32), np.array([8, 0], np.float32), 0.25)
    assert z.dtype == np.float32
    assert z.tolist() == [2, 3]


# -- points ----------------------------------------------------------------------------------------------------------


def test_a_point_is_that_of_its_seed() -> None:
    point = resolved(Point(5), 64, BOTH)
    assert np.array_equal(point.z, seed_latent(5, 64))
    assert np.array_equal(point.classes, seed_class(5, BOTH))
    assert np.array_equal(point.codes, seed_codes(5, BOTH))
    assert (point.psi.tolist(), point.offset.tolist(), point.w.shape) == ([1], [0], (0, 0))


def test_a_point_may_say_all_itself() -> None:
    point = Point(5, (1.0, 2.0), 0.5, (3.0, 4.0), (0.25, 0, 0.75), (0, 0, 1, 0, -1, 0.5), ((1.0, 2.0, 3.0),) * 2)
    numbers = resolved(point, 2, BOTH)
    assert [part.tolist() for part in numbers] == [
        [1, 2],
        [0.5],
        [3, 4],
        [0.25, 0, 0.75],
        [0, 0, 1, 0, -1, 0.5],
        [[1, 2, 3], [1, 2, 3]],
    ]
    assert all(part.dtype == np.float32 for part in numbers)


@pytest.mark.parametrize("point", [Point(z=(1.0,)), Point(classes=(1.0,)), Point(codes=(0.5,))])
def test_a_point_of_another_generator_is_refused(point: Point) -> None:
    with pytest.raises(UserError, match="another generator") as caught:
        resolved(point, 2, BOTH)
    assert "checkpoint" in caught.value.remedy


# -- walks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["slerp", "lerp"])
def test_whole_positions_are_the_points_themselves(mode: Mode) -> None:
    seeds = (5, 0, 9, 9, 123456789)
    for position, seed in enumerate(seeds):
        assert np.array_equal(found(walk(*seeds, mode=mode), float(position)).z, seed_latent(seed, 64))


@pytest.mark.parametrize("mode", ["slerp", "lerp"])
def test_a_position_between_two_points(mode: Mode) -> None:
    ends = [seed_latent(seed, 64) for seed in (3, 1, 4)]
    between = {"slerp": slerp, "lerp": lerp}[mode]
    for position, expected in ((1.25, between(ends[1], ends[2], 0.25)), (0.5, between(ends[0], ends[1], 0.5))):
        assert np.array_equal(found(walk(3, 1, 4, mode=mode), position).z, expected)


def test_a_closed_walk_ends_where_it_began() -> None:
    open_walk, closed = walk(3, 1, 4), Walk(walk(3, 1, 4).points, closed=True)
    assert (open_walk.length, closed.length) == (2, 3)
    assert np.array_equal(found(closed, 3.0).z, found(closed, 0.0).z)
    assert np.array_equal(found(closed, 2.5).z, slerp(seed_latent(4, 64), seed_latent(3, 64), 0.5))
    assert np.array_equal(found(closed, 1.3).z, found(open_walk, 1.3).z)


def test_a_smooth_walk_slows_down_at_its_points() -> None:
    smooth = Walk((Point(0), Point(1)), easing="smooth")
    for position in (0.0, 0.5, 1.0):
        assert np.allclose(found(smooth, position).z, found(walk(0, 1), position).z, atol=1e-6)
    assert np.array_equal(found(smooth, 0.25).z, found(walk(0, 1), 0.15625).z)  # 3 t^2 - 2 t^3
    steps = [norm(found(smooth, a).z - found(smooth, b).z) for a, b in pairwise(np.linspace(0, 1, 11).tolist())]
    assert min(steps) == min(steps[0], steps[-1])
    assert max(steps) == max(steps[4:6])


def test_everything_else_is_mixed_evenly() -> None:
    a = Point(0, psi=0.5, offset=(1.0,) * 8)
    b = Point(1, psi=1.0)
    between = found(Walk((a, b)), 0.25, 8, BOTH)
    assert between.psi.tolist() == pytest.approx([0.625])
    assert between.offset.tolist() == pytest.approx([0.75] * 8)
    assert between.classes.tolist() == [0.75, 0.25, 0]
    assert np.allclose(between.codes, 0.75 * seed_codes(0, BOTH) + 0.25 * seed_codes(1, BOTH), atol=1e-6)


# -- squares and loops -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["slerp", "lerp"])
def test_the_corners_of_a_square_are_its_points(mode: Mode) -> None:
    square = Square((Point(3), Point(1, psi=0.5), Point(4), Point(z=(1.0,) * 64, offset=(2.0,) * 64)), mode)
    for position, point in zip(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)), square.points, strict=True):
        for one, other in zip(found(square, position), resolved(point, 64, NOTHING), strict=True):
            assert np.array_equal(one, other)


def test_the_sides_and_the_middle_of_a_square() -> None:
    square = Square((Point(3), Point(1), Point(4), Point(9)))
    z = [seed_latent(seed, 64) for seed in (3, 1, 4, 9)]
    assert np.array_equal(found(square, (0.3, 0.0)).z, slerp(z[0], z[1], 0.3))
    assert np.array_equal(found(square, (0.3, 1.0)).z, slerp(z[2], z[3], 0.3))
    assert np.array_equal(found(square, (1.0, 0.7)).z, slerp(z[1], z[3], 0.7))
    middle = slerp(slerp(z[0], z[1], 0.5), slerp(z[2], z[3], 0.5), 0.5)
    assert np.array_equal(found(square, (0.5, 0.5)).z, middle)
    straight = Square(square.points, "lerp")
    assert np.allclose(found(straight, (0.5, 0.5)).z, np.mean(z, 0), atol=1e-6)


@pytest.mark.parametrize("radius", [0.1, 0.5, 1.0])
def test_a_loop_closes_without_a_seam(radius: float) -> None:
    loop = Loop(Point(3), 8, radius)
    assert np.array_equal(found(loop, 0.0).z, found(loop, 1.0).z)
    positions = np.linspace(0, 1, 65)
    zs = [found(loop, position).z for position in positions.tolist()]
    steps = [norm(b - a) for a, b in pairwise(zs)]
    assert steps[-1] == pytest.approx(norm(zs[1] - zs[0]), rel=0.2)
    # Opposite positions are as far apart as the circle is wide, and their middle is where it lies around.
    u = circle(loop, 0.0, 64)
    assert np.allclose(found(loop, 0.0).z - found(loop, 0.5).z, 2 * radius * u, atol=1e-5)
    middle = (1 - radius**2) ** 0.5 * seed_latent(3, 64)
    assert np.allclose((found(loop, 0.2).z + found(loop, 0.7).z) / 2, middle, atol=1e-5)


def test_positions_on_loops_are_as_likely_as_any() -> None:
    zs = np.stack([found(Loop(Point(seed), seed + 1000, 0.6), 0.37, 100).z for seed in range(200)])
    assert float(zs.mean()) == pytest.approx(0, abs=0.03)
    assert float(zs.std()) == pytest.approx(1, abs=0.03)


def test_no_radius_stands_still() -> None:
    assert np.array_equal(found(Loop(Point(3), 8, 0.0), 0.4).z, seed_latent(3, 64))


# -- requests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("positions", [(0.0, 1.0), (0.25, 0.5), (1.25, 1.75), (2.0,), (0.5, 3.0), (3.0, 0.5)])
def test_a_part_of_a_request_asks_for_the_same(positions: tuple[float, ...]) -> None:
    whole = LatentRequest(
        Walk(tuple(Point(seed) for seed in range(4)), "lerp", easing="smooth"), (9.0, *positions, 7.0)
    )
    part = whole.part(1, 1 + len(positions))
    assert isinstance(part.trajectory, Walk)
    for position, own in zip(positions, part.positions, strict=True):
        assert np.allclose(found(part.trajectory, own).z, found(whole.trajectory, position).z, atol=1e-6)
    assert len(part.trajectory.points) <= max(positions) - min(positions) + 2


def test_a_request_of_seeds() -> None:
    request = LatentRequest.of_seeds((4, 2), psi=0.7)
    assert request == LatentRequest(Walk((Point(4, psi=0.7), Point(2, psi=0.7))), (0.0, 1.0))
    assert request.part(1, 2) == LatentRequest.of(Point(2, psi=0.7))


finite = st.floats(-1e6, 1e6, width=32)
numbers = st.lists(finite, max_size=5).map(tuple)
plain_points = st.builds(
    Point,
    st.integers(0, 2**32 - 1),
    numbers,
    finite,
    numbers,
    numbers,
    numbers,
    st.lists(numbers, max_size=3).map(tuple),
)
mixes = st.none() | st.builds(Mix, plain_points, st.integers(0, 9), st.integers(0, 9))
points = st.builds(Point, st.integers(0, 2**32 - 1), numbers, finite, numbers, numbers, numbers, st.just(()), mixes)
trajectories = (
    st.builds(Walk, st.lists(points, min_size=1, max_size=4).map(tuple))
    | st.builds(Square, st.tuples(points, points, points, points))
    | st.builds(Loop, points, st.integers(0, 2**32 - 1), st.floats(0, 1))
)


def places(trajectory: Trajectory) -> st.SearchStrategy[LatentRequest]:
    number = st.floats(0, trajectory.length, width=32) if isinstance(trajectory, Walk) else finite
    found = st.lists(number | st.tuples(number, number), min_size=1, max_size=4).map(tuple)
    return st.builds(LatentRequest, st.just(trajectory), found)


requests = trajectories.flatmap(places)


@given(requests)
def test_what_is_written_is_read(request: LatentRequest) -> None:
    assert read_request(request.json()) == request


def test_the_text_of_a_request_stays_as_it_is() -> None:
    """Recipes in exported images are such texts."""
    point = '"seed":1,"z":[],"psi":1.0,"offset":[],"classes":[],"codes":[],"w":[],"mix":null'
    assert LatentRequest(Loop(Point(1), 5, 0.25), (0.5,)).json() == (
        f'{{"way":{{"centre":{{{point}}},"seed":5,"radius":0.25,"kind":"loop"}},"places":[0.5]}}'
    )


@pytest.mark.parametrize(
    "change",
    [
        {"way": None},
        {"way": {"kind": "walk", "points": []}},
        {"way": {"kind": "loop", "centre": {}, "radius": 2}},
        {"way": {"kind": "jump"}},
        {"places": []},
        {"places": [-0.5]},
        {"places": [0.5]},
        {"places": [[7, 0]]},
        {"places": ["a"]},
        {"places": [float("nan")]},
        {"more": 1},
    ],
)
def test_what_is_no_request_is_refused(change: dict[str, object]) -> None:
    facts = json.loads(LatentRequest.of(Point(1)).json())
    with pytest.raises(UserError, match="recipe") as caught:
        read_request(json.dumps({**facts, **change}))
    assert caught.value.remedy
