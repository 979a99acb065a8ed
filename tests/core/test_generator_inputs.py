"""Seeds: numbers that no platform may change, what conditions add, sample grids, and seeds as people write them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.settings import validate
from core.errors import UserError
from core.generator_inputs import (
    LARGEST_SEED,
    MOST_COLUMNS,
    Conditions,
    fixed,
    parse_seeds,
    seed_class,
    seed_codes,
    seed_latent,
)

NOTHING = Conditions()
LABELED = Conditions("concat", classes=3)
CODED = Conditions(categories=4, continuous=2)
CLUSTERED = Conditions("auxiliary", classes=3, clustered=True)
BOTH = Conditions("projection", classes=3, categories=4, continuous=2)


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


# -- classes and codes -----------------------------------------------------------------------------------------------


def test_conditions_of_settings() -> None:
    settings = validate({"condition": "embedding", "codes_categorical": 4, "codes_continuous": 2})
    assert Conditions.of(settings, 3) == Conditions("embedding", 3, 4, 2)
    # Labels that the settings do not ask for do not count.
    assert Conditions.of(validate({}), 3) == NOTHING
    assert (BOTH.codes, CODED.codes, LABELED.codes, NOTHING.codes) == (6, 6, 0, 0)


def test_seeds_take_turns_in_classes_and_categories() -> None:
    assert [seed_class(seed, LABELED).tolist() for seed in (0, 1, 2, 4)] == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 1, 0],
    ]
    assert [int(seed_codes(seed, CODED)[:4].argmax()) for seed in (0, 1, 3, 4, 6)] == [0, 1, 3, 0, 2]
    assert seed_codes(5, CODED)[:4].tolist() == [0, 1, 0, 0]
    assert seed_class(LARGEST_SEED, LABELED).sum() == seed_codes(LARGEST_SEED, CODED)[:4].sum() == 1
    assert seed_class(0, LABELED).dtype == seed_codes(0, CODED).dtype == np.float32


def test_a_seeds_continuous_codes_are_the_same_everywhere_and_its_own() -> None:
    assert seed_codes(0, CODED)[4:].tolist() == pytest.approx([-0.7740114, -0.1643423], abs=1e-6)
    many = np.stack([seed_codes(seed, Conditions(continuous=5)) for seed in range(200)])
    assert many.min() >= -1
    assert many.max() <= 1
    assert float(many.mean()) == pytest.approx(0, abs=0.05)
    assert float(many.std()) == pytest.approx(3**-0.5, abs=0.05)
    assert len(np.unique(many)) == many.size


# -- sample grids ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "columns", "counts"),
    [
        (NOTHING, 0, {1: 1, 4: 4, 37: 37}),
        (Conditions(continuous=2), 0, {4: 4}),
        (CLUSTERED, 0, {1: 1, 37: 37}),
        (replace(CLUSTERED, categories=4), 4, {37: 36}),
        (LABELED, 3, {1: 3, 3: 3, 5: 3, 6: 6, 37: 36}),
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
    assert LABELED.column_names(("cat", "dog", "owl")) == ("cat", "dog", "owl")
    assert CODED.column_names(()) == CODED.column_names(("cat", "dog")) == ("0", "1", "2", "3")
    assert NOTHING.column_names(("cat", "dog")) == CLUSTERED.column_names(("cluster 1", "cluster 2", "cluster 3")) == ()
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
    found = fixed(6, 8, LABELED)
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
    with pytest.raises(UserError) as caught:
        parse_seeds(text)
    assert caught.value.remedy
    assert len(str(caught.value).splitlines()) == 1


@given(st.text(alphabet="0123456789-, x\n٣", max_size=30) | st.text(max_size=30))
def test_any_text_is_seeds_or_a_problem(text: str) -> None:
    try:
        seeds = parse_seeds(text)
    except UserError as problem:
        assert problem.remedy  # noqa: PT017 (either outcome is right)
    else:
        assert seeds
        assert all(0 <= seed <= LARGEST_SEED for seed in (seeds[0], seeds[-1], min(seeds), max(seeds)))


@given(st.lists(st.tuples(st.integers(0, LARGEST_SEED - 50), st.integers(0, 50)), min_size=1, max_size=8))
def test_what_is_written_is_read(ranges: list[tuple[int, int]]) -> None:
    text = ",".join(f"{first}-{first + more}" if more else str(first) for first, more in ranges)
    assert parse_seeds(text) == tuple(seed for first, more in ranges for seed in range(first, first + more + 1))
