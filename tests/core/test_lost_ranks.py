"""Ranks that are killed, signalled and started again: the others end, and nothing that was saved is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from core.checkpoint import load
from core.runs.requests import Request, ask, wait_for_answer
from core.runs.run import Run
from core.runs.run_lock import NAME
from tests.core.nursery import Nursery
from tests.core.tiny import FLAGS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="has other signals")
ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds within which all ranks have ended once one is lost."""
BEGINS = 120.0
"""Seconds within which a training begins, on a busy machine."""


@dataclass(frozen=True)
class Launch:
    """Ranks that train in a run. `outputs`: what each of them says."""

    run: Path
    processes: list[int]
    outputs: list[Path]

    def said(self) -> str:
        return "\n".join(output.read_text("utf-8") for output in self.outputs if output.exists())

    def wait_until(self, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + BEGINS
        while not ready():
            assert time.monotonic() < until, self.said()
            assert not any(map(has_ended, self.processes)), self.said()
            time.sleep(0.01)

    def save(self) -> int:
        """Waits for the first report, has the training saved, and returns the step."""
        self.wait_until(lambda: (self.run / "stats.jsonl").is_file() and (self.run / "stats.jsonl").stat().st_size > 0)
        wait_for_answer(ask(self.run, Request("save")))
        return load(Run(self.run).newest()).meta.step

    def wait_for_the_end(self) -> None:
        until = time.monotonic() + PATIENCE
        while not all(map(has_ended, self.processes)):
            assert time.monotonic() < until, self.said()
            time.sleep(0.05)


def has_ended(process: int) -> bool:
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def launch(nursery: Nursery, pictures: Path, tmp_path: Path) -> Iterator[Callable[..., Launch]]:
    """Starts ranks as torchrun does, without anybody who ends the others when one is lost."""
    launches: list[Launch] = []

    def start(count: int, *options: str, restarts: int = 0) -> Launch:
        place = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
        place["TORCHELASTIC_MAX_RESTARTS"] = "1"
        outputs = [tmp_path / f"said by {own} of {len(launches)}" for own in range(count)]
        new = () if "--resume" in options else (*FLAGS, "--preset", "dcgan", "--out", str(tmp_path / "a run"))
        arguments = ["train", str(pictures), *new, *options]
        processes = []
        for own, output in enumerate(outputs):
            rank = {"RANK": str(own), "LOCAL_RANK": str(own), "TORCHELASTIC_RESTART_COUNT": str(restarts)}
            processes.append(nursery.start(arguments, output, environment={**place, **rank}))
        launches.append(Launch(tmp_path / "a run", processes, outputs))
        return launches[-1]

    yield start
    for each in launches:
        for process in each.processes:
            if not has_ended(process):
                os.kill(process, signal.SIGKILL)
            nursery.wait(process)


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_all_end_when_a_rank_is_killed_and_the_training_goes_on_from_there(
    lost: int, launch: Callable[..., Launch]
) -> None:
    begun = launch(4)
    saved = begun.save()
    os.kill(begun.processes[lost], signal.SIGKILL)
    begun.wait_for_the_end()
    assert "Traceback" not in begun.said()
    newest = load(Run(begun.run).newest()).meta.step
    assert newest >= saved > 0
    if lost:
        assert "connection to another process of this training is lost" in begun.said()
        assert not (begun.run / NAME).exists()
    again = launch(2, restarts=1)
    again.wait_until(lambda: f"continues at step {newest}:" in (begun.run / "log.txt").read_text("utf-8"))
    wait_for_answer(ask(begun.run, Request("stop")))
    again.wait_for_the_end()
    assert load(Run(begun.run).newest()).meta.step > newest


@pytest.mark.parametrize("signalled", [0, 1])
def test_a_signal_to_any_rank_saves_the_training(signalled: int, launch: Callable[..., Launch]) -> None:
    begun = launch(2)
    saved = begun.save()
    os.kill(begun.processes[signalled], signal.SIGTERM)
    begun.wait_for_the_end()
    assert "Traceback" not in begun.said()
    assert "lost" not in begun.said()
    newest = Run(begun.run).newest()
    assert f"saved {newest}" in begun.said()
    assert load(newest).meta.step > saved


def test_live_edits_reach_all_ranks(launch: Callable[..., Launch]) -> None:
    begun = launch(2)
    begun.save()
    for values in ({"lr_g": 1e-5}, {"d_steps": 2}, {"augment": "ada"}):
        wait_for_answer(ask(begun.run, Request("edit", values)))
    wait_for_answer(ask(begun.run, Request("pause")))
    wait_for_answer(ask(begun.run, Request("resume")))
    wait_for_answer(ask(begun.run, Request("stop")))
    begun.wait_for_the_end()
    settings = load(Run(begun.run).newest()).meta.settings
    assert (settings.lr_g, settings.d_steps, settings.augment) == (1e-5, 2, "ada")


def test_a_mistake_ends_all_with_one_sentence(launch: Callable[..., Launch]) -> None:
    begun = launch(3)
    begun.wait_for_the_end()
    assert begun.said().count("cannot be divided equally among 3 processes") == 1
    assert "Traceback" not in begun.said()
    assert not begun.run.exists()


def test_an_argument_that_cannot_be_read_is_told_once(launch: Callable[..., Launch]) -> None:
    begun = launch(2, "--batch")
    begun.wait_for_the_end()
    assert begun.said().count("--batch needs a value.") == 1


def test_a_copy_goes_on_in_its_own_folder_after_a_restart(
    launch: Callable[..., Launch], finished_run: Path, tmp_path: Path
) -> None:
    copy = "--resume", str(finished_run), "--copy", "--steps", "8"
    refused = launch(2, *copy)
    refused.wait_for_the_end()
    assert refused.said().count("A copy needs a folder of its own where torchrun may start it again.") == 1
    for restarts in range(2):
        begun = launch(2, *copy, "--out", str(tmp_path / "a run"), restarts=restarts)
        begun.wait_for_the_end()
    assert load(Run(begun.run).newest()).meta.step == 8
    assert "continues at step 8:" in (begun.run / "log.txt").read_text("utf-8")


@contextmanager
def torchrun(run: Path, pictures: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Two ranks under torchrun, which ends and restarts them."""
    ranks = ["-m", "core", "train", str(pictures), "--out", str(run), *FLAGS, "--preset", "dcgan"]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    process = subprocess.Popen(
        [*command, *options[:1], *ranks, *options[1:]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        for child in ranks_of(process):
            child.kill()
        process.kill()
        process.communicate()


def ranks_of(agent: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return [each for each in psutil.Process(agent.pid).children() if "train" in each.cmdline()]
    except psutil.NoSuchProcess:
        return []


def test_torchrun_starts_a_training_again_from_its_newest_checkpoint(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with torchrun(run, pictures, "--max-restarts=1", "--minutes", "0.08") as agent:
        begun = Launch(run, [agent.pid], [])
        saved = begun.save()
        ranks_of(agent)[1].kill()
        said = agent.communicate(timeout=240)[0]
    assert agent.returncode == 0, said
    meta = load(Run(run).newest()).meta
    assert meta.seconds >= 60 * 0.08
    assert meta.step > saved
    continued = [line for line in (run / "log.txt").read_text("utf-8").splitlines() if "continues at step" in line]
    assert len(continued) == 1
    assert int(continued[0].split("at step ")[1].split(":")[0]) >= saved


def test_a_signal_to_torchrun_saves_the_training(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with torchrun(run, pictures, "--max-restarts=0") as agent:
        saved = Launch(run, [agent.pid], []).save()
        ranks = ranks_of(agent)
        agent.send_signal(signal.SIGTERM)
        said = agent.communicate(timeout=PATIENCE)[0]
        assert not psutil.wait_procs(ranks, 1)[1]
    newest = Run(run).newest()
    assert f"saved {newest}" in said
    assert load(newest).meta.step > saved
    assert not (run / NAME).exists()
