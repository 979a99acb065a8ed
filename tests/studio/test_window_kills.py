"""A window that is killed as it trains or hands over: the run is whole, its lock is free, and the queue goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import psutil
import pytest

from core.checkpoint import load
from core.queue.folder import Queue, trained_by
from core.queue.notify import Channels
from core.queue.runner import is_served, start_runner
from core.runs.requests import Request, ask, wait_for_answer
from core.runs.run import Run, is_run
from tests.core import campaign
from tests.core.tiny import save_pictures

ROOT = Path(__file__).parents[2]

pytestmark = [campaign.only, pytest.mark.skipif(os.name != "posix", reason="has no SIGKILL")]


def wait_until(holds: Callable[[], bool], seconds: float = 300.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def run_in(runs: Path) -> Path | None:
    return next((folder for folder in runs.glob("*") if is_run(folder) and any(Run(folder).reports())), None)


@pytest.mark.parametrize("number", range(20))
def test_a_window_is_killed_as_it_hands_over(number: int, tmp_path: Path) -> None:
    pictures, runs, queue = save_pictures(tmp_path / "pictures"), tmp_path / "runs", Queue(tmp_path / "queue")
    Channels(desktop=False).store(queue.folder)
    places = {"GAN_STUDIO_RUNS": str(runs), "GAN_STUDIO_QUEUE": str(queue.folder)}
    command = [sys.executable, "-m", "tests.studio.handing_over_window", str(pictures)]
    window = subprocess.Popen(command, env={**os.environ, **places}, cwd=ROOT)
    try:
        wait_until(lambda: run_in(runs) is not None)
        time.sleep(Random(number).uniform(0.0, 3.0))
    finally:
        window.kill()
        window.wait()
    run = run_in(runs)
    assert run is not None
    try:
        if queue.entries():
            assert [listed.entry.out for listed in queue.entries()] == [run]
            begun = max((report.step for report in Run(run).reports()), default=0)
            start_runner(queue)  # as the next window does
            wait_until(lambda: any(report.step > begun for report in Run(run).reports()))
            assert trained_by(run) is not None
            wait_for_answer(ask(run, Request("stop")), 60)
            wait_until(lambda: queue.entries()[0].outcome is not None)
    finally:
        end(queue)
    assert trained_by(run) is None
    steps = [report.step for report in Run(run).reports()]
    assert steps == sorted(set(steps))
    if list((run / "checkpoints").glob("*.safetensors")):
        assert load(Run(run).newest()).meta.step > 0


def end(queue: Queue) -> None:
    """Ends the processes of the queue."""
    queue.pause()
    for listed in queue.entries():
        if listed.owner is not None:
            psutil.Process(listed.owner.process).kill()
    wait_until(lambda: not is_served(queue))
