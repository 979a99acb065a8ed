"""One process at a time trains in a run, and a crash leaves no run locked."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.checkpoint import load
from core.cli.main import main
from core.concurrency import run_to_end
from core.errors import RunBusyError, UserError
from core.events import Stepped
from core.jobs.training_job import TrainingJob
from core.runs import run_lock
from core.runs.run import Run
from core.runs.run_lock import NAME, SILENT_SECONDS, Owner, RunLock
from tests.core.nursery import Nursery
from tests.core.tiny import FLAGS, tiny_settings


def left(folder: Path, age: float = 0.0, **values: Any) -> Path:
    """A lock that another process left, so many seconds after its last pulse."""
    file = folder / NAME
    file.write_text(json.dumps(asdict(replace(Owner.here(), **values))), "utf-8")
    os.utime(file, (time.time() - age,) * 2)
    return file


def test_a_second_one_is_refused_until_the_first_is_over(tmp_path: Path) -> None:
    with RunLock(tmp_path):
        with (
            pytest.raises(RunBusyError, match=f"on {socket.gethostname()} since [0-2][0-9]:[0-5][0-9]") as caught,
            RunLock(tmp_path),
        ):
            pass
        said = f"Training in another process ({Owner.here().place}). Watch it, or train a copy."
        assert str(caught.value) == said
        assert caught.value.folder == tmp_path
        assert f"Process {os.getpid()} " in caught.value.details
    with RunLock(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "values",
    [
        {"process": 2**22 + 1},  # no such process: Linux numbers them below
        {"started": 1.0, "age": SILENT_SECONDS + 10},  # the number belongs to a younger process now
        {"machine": "another", "age": SILENT_SECONDS + 10},
    ],
)
def test_a_lock_whose_owner_has_crashed_is_taken_over(values: dict[str, Any], tmp_path: Path) -> None:
    left(tmp_path, **values)
    with RunLock(tmp_path):
        assert json.loads((tmp_path / NAME).read_text("utf-8"))["process"] == os.getpid()
    assert not list(tmp_path.iterdir())


def test_a_lock_of_another_machine_holds_while_it_has_a_pulse(tmp_path: Path) -> None:
    left(tmp_path, host="elsewhere", machine="another", process=12)
    with pytest.raises(UserError, match="on elsewhere since") as caught, RunLock(tmp_path):
        pass
    assert "try again in 2 minutes" in caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_hosts_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """As containers and cloned machines have: their numbers of processes say nothing here."""
    left(tmp_path, machine="another", process=2**22 + 1)
    with pytest.raises(RunBusyError), RunLock(tmp_path):
        pass


def test_a_clock_that_was_set_unlocks_no_run_that_trains(tmp_path: Path) -> None:
    """The start of a process is told by the clock."""
    left(tmp_path, started=Owner.here().started + 3600)
    with pytest.raises(RunBusyError), RunLock(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": 1}', "\0" * 100])
def test_a_damaged_lock_holds_no_longer_than_a_pulse(text: str, tmp_path: Path) -> None:
    file = tmp_path / NAME
    file.write_text(text, "utf-8")
    with pytest.raises(UserError, match="another machine"), RunLock(tmp_path):
        pass
    os.utime(file, (time.time() - SILENT_SECONDS - 10,) * 2)
    with RunLock(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_lock_that_was_taken_over_is_left_to_its_new_owner(tmp_path: Path) -> None:
    with RunLock(tmp_path) as lock:
        assert not lock.is_lost()
        theirs = left(tmp_path, host="elsewhere", machine="another")
    assert theirs.exists()


def test_who_was_suspended_for_long_notices_that_the_run_is_anothers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RunLock(tmp_path) as lock:
        theirs = left(tmp_path, machine="another")
        before = theirs.read_bytes(), theirs.stat().st_mtime_ns
        monkeypatch.setattr("time.time", lambda: datetime.now().timestamp() + SILENT_SECONDS)
        assert lock.is_lost()
        assert (theirs.read_bytes(), theirs.stat().st_mtime_ns) == before


def test_a_lock_that_somebody_deletes_is_there_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.run_lock.PULSE_SECONDS", 0.01)
    with RunLock(tmp_path) as lock:
        (tmp_path / NAME).unlink()
        wait_until((tmp_path / NAME).exists)
        assert not lock.is_lost()
    assert not list(tmp_path.iterdir())


def test_of_two_that_take_a_stale_lock_over_at_once_one_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = left(tmp_path, process=2**22 + 1)
    first, is_alive = RunLock(tmp_path), run_lock.alive

    def taken_over_meanwhile(lock: Path) -> Owner | None:
        owner = is_alive(lock)
        monkeypatch.setattr(run_lock, "alive", is_alive)
        first.__enter__()
        return owner

    monkeypatch.setattr(run_lock, "alive", taken_over_meanwhile)
    with pytest.raises(UserError, match="Training in another process"), RunLock(tmp_path):
        pass
    assert not first.is_lost()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    first.__exit__(None, None, None)
    assert not list(tmp_path.iterdir())


def test_the_pulse_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.run_lock.PULSE_SECONDS", 0.01)
    file = tmp_path / NAME
    with RunLock(tmp_path):
        before = file.read_bytes()
        os.utime(file, (0, 0))
        wait_until(lambda: file.stat().st_mtime > 0)
        assert time.time() - file.stat().st_mtime < 20
        assert file.read_bytes() == before


def wait_until(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_training_whose_run_was_taken_over_writes_no_more_and_keeps_its_state_apart(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.runs.run_lock.PULSE_SECONDS", 0.01)
    run = tmp_path / "run"
    events = TrainingJob(tiny_settings("gan", minutes=1), str(pictures), out=run).events()
    next(event for event in events if isinstance(event, Stepped) and event.step == 3)
    left(run, machine="another")
    with pytest.raises(UserError, match="Another process took over run") as caught:
        run_to_end(events)
    (kept,) = run.glob("*.safetensors")
    assert kept.name in caught.value.remedy
    assert load(kept).meta.step >= 3
    assert [path.stem for path in Run(run).checkpoints()] == ["000000000"]
    assert (run / NAME).exists()


def test_a_run_that_trains_cannot_be_continued_but_copied(
    tmp_path: Path, pictures: Path, nursery: Nursery, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    process = nursery.start(
        ["train", str(pictures), "--out", str(run), *FLAGS, "--preset", "gan", "--minutes", "5"],
        tmp_path / "output.txt",
    )
    try:
        until = time.monotonic() + 30
        while not (run / "log.txt").is_file():
            assert time.monotonic() < until
            time.sleep(0.01)
        first = Run(run).checkpoints()[0]
        resume = ["train", str(pictures), "--resume", str(first), "--steps", "3", "--out"]
        assert main([*resume, str(run)]) == 2
        assert "Training in another process (on " in (said := capsys.readouterr().err)
        assert "Watch it, or train a copy. See gan-studio watch, and --copy." in said
        assert main([*resume, str(tmp_path / "copy")]) == 0
    finally:
        os.kill(process, signal.SIGKILL)
        nursery.wait(process)
    assert (run / NAME).exists()
    assert main([*resume, str(run)]) == 0
    assert not (run / NAME).exists()
