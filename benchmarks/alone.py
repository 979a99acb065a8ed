"""Trainings in separate processes: in parallel on one thread each with equal CPU time, so that other load does not
matter, or one after another with all cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import process_time
from typing import Any

SPINS = "20000"
"""As in `studio.app`; otherwise two parallel trainings slow each other down by a factor of thirty."""


def run(script: str, each: Sequence[Sequence[str]], jobs: int, threads: int | None = 1) -> Iterator[Any]:
    """Yields the JSON in the last line of output of each call of the script, in the order of the calls.

    `threads`: threads per call; None: torch's default.
    """
    environment = {"GOMP_SPINCOUNT": SPINS, **os.environ, **({"OMP_NUM_THREADS": str(threads)} if threads else {})}

    def child(arguments: Sequence[str]) -> Any:
        command = [sys.executable, script, *arguments]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout.splitlines()[-1])

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(child, each)


def budget(seconds: float) -> Callable[[], bool]:
    """Returns a function that tells whether this process has used so much CPU time from now on."""
    begun = process_time()
    return lambda: process_time() - begun >= seconds
