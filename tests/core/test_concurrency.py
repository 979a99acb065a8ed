"""Generators that return a result."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from core.concurrency import as_generator, run_to_end
from tests.core.work import all_of


def counting(until: int, closed: list[bool] | None = None) -> Generator[int, None, str]:
    try:
        yield from range(until)
    finally:
        if closed is not None:
            closed.append(True)
    return "done"


def test_the_result_comes_after_every_event() -> None:
    assert run_to_end(counting(3)) == "done"
    assert all_of(counting(3)) == ([0, 1, 2], "done")


def test_a_generator_whose_events_cannot_be_shown_is_closed() -> None:
    closed: list[bool] = []

    def show(number: int) -> None:
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        run_to_end(counting(3, closed), show)
    assert closed == [True]


def test_a_function_as_a_generator_begins_when_it_is_pulled() -> None:
    called: list[str] = []
    events = as_generator(called.append, "once")
    assert not called
    assert all_of(events) == ([], None)
    assert called == ["once"]
