"""Means over the steps since they were last taken."""

from __future__ import annotations

from math import isnan

import pytest
import torch

from core.monitoring.running_means import RunningMeans


def added(means: RunningMeans, **values: float) -> None:
    means.add({name: torch.tensor(value) for name, value in values.items()})


def test_the_mean_of_each_number() -> None:
    means = RunningMeans()
    added(means, a=1.0, b=-2.0)
    added(means, a=2.0, b=-6.0)
    added(means, a=6.0, b=-4.0)
    assert means.take() == {"a": 3.0, "b": -4.0}


def test_taking_begins_anew() -> None:
    means = RunningMeans()
    added(means, a=5.0)
    means.take()
    added(means, a=1.0)
    added(means, a=3.0)
    assert means.take() == {"a": 2.0}


def test_looking_changes_nothing() -> None:
    means = RunningMeans()
    added(means, a=5.0)
    assert means.peek() == means.peek() == {"a": 5.0}
    added(means, a=7.0)
    assert means.peek() == {"a": 6.0}


def test_before_the_first_step_there_is_nothing() -> None:
    means = RunningMeans()
    assert means.peek() == means.take() == {}


def test_other_names_begin_anew() -> None:
    # As when a penalty is added while the training runs: a mean over other steps than the rest's would mislead.
    means = RunningMeans()
    added(means, a=100.0)
    added(means, a=1.0, b=2.0)
    added(means, a=3.0, b=4.0)
    assert means.take() == {"a": 2.0, "b": 3.0}


def test_sums_are_single_precision_and_hold_no_graph() -> None:
    means, weight = RunningMeans(), torch.tensor(1.0, requires_grad=True)
    for _ in range(1000):
        means.add({"a": (weight * 2).bfloat16(), "b": torch.tensor(3)})
    assert means.take() == {"a": pytest.approx(2.0), "b": 3.0}
    (weight * 2).backward()
    assert weight.grad is not None


def test_what_is_no_number_is_passed_on() -> None:
    means = RunningMeans()
    added(means, a=float("nan"), b=1.0)
    added(means, a=1.0, b=1.0)
    found = means.take()
    assert isnan(found["a"])
    assert found["b"] == 1.0
