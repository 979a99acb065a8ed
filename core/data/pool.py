"""Work on threads whose results come in order, with little of it under way at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")

_MOMENT = 0.05  # seconds without news after which the outside gets a turn


def in_order(jobs: Iterable[Callable[[], T]], workers: int, ahead: int) -> Generator[T | None, None, None]:
    """The jobs' results in their order, computed at most `ahead` jobs in advance so that memory stays flat.

    None means "nothing new yet". Closing the iterator waits for the jobs that run and drops those that wait.
    """
    waiting: deque[Future[T]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="data")
    try:
        for job in jobs:
            waiting.append(pool.submit(job))
            if len(waiting) >= ahead:
                yield from _result(waiting.popleft())
        while waiting:
            yield from _result(waiting.popleft())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _result(future: Future[T]) -> Iterator[T | None]:
    while not future.done():
        if not wait((future,), _MOMENT).done:
            yield None
    yield future.result()
