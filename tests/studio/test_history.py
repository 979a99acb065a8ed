"""The history: whatever stretch is asked for, at whatever width, nothing that happened is hidden."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.model.history import History

KEY = "Loss/G/loss"
values = st.one_of(st.floats(-1e6, 1e6, width=32), st.just(math.nan), st.just(math.inf))


def filled(numbers: list[float], gap: int = 10) -> History:
    history = History()
    for row, number in enumerate(numbers):
        history.append(row * gap, row * 0.5, {KEY: number})
    return history


@settings(max_examples=60)
@given(
    st.lists(values, min_size=1, max_size=400),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(1, 40),
    st.integers(0, 400),
)
def test_view_bounds_the_raw_data(numbers: list[float], a: float, b: float, pixels: int, bulk: int) -> None:
    """A part arrives one by one and a part in bulk; low and high bound every report in range, the mean lies within."""
    history = filled(numbers[bulk:])
    rest = numbers[:bulk]
    history.extend(np.arange(len(rest)) * 10 - 10 * len(rest), np.zeros(len(rest)), {KEY: rest})
    _, steps, _, rows = history.rows([KEY])
    x0, x1 = sorted(steps[0] + share * (steps[-1] - steps[0]) for share in (a, b))
    x, low, high, mean = history.view(KEY, x0, x1, pixels)

    raw = rows[(steps >= x0) & (steps <= x1), 0].astype(np.float64)
    raw = raw[~np.isnan(raw)]
    assert len(x) <= max(2 * pixels, 8) + 2 + 3 * 6
    assert np.all(np.diff(x) >= 0)
    assert np.all((low <= mean) & (mean <= high))
    if len(raw):
        assert low.min() <= raw.min()
        assert high.max() >= raw.max()


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 50), st.floats(-10, 10, width=32)), min_size=1, max_size=120))
def test_order_of_arrival_does_not_matter(reports: list[tuple[int, float]]) -> None:
    one_by_one, bulk = History(), History()
    for step, value in reports:
        one_by_one.append(step, 0.0, {KEY: value})
    bulk.extend([step for step, _ in reports], np.zeros(len(reports)), {KEY: [value for _, value in reports]})
    for left, right in zip(one_by_one.view(KEY, 0, 50, 4), bulk.view(KEY, 0, 50, 4), strict=True):
        np.testing.assert_array_equal(left, right)


def test_zoomed_in_the_reports_are_exact() -> None:
    history = filled([float(row % 7) for row in range(5000)])
    x, low, high, mean = history.view(KEY, 1000, 1100, 640)
    np.testing.assert_array_equal(x, np.arange(990, 1111, 10))
    np.testing.assert_array_equal(mean, [row % 7 for row in range(99, 112)])
    np.testing.assert_array_equal(low, high)


def test_the_mean_of_a_group_ignores_missing_values() -> None:
    history = History()
    history.extend(np.arange(64), np.zeros(64), {KEY: np.where(np.arange(64) % 4 == 0, 8.0, np.nan)})
    _, low, high, mean = history.view(KEY, 0, 63, 1)
    assert set(low) == set(high) == set(mean) == {8.0}


def test_keys_appear_late_and_are_missing_from_reports() -> None:
    history = filled([1.0] * 10)
    history.append(100, 5.0, {"Metrics/fid": 42.0})
    history.append(110, 5.5, {KEY: 2.0})
    assert history.keys() == [KEY, "Metrics/fid"]
    x, _, _, mean = history.view("Metrics/fid", 0, 200, 100)
    assert (x.tolist(), mean.tolist()) == ([100.0], [42.0])
    assert history.value_at("Metrics/fid", 3.0) == 42.0
    assert history.value_at(KEY, 97) == 1.0
    assert history.value_at(KEY, 107) == 2.0
    assert history.value_at("Metrics/kid", 0) is None
    assert history.nearest_step(104.0) == 100
    _, steps, seconds, rows = history.rows(["Metrics/fid"])
    assert (len(steps), seconds[-1], np.isnan(rows).sum()) == (12, 5.5, 11)


def test_rewind_forgets_what_came_later_and_goes_on() -> None:
    history = filled([9.0] * 100)
    history.rewind(500)
    assert history.span() == (0, 500)
    for step in range(510, 2000, 10):
        history.append(step, 0.0, {KEY: 1.0})
    _, low, high, _ = history.view(KEY, 700, 1900, 2)
    assert (low.min(), high.max()) == (1.0, 1.0)


def test_empty_and_cleared() -> None:
    history = History()
    assert (len(history), history.keys(), history.span(), history.nearest_step(1)) == (0, [], None, None)
    assert [len(part) for part in history.view(KEY, 0, 1, 100)] == [0, 0, 0, 0]
    history.append(1, 0.1, {KEY: 1.0})
    version = history.version
    history.clear()
    assert len(history) == 0
    assert history.version > version


@pytest.mark.parametrize("share", [1.0, 0.1, 0.001])
def test_a_view_of_a_million_reports_has_no_more_points_than_pixels(share: float) -> None:
    history, count = History(), 1_000_000
    history.extend(np.arange(count), np.zeros(count), {KEY: np.sin(np.arange(count) / 1000)})
    x, *_ = history.view(KEY, 0, count * share, 640)
    assert len(x) <= 1300
