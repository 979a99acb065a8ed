"""Concurrency: a call in a thread, prefetched values, jobs in order, a generator's result, and a process of the
program's own code."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from subprocess import Popen

P = ParamSpec("P")
T = TypeVar("T")
Y = TypeVar("Y")
Key = TypeVar("Key")
Value = TypeVar("Value")

PREFETCHED = 2
"""Values that are made in advance: one is waited for while the other is ready."""
_POLL_SECONDS = 0.05
"""Without news for so long, whoever waits gets a turn."""


def run_in_thread(call: Callable[[], T], meanwhile: Y) -> Generator[Y, None, T]:
    """Runs `call` in a thread of its own, and returns or raises what it does; yields `meanwhile` until then."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="call")
    try:
        future = pool.submit(call)
        while not wait([future], _POLL_SECONDS).done:
            yield meanwhile
        return future.result()
    finally:
        pool.shutdown(wait=False)


def run_to_end(events: Generator[Y, None, T], show: Callable[[Y], object] = lambda event: None) -> T:
    """Runs a generator to its end, calls `show` with what it yields on the way, and returns its result."""
    with closing(events):
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                result: T = end.value
                return result
            show(event)


def as_generator(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Generator[Any, None, T]:
    """A generator that yields nothing and returns what `call` returns, for what runs generators only."""
    yield from ()
    return call(*args, **kwargs)


def own_process(
    *arguments: str, stdout: IO[bytes] | int, stderr: IO[bytes] | int, environment: Mapping[str, str] | None = None
) -> Popen[bytes]:
    """Starts Python on the program's own code: `arguments` are those of the interpreter, such as `-m` and a module.

    The process finds the same packages as this one, reads no input, and opens no console. `environment` is added to
    that of this process. Raises `OSError`.
    """
    import subprocess

    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-P", *arguments],
        env={**os.environ, "PYTHONPATH": path, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


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


class Prefetcher(Generic[Key, Value]):
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
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        if self._waiting and self._waiting[0][0] != key:
            self._drop()
        while len(self._waiting) <= PREFETCHED:
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


def _result(future: Future[T]) -> Iterator[T | None]:
    while not future.done():
        if not wait((future,), _POLL_SECONDS).done:
            yield None
    yield future.result()
