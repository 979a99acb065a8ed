"""Trainings of the queue as jobs of a cluster: submitit's executor on this machine stands in for Slurm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import UserError
from core.queue.entry import CLUSTER, Entry, State
from core.queue.folder import Listed, Queue
from core.remote.far import _answer
from core.remote.frames import Frame
from core.remote.hosts import Cluster
from core.remote.slurm import SUBMITTED, submit
from core.runs.run import Run, is_run
from tests.core.tiny import tiny_settings

pytest.importorskip("submitit", reason="submitit is not installed")
if os.name != "posix":
    pytest.skip("submitit needs POSIX signals", allow_module_level=True)

PATIENCE_SECONDS = 200.0
SUBMIT = """
import sys
from pathlib import Path
from core.queue.folder import Queue
from core.remote.hosts import Cluster
from core.remote.slurm import submit
print(submit(Queue(Path(sys.argv[1])), sys.argv[2], Cluster(hours=1, gpus=0), "local"))
"""


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    queue = Queue(tmp_path / "the queue")
    yield queue
    for process in _processes(str(queue.folder)):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _processes(*words: str) -> list[psutil.Process]:
    """The processes whose command line has all these words somewhere."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if all(word in line for word in words):
            found.append(process)
    return found


def _added(queue: Queue, pictures: Path, tmp_path: Path, steps: int) -> Listed:
    settings = tiny_settings("gan", steps=steps)
    return queue.add(Entry(source=str(pictures), settings=settings, out=tmp_path / "runs" / "a run", device=CLUSTER))


def _submit(queue: Queue, id: str) -> int:
    """Submits an entry from a process of its own, as the other end of a connection does; returns the ID of the job."""
    command = [sys.executable, "-c", SUBMIT, str(queue.folder), id]
    printed = queue.folder.with_name("job")
    with printed.open("wb") as file:  # a pipe would be open until the job ends, which outlives this process
        subprocess.run(command, check=True, stdout=file)
    return int(printed.read_text())


def _wait(holds: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.1)


def test_job_trains_an_entry_to_its_end(queue: Queue, pictures: Path, tmp_path: Path) -> None:
    entry = _added(queue, pictures, tmp_path, steps=6)
    assert not queue.waits  # for the runner, which leaves it to the cluster
    _submit(queue, entry.id)
    _wait(lambda: queue.entry(entry.id).state.has_ended, "no end")
    ended = queue.entry(entry.id)
    assert ended.state is State.DONE, ended.outcome
    assert Run(entry.entry.out).newest().stem == "000000006"
    assert any((entry.folder / SUBMITTED).iterdir())


def test_job_is_saved_before_its_time_limit_and_continued(queue: Queue, pictures: Path, tmp_path: Path) -> None:
    entry = _added(queue, pictures, tmp_path, steps=10_000_000)
    controller = psutil.Process(_submit(queue, entry.id))
    out = entry.entry.out
    _wait(lambda: is_run(out) and any(Run(out).reports()), "no report")
    (task,) = controller.children()
    task.send_signal(signal.SIGUSR2)  # as submitit is told of the time limit
    _wait(lambda: not task.is_running(), "the job goes on")
    saved = int(Run(out).newest().stem)
    assert saved > 0
    _wait(lambda: any(report.step > saved for report in Run(out).reports()), "it was not continued")
    second = psutil.Process(_submit(queue, entry.id))
    _wait(lambda: not second.is_running() or second.status() == psutil.STATUS_ZOMBIE, "a second job trains, too")
    assert queue.entry(entry.id).state is State.RUNNING
    queue.stop(entry.id)
    _wait(lambda: queue.entry(entry.id).state is State.STOPPED, "no end")
    assert int(Run(out).newest().stem) > saved


def test_process_that_was_killed_is_told(queue: Queue, pictures: Path, tmp_path: Path) -> None:
    entry = _added(queue, pictures, tmp_path, steps=10_000_000)
    _submit(queue, entry.id)
    _wait(lambda: queue.entry(entry.id).owner, "no start")
    owner = queue.entry(entry.id).owner
    assert owner is not None
    os.kill(owner.process, signal.SIGKILL)
    _wait(lambda: queue.entry(entry.id).state is State.FAILED, "no end")
    outcome = queue.entry(entry.id).outcome
    assert outcome is not None
    assert str(entry.folder / SUBMITTED) in outcome.reason


def test_cluster_that_is_not_there_is_told(queue: Queue, pictures: Path, tmp_path: Path) -> None:
    entry = _added(queue, pictures, tmp_path, steps=6)
    with pytest.raises(UserError, match="cluster did not take the training") as problem:
        submit(queue, entry.id, Cluster())
    assert problem.value.remedy
    assert "srun" in problem.value.details


def _answered(operation: str, **arguments: object) -> dict[str, Any]:
    header, _body = _answer(Frame({"operation": operation, "arguments": arguments}, b""))
    return dict(header)


def test_entry_that_the_cluster_refuses_does_not_stay_in_the_queue(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GAN_STUDIO_RUNS", str(tmp_path))
    settings, cluster = tiny_settings("gan").model_dump(mode="json"), Cluster().model_dump()
    told = _answered("add", source="x", title="x", settings=settings, given=None, cluster=cluster)
    assert "did not take the training" in told["problem"]["what"]
    assert Queue().entries() == []


def test_program_that_a_waiting_job_needs_is_not_deleted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own, other = tmp_path / "programs" / "own", tmp_path / "programs" / "other"
    other.mkdir(parents=True)
    own.mkdir()
    monkeypatch.setattr(sys, "prefix", str(own))
    entry = Queue().add(Entry(source="x", settings=tiny_settings("gan"), out=tmp_path / "run", device=CLUSTER))
    assert _answered("tidy") == {"removed": []}
    Queue().remove(entry.id)
    assert _answered("tidy") == {"removed": ["other"]}
    assert not other.exists()
