"""Values that one thread makes before they are asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

COUNT = 2
"""Values that are made in advance: one is waited for while the other is ready."""


class Ahead(Generic[Key, Value]):
    """`make(key)` for one key after another, where `after(key)` is the next one as a rule.

    Any other key may be asked for at any time; what was made for nothing is dropped. The thread begins with the first
    key, and ends with `close`, or with this object: so neither function may hold it.
    """

    def __init__(self, make: Callable[[Key], Value], after: Callable[[Key], Key]) -> None:
        self._make, self._after = make, after
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: deque[tuple[Key, Future[Value]]] = deque()

    def take(self, key: Key) -> Value:
        """Raises whatever `make` raised for this key."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        if self._waiting and self._waiting[0][0] != key:
            self._drop()
        while len(self._waiting) <= COUNT:
            coming = self._after(self._waiting[-1][0]) if self._waiting else key
            self._waiting.append((coming, self._pool.submit(self._make, coming)))
        return self._waiting.popleft()[1].result()

    def close(self) -> None:
        """Ends the thread as soon as it has made what it is making; the next `take` starts another."""
        self._drop()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _drop(self) -> None:
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()
