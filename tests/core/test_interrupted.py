"""Every signal at every stage of a training, and two trainings that begin in one run at the same moment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.checkpoint import load
from core.runs.run import Run, is_run
from core.runs.run_lock import NAME
from tests.core import campaign
from tests.core.nursery import Nursery
from tests.core.tiny import FLAGS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="has other signals")
ROOT = Path(__file__).parents[2]
SIGNALS = [name for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU") if hasattr(signal, name)]
STAGES: dict[str, Callable[[Path], bool]] = {
    "started": lambda run: True,
    "run begun": lambda run: run.exists(),
    "first checkpoint": lambda run: any(run.glob("checkpoints/[0-9]*")),
    "first report": lambda run: (run / "stats.jsonl").is_file() and (run / "stats.jsonl").stat().st_size > 0,
    "second sample": lambda run: len(list(run.glob("samples/*.png"))) > 1,
}


def wait_for(ready: Callable[[], bool], output: Path) -> None:
    until = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < until, output.read_text("utf-8")
        time.sleep(0.001)


@campaign.only
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("by", SIGNALS)
@pytest.mark.parametrize("delay", [0.0, 0.01, 0.1])
def test_no_step_is_lost(by: str, stage: str, delay: float, pictures: Path, tmp_path: Path, nursery: Nursery) -> None:
    run, output, number = tmp_path / "run", tmp_path / "output.txt", getattr(signal, by)
    process = nursery.start(["train", str(pictures), "--out", str(run), *FLAGS, "--preset", "gan"], output)
    try:
        wait_for(lambda: STAGES[stage](run), output)
        time.sleep(delay)
    finally:
        os.kill(process, number)
    code = nursery.wait(process)
    said = output.read_text("utf-8") if output.exists() else ""
    # Before the program has taken over what a signal does, the system ends it.
    assert code == 128 + number or (code == -number and not is_run(run)), said
    assert "Traceback" not in said
    assert not (run / NAME).exists()
    if is_run(run):
        reports = list(Run(run).reports())
        newest = load(Run(run).newest())
        assert newest.meta.step >= (reports[-1].step if reports else 0)
        assert f"saved {Run(run).newest()}" in said


SIGNALLED = """
import os, signal, sys, time
from core.jobs import interruption
for name in sys.argv[1:]:  # a shell starts what runs in the background without some of them
    signal.signal(getattr(signal, name), signal.SIG_DFL)
interruption.AGAIN_SECONDS = 0.05
with interruption.Interruption() as found:
    for name in sys.argv[1:]:
        time.sleep(0.1)
        os.kill(os.getpid(), getattr(signal, name))
sys.exit(found.exit_code)
"""


@pytest.mark.parametrize(
    ("names", "is_killed"),
    [
        (["SIGTERM"], False),
        (["SIGXCPU"], False),
        (["SIGTERM", "SIGTERM"], True),
        (["SIGINT", "SIGINT"], True),
        (["SIGHUP", "SIGHUP"], True),
        # A logout says both, and a batch system warns before it ends a job.
        (["SIGHUP", "SIGTERM"], False),
        (["SIGUSR1", "SIGTERM"], False),
        (["SIGUSR2", "SIGTERM"], False),
    ],
    ids=str,
)
def test_the_same_signal_again_ends_the_process_at_once(names: list[str], is_killed: bool) -> None:
    done = subprocess.run([sys.executable, "-c", SIGNALLED, *names], cwd=ROOT, check=False)
    first, last = (getattr(signal, names[index]) for index in (0, -1))
    assert done.returncode == (-last if is_killed else 128 + first)


@pytest.mark.parametrize("number", range(campaign.tries(1, 50)))
def test_of_two_that_begin_at_once_in_a_run_one_trains(
    number: int, finished_run: Path, pictures: Path, tmp_path: Path, nursery: Nursery
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    before = Run(run).newest()
    flags = ["--resume", str(before), "--steps", str(load(before).meta.step + 40)]
    outputs = [tmp_path / f"output {index}.txt" for index in range(2)]
    processes = [nursery.start(["train", str(pictures), "--out", str(run), *flags], output) for output in outputs]
    codes = [nursery.wait(process) for process in processes]
    said = "".join(output.read_text("utf-8") for output in outputs)
    assert sorted(codes) in ([0, 2], [0, 0]), said  # the second may have come when the first was done
    assert ("Training in another process" in said) == (2 in codes)
    assert load(Run(run).newest()).meta.step == load(before).meta.step + 40
    steps = [report.step for report in Run(run).reports()]
    assert steps == sorted(steps)
    assert not (run / NAME).exists()
