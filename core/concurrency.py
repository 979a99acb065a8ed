"""Concurrency: calls in threads, prefetching, jobs in order, results of generators, and processes of the program."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from functools import reduce
from operator import or_
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from core.language import LANGUAGE, VARIABLE

if TYPE_CHECKING:
    from subprocess import Popen

P = ParamSpec("P")
T = TypeVar("T")
Y = TypeVar("Y")
Key = TypeVar("Key")
Value = TypeVar("Value")

DETACHED = "CREATE_NEW_PROCESS_GROUP", "CREATE_BREAKAWAY_FROM_JOB"
"""Flags of Windows for a process that outlives the one that started it."""
PREFETCHED = 2
"""Number of values that are made in advance."""
_POLL_SECONDS = 0.05
"""Interval at which a waiting generator yields."""


def run_in_thread(call: Callable[[], T], meanwhile: Y) -> Generator[Y, None, T]:
    """Runs a blocking call in a thread, yields `meanwhile` until it returns, and returns or raises what it does."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="call")
    try:
        future = pool.submit(call)
        while not wait([future], _POLL_SECONDS).done:
            yield meanwhile
        return future.result()
    finally:
        pool.shutdown(wait=False)


def run_to_end(events: Generator[Y, None, T], show: Callable[[Y], object] = lambda event: None) -> T:
    """Runs a generator to its end, calls `show` with each value that it yields, and returns its result."""
    with closing(events):
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                result: T = end.value
                return result
            show(event)


def as_generator(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Generator[Any, None, T]:
    """Wraps a call as a generator that yields nothing and returns its result."""
    yield from ()
    return call(*args, **kwargs)


def own_process(
    *arguments: str,
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int,
    environment: Mapping[str, str] | None = None,
    outlives: bool = False,
) -> Popen[bytes]:
    """Starts a Python process with the program's own code.

    `arguments`: of the interpreter, such as `-m` and a module. `environment`: added to that of this process.
    `outlives`: the process goes on when this one, its terminal or its session ends. It finds the same packages as this
    one, speaks the same language, reads no input and opens no console. Raises `OSError`.
    """
    import subprocess

    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH"))))
    flags = [getattr(subprocess, name, 0) for name in ("CREATE_NO_WINDOW", *(DETACHED if outlives else ()))]
    return subprocess.Popen(
        [sys.executable, "-P", *arguments],
        env={**os.environ, "PYTHONPATH": path, VARIABLE: LANGUAGE, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=outlives,
        creationflags=reduce(or_, flags),
    )


def in_order(jobs: Iterable[Callable[[], T]], workers: int, ahead: int) -> Generator[T | None, None, None]:
    """Yields the results of jobs in order, computed at most `ahead` jobs in advance so that memory stays flat.

    Yields None while the next result is not ready. Closing waits for running jobs and drops waiting ones.
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


class Prefetcher(Generic[Key, Value]):
    """Computes `make(key)` in a thread for a sequence of keys, in which `after(key)` usually follows `key`.

    Another key than the expected one is allowed, and drops the prefetched values. The thread starts with the first key
    and ends with `close`, or with this object, so neither function may hold a reference to it.
    """

    def __init__(self, make: Callable[[Key], Value], after: Callable[[Key], Key]) -> None:
        self._make, self._after = make, after
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: deque[tuple[Key, Future[Value]]] = deque()

    def take(self, key: Key) -> Value:
        """Returns the value of a key. Raises whatever `make` raised for it."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        if self._waiting and self._waiting[0][0] != key:
            self._drop()
        while len(self._waiting) <= PREFETCHED:
            coming = self._after(self._waiting[-1][0]) if self._waiting else key
            self._waiting.append((coming, self._pool.submit(self._make, coming)))
        return self._waiting.popleft()[1].result()

    def close(self) -> None:
        """Ends the thread after its current value; the next `take` starts another."""
        self._drop()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _drop(self) -> None:
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()


def _result(future: Future[T]) -> Iterator[T | None]:
    while not future.done():
        if not wait((future,), _POLL_SECONDS).done:
            yield None
    yield future.result()
