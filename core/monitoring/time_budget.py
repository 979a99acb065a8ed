"""Time budget of work beside a training, as a share of its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import perf_counter


class TimeBudget:
    """Schedules work so that it takes at most `share` of the time that passes: 0 allows none, infinity all.

    A run counts for at most twice the time of the last one, since an interruption or a first run takes much longer.
    `usual`: seconds that count as the time of the run before the first.
    """

    def __init__(self, share: float, usual: float = inf) -> None:
        self._share, self._usual = share, usual
        self._next = 0.0 if share else inf

    def due(self) -> bool:
        """Returns whether the work may run now."""
        return perf_counter() >= self._next

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Times the work within the block."""
        started = perf_counter()
        yield
        self.spend(perf_counter() - started)

    def spend(self, seconds: float) -> None:
        """Counts work of `seconds` that has just ended."""
        self._usual = min(seconds, 2 * self._usual)
        self._next = max(self._next, perf_counter()) + self._usual / self._share
