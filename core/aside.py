"""One computation that cannot be cut into pieces, while whoever waits for it goes on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
Y = TypeVar("Y")
MOMENT = 0.05  # seconds


def aside(call: Callable[[], T], meanwhile: Y) -> Generator[Y, None, T]:
    """What `call` returns or raises, from a thread of its own; until then `meanwhile` comes every moment."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="aside")
    try:
        future = pool.submit(call)
        while not wait([future], MOMENT).done:
            yield meanwhile
        return future.result()
    finally:
        pool.shutdown(wait=False)
