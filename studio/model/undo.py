"""Undo and redo of frozen states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 500
"""States that are remembered."""
GESTURE_SECONDS = 1.0
"""Changes of one gesture that follow each other so fast are one change."""


class Undo(Generic[T]):
    """`state` is the present one. Nothing is lost but what was undone before something else was done."""

    def __init__(self, state: T) -> None:
        self.state = state
        self._past: list[T] = []
        self._future: list[T] = []
        self._gesture, self._when = "", 0.0

    def do(self, state: T, gesture: str = "", now: float = 0.0) -> None:
        """A new state. `gesture`: of which it is a part, such as the name of a slider; `now` in seconds."""
        if state == self.state:
            return
        goes_on = gesture and gesture == self._gesture and now - self._when < GESTURE_SECONDS and self._past
        if not goes_on:
            self._past = [*self._past[1 - MOST :], self.state]
        self._future.clear()
        self.state, self._gesture, self._when = state, gesture, now

    def amend(self, state: T) -> None:
        """The present state, completed by what came in later: no step of its own."""
        self.state = state

    def rebase(self, change: Callable[[T], T]) -> None:
        """Applies a change that nobody can undo to every state."""
        self.state = change(self.state)
        self._past = [change(state) for state in self._past]
        self._future = [change(state) for state in self._future]

    def undo(self) -> bool:
        """Goes back; whether there was anything to go back to."""
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
        """The state that `undo` goes back to, if there is one."""
        return self._past[-1] if self._past else None

    @property
    def next(self) -> T | None:
        """The state that `redo` goes on to, if there is one."""
        return self._future[-1] if self._future else None

    def _exchange(self, origin: list[T], other: list[T]) -> bool:
        if not origin:
            return False
        other.append(self.state)
        self.state, self._gesture = origin.pop(), ""
        return True
