"""Undo and redo of frozen states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 500
"""Largest number of remembered states."""
GESTURE_SECONDS = 1.0
"""Longest time between two changes of one gesture that count as one."""


class Undo(Generic[T]):
    """Undo history with the current `state`. A new change discards undone ones."""

    def __init__(self, state: T) -> None:
        self.state = state
        self._past: list[T] = []
        self._future: list[T] = []
        self._gesture, self._when = "", 0.0

    def do(self, state: T, gesture: str = "", now: float = 0.0) -> None:
        """Adds a new state. `gesture`: what it is part of, such as the name of a slider; `now` in seconds."""
        if state == self.state:
            return
        goes_on = gesture and gesture == self._gesture and now - self._when < GESTURE_SECONDS and self._past
        if not goes_on:
            self._past = [*self._past[1 - MOST :], self.state]
        self._future.clear()
        self.state, self._gesture, self._when = state, gesture, now

    def amend(self, state: T) -> None:
        """Replaces the current state with a more complete one, without a new step."""
        self.state = state

    def rebase(self, change: Callable[[T], T]) -> None:
        """Applies a change that cannot be undone to every state."""
        self.state = change(self.state)
        self._past = [change(state) for state in self._past]
        self._future = [change(state) for state in self._future]

    def undo(self) -> bool:
        """Goes back one state; returns whether there was one."""
        return self._exchange(self._past, self._future)

    def redo(self) -> bool:
        return self._exchange(self._future, self._past)

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    @property
    def previous(self) -> T | None:
        """Returns the state that `undo` goes back to, if any."""
        return self._past[-1] if self._past else None

    @property
    def next(self) -> T | None:
        """Returns the state that `redo` goes to, if any."""
        return self._future[-1] if self._future else None

    def _exchange(self, origin: list[T], other: list[T]) -> bool:
        if not origin:
            return False
        other.append(self.state)
        self.state, self._gesture = origin.pop(), ""
        return True
