"""Trainings on one thread each, side by side, with equal processor time: what else runs changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import process_time
from typing import Any


def run(script: str, each: Sequence[Sequence[str]], jobs: int) -> Iterator[dict[str, Any]]:
    """What each call of the script, with its arguments, prints as JSON in its last line; in the order of the calls."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def child(arguments: Sequence[str]) -> dict[str, Any]:
        command = [sys.executable, script, *arguments]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return printed

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(child, each)


def budget(seconds: float) -> Callable[[], bool]:
    """Whether this process has spent so much processor time from now on."""
    begun = process_time()
    return lambda: process_time() - begun >= seconds
