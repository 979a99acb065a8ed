"""Thinned curves: bounded, in order, and with every extreme in its place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.stats.curves import Curve, Thinner

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400)


def thinned(values: list[float], most: int, chunk: int) -> Curve:
    thinner = Thinner(most)
    steps = np.arange(1.0, len(values) + 1)
    positions = np.column_stack([steps, 64 * steps, steps / 10])
    for start in range(0, len(values), chunk):
        part = slice(start, start + chunk)
        thinner.extend(positions[part], np.array(values[part]))
    curve = thinner.curve()
    assert curve is not None
    return curve


@given(VALUES, st.integers(2, 50), st.integers(1, 60))
def test_extremes_are_kept_and_points_are_few(values: list[float], most: int, chunk: int) -> None:
    curve = thinned(values, most, chunk)
    assert len(curve.steps) <= most + 1
    assert curve.low.min() == curve.lowest.value == min(values)
    assert curve.high.max() == curve.highest.value == max(values)
    assert values[curve.lowest.step - 1] == min(values)
    assert values[curve.highest.step - 1] == max(values)
    assert (curve.first.value, curve.last.value) == (values[0], values[-1])
    assert (curve.low <= curve.mean).all()
    assert (curve.mean <= curve.high).all()


@given(VALUES, st.integers(2, 50), st.integers(1, 60))
def test_every_report_counts_once(values: list[float], most: int, chunk: int) -> None:
    curve = thinned(values, most, chunk)
    assert curve.counts.sum() == len(values)
    assert (np.diff(curve.steps) > 0).all()
    ends = np.cumsum(curve.counts)
    for start, end, low, high, mean, step in zip(
        ends - curve.counts, ends, curve.low, curve.high, curve.mean, curve.steps, strict=True
    ):
        own = np.array(values[start:end])
        assert (own.min(), own.max()) == (low, high)
        assert mean == pytest.approx(own.mean(), rel=1e-9, abs=1e-6)
        assert step == pytest.approx(np.arange(start + 1, end + 1).mean())


def test_few_values_are_as_they_are() -> None:
    curve = thinned([3.0, 1.0, 2.0], 10, 2)
    assert not curve.is_thinned
    assert curve.mean.tolist() == curve.low.tolist() == curve.high.tolist() == [3.0, 1.0, 2.0]
    assert curve.images.tolist() == [64, 128, 192]
    assert curve.seconds.tolist() == pytest.approx([0.1, 0.2, 0.3])


def test_what_comes_late_is_put_in_its_place() -> None:
    thinner = Thinner()
    thinner.extend(np.array([[10.0, 0, 0], [30.0, 0, 0]]), np.array([1.0, 3.0]))
    thinner.extend(np.array([[20.0, 0, 0]]), np.array([2.0]))
    curve = thinner.curve()
    assert curve is not None
    assert curve.steps.tolist() == [10, 20, 30]
    assert curve.last.value == 3.0


def test_nothing_makes_no_curve() -> None:
    assert Thinner().curve() is None
