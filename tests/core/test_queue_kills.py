"""A queue whose processes are killed at any moment, and whose machine reboots: every job ends once, its run whole."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import psutil
import pytest

from core.checkpoint import load
from core.queue.entry import Entry, State
from core.queue.folder import Listed, Queue
from core.queue.notify import Channels
from core.queue.runner import MOST_DEATHS
from core.runs.requests import Request, ask, wait_for_answer
from core.runs.run import Run, is_run
from core.runs.run_lock import SILENT_SECONDS
from tests.core.campaign import tries
from tests.core.nursery import Nursery
from tests.core.operations import fault
from tests.core.tiny import tiny_settings

DEATHS = MOST_DEATHS - 1
"""Times that one job is killed: after one more without a checkpoint it would fail."""


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    queue = Queue(tmp_path / "queue")
    Channels(desktop=False).store(queue.folder)
    yield queue
    for process in jobs(queue).values():
        kill(process)


def add(queue: Queue, name: str, pictures: Path, steps: int = 6) -> Listed:
    settings = tiny_settings("gan", steps=steps, evaluation=0)
    return queue.add(Entry(source=str(pictures), settings=settings, out=queue.folder.parent / name, device="cpu"))


def jobs(queue: Queue) -> dict[str, int]:
    """Returns the processes of the jobs that run, by the ID of their entry."""
    return {listed.id: listed.owner.process for listed in queue.entries() if listed.owner is not None}


def kill(process: int) -> None:
    with suppress(ProcessLookupError, psutil.NoSuchProcess):
        os.kill(process, signal.SIGKILL)
        while psutil.Process(process).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


class Machine:
    """A machine with a runner that is killed and started again."""

    def __init__(self, queue: Queue, nursery: Nursery, output: Path) -> None:
        self.queue, self._nursery, self._output = queue, nursery, output
        self.runner = 0

    def start(self) -> None:
        self.runner = self._nursery.start(["queue", "start", "--queue", str(self.queue.folder)], self._output)

    def is_on(self) -> bool:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.runner).status() != psutil.STATUS_ZOMBIE
        return False

    def kill_runner(self) -> int:
        with suppress(ProcessLookupError):
            os.kill(self.runner, signal.SIGKILL)
        return self._nursery.wait(self.runner)

    def reboot(self) -> set[str]:
        """Kills all, leaves the locks of an earlier boot, and returns the entries that ran."""
        self.kill_runner()
        running = jobs(self.queue)
        for process in running.values():
            kill(process)
        for lock in self.queue.folder.parent.rglob("lock.json"):
            owner = json.loads(lock.read_text())
            lock.write_text(json.dumps({**owner, "machine": "an earlier boot"}))
            os.utime(lock, (time.time() - SILENT_SECONDS - 1,) * 2)
        self.start()
        return {*running}

    def wait(self) -> int:
        return self._nursery.wait(self.runner)


def note_outcomes(queue: Queue) -> dict[str, tuple[int, int]]:
    found = {}
    for path in queue.folder.glob("*/outcome.json"):
        facts = path.stat()
        found[path.parent.name] = facts.st_ino, facts.st_mtime_ns
    return found


def assert_whole(run: Path, steps: int) -> None:
    newest = Run(run).newest()
    assert load(newest).meta.step == steps
    reported = [report.step for report in Run(run).reports()]
    assert reported == sorted(set(reported))
    assert reported[-1] == steps
    left = [path.name for path in run.rglob("*") if path.name == "lock.json" or path.name.startswith(".")]
    assert not left


def test_every_job_ends_once_whatever_is_killed(queue: Queue, nursery: Nursery, pictures: Path, tmp_path: Path) -> None:
    draw, count, faults = Random(0), tries(6, 50), tries(6, 120)
    added = {add(queue, f"run {number}", pictures, 6 + number % 5).id: 6 + number % 5 for number in range(count)}
    deaths = dict.fromkeys(added, 0)
    machine = Machine(queue, nursery, tmp_path / "runner.txt")
    machine.start()
    seen: dict[str, tuple[int, int]] = {}
    until = time.monotonic() + tries(300, 3600)
    while any(not listed.state.has_ended for listed in queue.entries()):
        assert time.monotonic() < until, (tmp_path / "runner.txt").read_text()
        time.sleep(draw.uniform(0.0, 0.6))
        now = note_outcomes(queue)
        assert {id: now.get(id) for id in seen} == seen  # no job ends twice
        seen = now
        fate, running = draw.random() if faults else 1.0, jobs(queue)
        may_die = {id for id in running if deaths[id] < DEATHS}
        faults -= fate < 0.5
        if fate < 0.25 and may_die:
            victim = draw.choice(sorted(may_die))
            deaths[victim] += 1
            kill(running[victim])
        elif fate < 0.4 and not (running.keys() - may_die):
            for id in machine.reboot() | {listed.id for listed in queue.entries() if listed.deaths > deaths[listed.id]}:
                deaths[id] += 1
        elif fate < 0.5 or not machine.is_on():
            machine.kill_runner()
            machine.start()
    machine.kill_runner()
    for listed in queue.entries():
        assert listed.state is State.DONE, (listed.outcome, (listed.folder / "log.txt").read_text())
        assert_whole(listed.entry.out, added[listed.id])


def test_kills_of_the_runner_as_it_starts_a_job_are_not_the_jobs(
    queue: Queue, nursery: Nursery, pictures: Path, tmp_path: Path
) -> None:
    output, count = tmp_path / "runner.txt", tmp_path / "count"

    def start(queue: Queue, listed: Listed, number: int) -> int:
        """Runs a queue with a kill at an operation in the folder of the entry."""
        arguments = ["queue", "start", "--queue", str(queue.folder)]
        return nursery.run(arguments, output, fault=fault("kill", number, listed.folder, count))

    probe = Queue(tmp_path / "probe")
    listed, number = add(probe, "probe run", pictures), 0
    while not (listed.folder / "log.txt").exists():  # it is opened last, just before the process starts
        number += 1
        start(probe, listed, number)
    for process in jobs(probe).values():
        kill(process)
    listed = add(queue, "a", pictures)
    for before in (1, 2, 3):
        for _ in range(MOST_DEATHS):
            assert start(queue, listed, number - before) == -signal.SIGKILL
    assert (listed.folder / "device.json").exists()
    assert not (listed.folder / "log.txt").exists()
    assert queue.entry(listed.id).deaths == 0
    machine = Machine(queue, nursery, output)
    machine.start()
    assert machine.wait() == 0
    assert queue.entry(listed.id).state is State.DONE


def test_a_job_that_dies_each_time_fails(queue: Queue, nursery: Nursery, pictures: Path, tmp_path: Path) -> None:
    listed = add(queue, "a", pictures, 10**6)
    machine = Machine(queue, nursery, tmp_path / "runner.txt")
    machine.start()
    killed = {machine.runner}  # it locks the entry as it records its end
    while queue.entry(listed.id).outcome is None:
        for process in {*jobs(queue).values()} - killed:
            killed.add(process)
            kill(process)
        time.sleep(0.01)
    assert machine.wait() == 0
    assert len(killed) == 1 + MOST_DEATHS
    assert queue.entry(listed.id).state is State.FAILED


def test_the_jobs_outlive_the_runner_and_the_next_one_finds_them(
    queue: Queue, nursery: Nursery, pictures: Path, tmp_path: Path
) -> None:
    first, second = add(queue, "a", pictures, 10**6), add(queue, "b", pictures)
    machine = Machine(queue, nursery, tmp_path / "runner.txt")
    machine.start()
    wait_until(lambda: is_run(first.entry.out) and first.id in jobs(queue))
    process = jobs(queue)[first.id]
    assert machine.kill_runner() == -signal.SIGKILL
    machine.start()
    time.sleep(0.5)
    assert jobs(queue) == {first.id: process}
    wait_for_answer(ask(first.entry.out, Request("edit", {"lr_g": 1e-5})))
    wait_for_answer(ask(first.entry.out, Request("stop")))
    assert machine.wait() == 0
    assert queue.entry(first.id).state is State.STOPPED
    assert queue.entry(first.id).entry.settings.lr_g == 1e-5
    assert queue.entry(second.id).state is State.DONE


def test_a_job_that_is_told_to_end_is_saved_and_goes_on(
    queue: Queue, nursery: Nursery, pictures: Path, tmp_path: Path
) -> None:
    listed = add(queue, "a", pictures, 10**6)
    machine = Machine(queue, nursery, tmp_path / "runner.txt")
    machine.start()
    wait_until(lambda: is_run(listed.entry.out) and any(Run(listed.entry.out).reports()))
    process = jobs(queue)[listed.id]
    queue.pause()
    for _ in range(2):  # a logout sends several signals at once
        os.kill(process, signal.SIGTERM)
    assert machine.wait() == 0
    assert queue.entry(listed.id).state is State.WAITING
    saved = load(Run(listed.entry.out).newest()).meta.step
    assert saved > 0
    queue.replace(listed.id, queue.entry(listed.id).entry.changed(steps=saved + 2))
    queue.pause(False)
    machine.start()
    assert machine.wait() == 0
    assert queue.entry(listed.id).state is State.DONE
    assert_whole(listed.entry.out, saved + 2)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)
