"""Long work, done to its end."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from core.concurrency import run_to_end

T = TypeVar("T")
Y = TypeVar("Y")


def all_of(work: Generator[Y, None, T]) -> tuple[list[Y], T]:
    """Returns all events that the work yields, and its result."""
    seen: list[Y] = []
    result = run_to_end(work, seen.append)
    return seen, result
