"""Trainings in processes of their own: side by side on one thread each with equal processor time, so that what else
runs changes nothing, or one after the other with all cores."""

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
"""As the program has it (`studio.app`): else two trainings beside each other slow each other down thirtyfold."""


def run(script: str, each: Sequence[Sequence[str]], jobs: int, threads: int | None = 1) -> Iterator[Any]:
    """What each call of the script, with its arguments, prints as JSON in its last line; in the order of the calls.

    `threads`: of each; None leaves it to torch.
    """
    environment = {"GOMP_SPINCOUNT": SPINS, **os.environ, **({"OMP_NUM_THREADS": str(threads)} if threads else {})}

    def child(arguments: Sequence[str]) -> Any:
        command = [sys.executable, script, *arguments]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout.splitlines()[-1])

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(child, each)


def budget(seconds: float) -> Callable[[], bool]:
    """Whether this process has spent so much processor time from now on."""
    begun = process_time()
    return lambda: process_time() - begun >= seconds
