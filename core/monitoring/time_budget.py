"""Time budget of work beside a training: it runs as often as its share of the time allows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import perf_counter


class TimeBudget:
    """Work that takes long is due seldom: all of it together takes no more than `share` of the time that passes.

    A share of 0 allows none of it, and of infinity all. A time counts as at most twice the last one: what took much
    longer was interrupted, or was the first of its kind. `usual`: seconds that stand for the last time at first.
    """

    def __init__(self, share: float, usual: float = inf) -> None:
        self._share, self._usual = share, usual
        self._next = 0.0 if share else inf

    def due(self) -> bool:
        return perf_counter() >= self._next

    @contextmanager
    def spending(self) -> Iterator[None]:
        """The work, whose time is counted."""
        started = perf_counter()
        yield
        self.spend(perf_counter() - started)

    def spend(self, seconds: float) -> None:
        """Counts work that took so long and has just ended."""
        self._usual = min(seconds, 2 * self._usual)
        self._next = max(self._next, perf_counter()) + self._usual / self._share
