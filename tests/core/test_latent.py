"""Latents: numbers that no platform may change, the geometry of interpolation, and seeds as people write them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import validate
from core.errors import Problem
from core.latent import (
    LARGEST_SEED,
    MOST_COLUMNS,
    Conditions,
    LatentRequest,
    Latents,
    Mode,
    drawn,
    fixed,
    lerp,
    parse_seeds,
    seed_class,
    seed_codes,
    seed_latent,
    slerp,
)


def norm(z: Latents) -> float:
    return float(np.linalg.norm(z))


def angle(a: Latents, b: Latents) -> float:
    return float(np.arccos(np.clip(np.dot(a.astype(float), b.astype(float)) / norm(a) / norm(b), -1, 1)))


def unit(*values: float) -> Latents:
    z = np.array(values, np.float32)
    return np.asarray(z / np.linalg.norm(z), np.float32)


# -- seeds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (0, [1.7640524, 0.4001572, 0.978738, 2.2408931]),
        (42, [0.4967142, -0.1382643, 0.6476886, 1.5230298]),
        (LARGEST_SEED, [0.6484087, 0.6693235, -1.0805438, 0.284501]),
    ],
)
def test_a_seeds_latent_is_the_same_everywhere(seed: int, expected: list[float]) -> None:
    z = seed_latent(seed, 4)
    assert z.dtype == np.float32
    assert z.tolist() == pytest.approx(expected, abs=1e-6)


def test_a_seeds_latent_neither_reads_nor_moves_numpys_own_random_numbers() -> None:
    np.random.seed(1)
    expected = np.random.standard_normal(4)
    np.random.seed(1)
    one = seed_latent(3, 64)
    assert np.array_equal(np.random.standard_normal(4), expected)
    assert np.array_equal(seed_latent(3, 64), one)


def test_latents_are_standard_normal() -> None:
    z = np.stack([seed_latent(seed, 100) for seed in range(100)])
    assert float(z.mean()) == pytest.approx(0, abs=0.03)
    assert float(z.std()) == pytest.approx(1, abs=0.03)


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


# -- requests --------------------------------------------------------------------------------------------------------


def latents(request: LatentRequest, latent_dim: int) -> Latents:
    return drawn(request, latent_dim, NOTHING).z


def test_whole_positions_are_the_seeds_themselves() -> None:
    seeds = (5, 0, 9, 9, 123456789)
    z = latents(LatentRequest(seeds, (0.0, 1.0, 2.0, 3.0, 4.0)), 64)
    assert z.shape == (5, 64)
    assert z.dtype == np.float32
    assert np.array_equal(z, np.stack([seed_latent(seed, 64) for seed in seeds]))


@pytest.mark.parametrize("mode", ["slerp", "lerp"])
def test_a_position_between_two_seeds(mode: Mode) -> None:
    ends = [seed_latent(seed, 16) for seed in (3, 1, 4)]
    between = {"slerp": slerp, "lerp": lerp}[mode]
    z = latents(LatentRequest((3, 1, 4), (1.25, 0.5, 1.25), mode), 16)
    expected = [between(ends[1], ends[2], 0.25), between(ends[0], ends[1], 0.5), between(ends[1], ends[2], 0.25)]
    assert np.allclose(z, expected, atol=1e-6)


def test_psi_pulls_towards_the_mean() -> None:
    whole = latents(LatentRequest((1, 2), (0.0, 0.3, 1.0)), 16)
    assert np.allclose(latents(LatentRequest((1, 2), (0.0, 0.3, 1.0), psi=0.7), 16), 0.7 * whole, atol=1e-6)
    assert not latents(LatentRequest((1, 2), (0.3,), psi=0.0), 16).any()


def test_one_seed_has_one_position() -> None:
    assert np.array_equal(latents(LatentRequest((8,), (0.0,)), 16)[0], seed_latent(8, 16))


# -- classes and codes -----------------------------------------------------------------------------------------------

NOTHING = Conditions()
LABELLED = Conditions("concat", classes=3)
CODED = Conditions(categories=4, continuous=2)
BOTH = Conditions("projection", classes=3, categories=4, continuous=2)


def test_conditions_of_settings() -> None:
    settings = validate({"condition": "embedding", "codes_categorical": 4, "codes_continuous": 2})
    assert Conditions.of(settings, 3) == Conditions("embedding", 3, 4, 2)
    # Labels that the settings do not ask for do not count.
    assert Conditions.of(validate({}), 3) == NOTHING
    assert (BOTH.codes, CODED.codes, LABELLED.codes, NOTHING.codes) == (6, 6, 0, 0)


def test_without_conditions_there_is_nothing_but_z() -> None:
    for found in (drawn(LatentRequest((0, 1), (0.0, 0.5)), 8, NOTHING), fixed(2, 8, NOTHING)):
        assert (found.z.shape, found.classes.shape, found.codes.shape) == ((2, 8), (2, 0), (2, 0))


def test_seeds_take_turns_in_classes_and_categories() -> None:
    assert [seed_class(seed, LABELLED).tolist() for seed in (0, 1, 2, 4)] == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 1, 0],
    ]
    assert [int(seed_codes(seed, CODED)[:4].argmax()) for seed in (0, 1, 3, 4, 6)] == [0, 1, 3, 0, 2]
    assert seed_codes(5, CODED)[:4].tolist() == [0, 1, 0, 0]
    assert seed_class(LARGEST_SEED, LABELLED).sum() == seed_codes(LARGEST_SEED, CODED)[:4].sum() == 1
    assert seed_class(0, LABELLED).dtype == seed_codes(0, CODED).dtype == np.float32


def test_a_seeds_continuous_codes_are_the_same_everywhere_and_its_own() -> None:
    assert seed_codes(0, CODED)[4:].tolist() == pytest.approx([-0.7740114, -0.1643423], abs=1e-6)
    many = np.stack([seed_codes(seed, Conditions(continuous=5)) for seed in range(200)])
    assert many.min() >= -1
    assert many.max() <= 1
    assert float(many.mean()) == pytest.approx(0, abs=0.05)
    assert float(many.std()) == pytest.approx(3**-0.5, abs=0.05)
    assert len(np.unique(many)) == many.size


def test_conditions_do_not_change_z() -> None:
    request = LatentRequest((3, 1), (0.0, 0.25, 1.0))
    assert np.array_equal(drawn(request, 8, BOTH).z, drawn(request, 8, NOTHING).z)
    assert np.array_equal(fixed(2, 8, NOTHING).z, np.stack([seed_latent(seed, 8) for seed in range(2)]))


def test_each_seed_brings_its_own_unless_the_request_says_otherwise() -> None:
    request = LatentRequest((4, 2), (0.0, 1.0))
    found = drawn(request, 8, BOTH)
    assert np.array_equal(found.classes, [seed_class(4, BOTH), seed_class(2, BOTH)])
    assert np.array_equal(found.codes, [seed_codes(4, BOTH), seed_codes(2, BOTH)])
    asked = LatentRequest((4, 2), (0.0, 0.3, 1.0), classes=(0.25, 0.0, 0.75), codes=(0, 0, 1, 0, -1, 0.5))
    found = drawn(asked, 8, BOTH)
    assert found.classes.tolist() == [[0.25, 0.0, 0.75]] * 3
    assert np.allclose(found.codes, [[0, 0, 1, 0, -1, 0.5]] * 3)
    assert found.classes.dtype == found.codes.dtype == np.float32


@pytest.mark.parametrize("mode", ["slerp", "lerp"])
def test_between_two_seeds_their_classes_and_codes_are_mixed_evenly(mode: Mode) -> None:
    found = drawn(LatentRequest((0, 1), (0.25,), mode), 8, BOTH)
    assert found.classes[0].tolist() == [0.75, 0.25, 0]
    assert np.allclose(found.codes[0], 0.75 * seed_codes(0, BOTH) + 0.25 * seed_codes(1, BOTH), atol=1e-6)


def test_truncation_leaves_classes_and_codes_alone() -> None:
    whole, mean = (drawn(LatentRequest((4,), (0.0,), psi=psi), 8, BOTH) for psi in (1.0, 0.0))
    assert not mean.z.any()
    assert np.array_equal(mean.classes, whole.classes)
    assert np.array_equal(mean.codes, whole.codes)


# -- sample grids ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "columns", "counts"),
    [
        (NOTHING, 0, {1: 1, 4: 4, 37: 37}),
        (Conditions(continuous=2), 0, {4: 4}),
        (LABELLED, 3, {1: 3, 3: 3, 5: 3, 6: 6, 37: 36}),
        (CODED, 4, {4: 4, 37: 36}),
        (BOTH, 3, {37: 36}),
        (Conditions("concat", classes=100), MOST_COLUMNS, {37: 32}),
    ],
)
def test_a_grid_has_whole_rows(conditions: Conditions, columns: int, counts: dict[int, int]) -> None:
    assert conditions.columns == columns
    for samples, count in counts.items():
        assert conditions.grid_count(samples) == count
        assert all(len(part) == count for part in fixed(samples, 8, conditions))


def test_what_the_columns_stand_for() -> None:
    assert LABELLED.column_names(("cat", "dog", "owl")) == ("cat", "dog", "owl")
    assert CODED.column_names(()) == CODED.column_names(("cat", "dog")) == ("0", "1", "2", "3")
    assert NOTHING.column_names(("cat", "dog")) == ()
    assert len(Conditions("concat", classes=100).column_names([str(number) for number in range(100)])) == MOST_COLUMNS


@pytest.mark.parametrize("categories", [1, 2, 3, 5])
def test_a_column_that_is_a_class_and_a_category_says_so(categories: int) -> None:
    conditions = Conditions("concat", 3, categories)
    names = conditions.column_names(("3", "1", "owl"))  # classes may have numbers for names
    assert names[:2] == ("3, category 0", f"1, category {1 % categories}")
    found = fixed(3, 8, conditions)
    shown = zip(found.classes.argmax(1), found.codes.argmax(1), strict=True)
    assert names == tuple(f"{('3', '1', 'owl')[label]}, category {category}" for label, category in shown)


def test_image_k_of_a_plain_grid_is_that_of_seed_k() -> None:
    found = fixed(5, 8, Conditions(continuous=2))
    assert np.array_equal(found.z, [seed_latent(seed, 8) for seed in range(5)])
    assert np.array_equal(found.codes, [seed_codes(seed, Conditions(continuous=2)) for seed in range(5)])


def test_a_column_of_a_grid_is_a_class_and_a_row_a_seed() -> None:
    found = fixed(6, 8, LABELLED)
    assert found.classes.argmax(1).tolist() == [0, 1, 2, 0, 1, 2]
    assert np.array_equal(found.z, [seed_latent(seed, 8) for seed in (0, 0, 0, 1, 1, 1)])


def test_a_column_may_be_a_category_too() -> None:
    found = fixed(8, 8, CODED)
    assert found.codes[:, :4].argmax(1).tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert found.codes[:, :4].sum(1).tolist() == [1] * 8
    # Within a row nothing differs but the category.
    assert np.array_equal(found.codes[:, 4:], [seed_codes(seed, CODED)[4:] for seed in (0, 0, 0, 0, 1, 1, 1, 1)])
    assert np.array_equal(found.z, [seed_latent(seed, 8) for seed in (0, 0, 0, 0, 1, 1, 1, 1)])


# -- seeds as text ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", (0,)),
        ("0-3", (0, 1, 2, 3)),
        ("1,5,9", (1, 5, 9)),
        ("9, 1 , 3 - 5", (9, 1, 3, 4, 5)),
        ("7-7,7", (7, 7)),
        ("007", (7,)),
        (str(LARGEST_SEED), (LARGEST_SEED,)),
    ],
)
def test_lists_of_seeds(text: str, expected: tuple[int, ...]) -> None:
    assert parse_seeds(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", ",", "1,", "a", "-1", "1-", "3-1", "1.5", "1--2", "0x10", "²", "٣", "1e3", "0-999999999", str(2**32)],
)
def test_what_is_no_list_of_seeds(text: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_seeds(text)
    assert caught.value.remedy
    assert len(str(caught.value).splitlines()) == 1


@given(st.text(alphabet="0123456789-, x\n٣", max_size=30) | st.text(max_size=30))
def test_any_text_is_seeds_or_a_problem(text: str) -> None:
    try:
        seeds = parse_seeds(text)
    except Problem as problem:
        assert problem.remedy  # noqa: PT017 (either outcome is right)
    else:
        assert seeds
        assert all(0 <= seed <= LARGEST_SEED for seed in (seeds[0], seeds[-1], min(seeds), max(seeds)))


@given(st.lists(st.tuples(st.integers(0, LARGEST_SEED - 50), st.integers(0, 50)), min_size=1, max_size=8))
def test_what_is_written_is_read(ranges: list[tuple[int, int]]) -> None:
    text = ",".join(f"{first}-{first + more}" if more else str(first) for first, more in ranges)
    assert parse_seeds(text) == tuple(seed for first, more in ranges for seed in range(first, first + more + 1))
