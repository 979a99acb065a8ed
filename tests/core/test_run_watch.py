"""A run that another process trains is followed without a write, and trained on in a copy."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from shutil import copytree
from typing import TypeVar

import pytest

from core.checkpoint import load
from core.cli.main import main
from core.concurrency import as_generator, run_to_end
from core.data.prepare import prepare
from core.errors import RunBusyError, UserError
from core.events import Edited, Event, Measured, Progress, Report, Saved
from core.jobs import evaluation_job
from core.jobs.training_job import TrainingJob
from core.runs import run_lock, run_watch
from core.runs.report_table import TableReader
from core.runs.run import Run
from core.runs.run_lock import NAME, SILENT_SECONDS, SKEW_SECONDS, Owner, OwnerWatch, RunLock
from core.runs.run_name import copy_name, read_name, write_name
from core.runs.run_watch import Drawn, Owned, Replaced, watch
from tests.core.nursery import Nursery
from tests.core.tiny import differences

E = TypeVar("E", bound=Event)

PATIENCE = 20.0
"""Seconds."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_watch, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(run_watch, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(run_watch, "LONGEST_POLL", 0.05)


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of a finished run, to be written to."""
    return Path(copytree(finished_run, tmp_path / "run"))


@contextmanager
def trained(nursery: Nursery, pictures: Path, run: Path, *flags: str) -> Iterator[int]:
    """A process that goes on with the run for as long as it is let."""
    command = ["train", str(pictures), "--resume", str(run), "--steps", "1000000", *flags]
    process = nursery.start(command, run.parent / "output.txt")
    try:
        reports = (run / "stats.jsonl").stat().st_size
        wait_until(lambda: (run / NAME).exists() and (run / "stats.jsonl").stat().st_size > reports)
        yield process
    finally:
        os.kill(process, signal.SIGKILL)  # not reaped yet, so that the number is still its own
        nursery.wait(process)


def wait_until(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.01)


def found(events: Generator[Event, None, Path | None], kind: type[E]) -> E:
    until = time.monotonic() + PATIENCE
    for event in events:
        if isinstance(event, kind):
            return event
        assert time.monotonic() < until
    raise AssertionError


def contents(folder: Path) -> set[tuple[str, int]]:
    """Every file but those that a training renews, with the time of its last change."""
    return {(str(path), path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_a_watcher_sees_what_another_process_adds_and_its_end(nursery: Nursery, pictures: Path, run: Path) -> None:
    reader = TableReader(run / "stats.jsonl")
    table = run_to_end(reader.read())
    seen: list[Event] = []
    with trained(nursery, pictures, run) as process:
        events = watch(Run(run), reader.end)
        while len(of(seen, Report)) < 3:
            seen.append(next(events))
        os.kill(process, signal.SIGTERM)
        newest = run_to_end(events, seen.append)
    assert [owned.owner.process for owned in of(seen, Owned)] == [process]
    assert newest == Run(run).newest() == of(seen, Saved)[-1].path
    assert of(seen, Drawn)[-1].step == of(seen, Saved)[-1].step
    whole = [report.step for report in Run(run).reports()]
    assert [*table.steps.tolist(), *(report.step for report in of(seen, Report))] == whole
    assert not of(seen, Replaced)
    assert not (run / NAME).exists()


def of(events: Sequence[Event], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def test_watching_writes_nothing(run: Path) -> None:
    (run / NAME).write_text(json.dumps(asdict(replace(Owner.here(), machine="another"))), "utf-8")
    before = contents(run)
    events = watch(Run(run))
    found(events, Owned)
    for _ in range(20):
        next(events)
    assert contents(run) == before


@pytest.mark.parametrize(
    ("values", "age", "is_watched"),
    [
        ({"process": 2**22 + 1}, 0.0, False),  # no such process
        ({"process": 1, "started": 1.0}, SILENT_SECONDS + SKEW_SECONDS + 10, False),  # another has its number now
        ({"machine": "another"}, 0.0, True),
        ({"machine": "another"}, SILENT_SECONDS + 10, True),  # as long as its clock may be another
        ({"machine": "another"}, SILENT_SECONDS + SKEW_SECONDS + 10, False),
        ({}, 0.0, False),  # this process is no other one
    ],
)
def test_a_reader_tells_a_stale_lock(values: dict[str, object], age: float, is_watched: bool, tmp_path: Path) -> None:
    lock = tmp_path / NAME
    lock.write_text(json.dumps(asdict(replace(Owner.here(), **values))), "utf-8")  # type: ignore[arg-type]
    os.utime(lock, (time.time() - age,) * 2)
    assert (OwnerWatch(tmp_path).owner() is not None) == is_watched


def test_an_owner_without_a_pulse_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / NAME
    lock.write_text(json.dumps(asdict(replace(Owner.here(), machine="another"))), "utf-8")
    watch = OwnerWatch(tmp_path)
    assert watch.owner() is not None
    monkeypatch.setattr(run_lock, "SILENT_SECONDS", 0.05)
    os.utime(lock)
    assert watch.owner() is not None
    time.sleep(0.06)
    assert watch.owner() is None
    assert OwnerWatch(tmp_path / "none").owner() is None


def test_a_crash_of_the_owner_is_seen(nursery: Nursery, pictures: Path, run: Path) -> None:
    with trained(nursery, pictures, run) as process:
        events = watch(Run(run))
        found(events, Owned)
        os.kill(process, signal.SIGKILL)
        assert run_to_end(events) == run / "checkpoints" / "000000006.safetensors"
        assert (run / NAME).exists()


def test_a_training_that_goes_back_is_noticed_and_edits_are_seen(run: Path) -> None:
    left_lock(run)
    stats = Run(run)
    events = watch(stats)
    found(events, Owned)
    stats.note(Edited(6, {"lr_g": 0.001}))
    assert found(events, Edited) == Edited(6, {"lr_g": 0.001})
    log = stats._stats
    lines = list(log.each())
    log.truncate(lines[-1]["step"] - 1)
    found(events, Replaced)
    log.append({**lines[-1], "Loss/G/loss": 0.25})
    assert found(events, Report).stats["Loss/G/loss"] == 0.25
    stats.note_measured(Measured(6, 48, 1.0, {"Metrics/fid@pixels:50:20:all": 2.5}))
    assert found(events, Measured).values == {"Metrics/fid@pixels:50:20:all": 2.5}
    log.truncate(lines[-1]["step"])  # as whoever goes on from the last step does: nothing is gone
    log.append({**lines[-1], "step": 7})
    assert found(events, Report).step == 7


def left_lock(run: Path) -> Path:
    """The lock of a process of another machine."""
    lock = run / NAME
    lock.write_text(json.dumps(asdict(replace(Owner.here(), host="elsewhere", machine="another"))), "utf-8")
    return lock


def test_what_is_older_than_what_the_other_process_has_trained_is_refused_as_well(pictures: Path, run: Path) -> None:
    older = run / "checkpoints" / "000000000.safetensors"
    left_lock(run)
    settings = load(older).meta.settings
    with pytest.raises(RunBusyError) as caught:
        run_to_end(TrainingJob(settings, str(pictures), runs=run.parent, resume=older).events())
    assert caught.value.folder == run
    assert "If it has crashed, try again in 2 minutes" in caught.value.remedy
    assert [path.name for path in run.parent.iterdir()] == ["run"]


def test_a_copy_trains_on_bit_for_bit(nursery: Nursery, pictures: Path, run: Path, finished_run: Path) -> None:
    write_name(run, "noise, slowly")
    resume = ["train", str(pictures), "--steps", "9", "--resume"]
    with trained(nursery, pictures, run):
        assert main([*resume, str(run / "checkpoints" / "000000006.safetensors"), "--copy"]) == 0
    (copy,) = run.parent.glob("00000-*")
    copied = Run(copy)
    assert read_name(copy) == "noise, slowly (copy)"
    assert not (copy / NAME).exists()
    before = [report for report in Run(finished_run).reports() if report.step <= 6]
    assert list(copied.reports())[: len(before)] == before
    assert {path.name for path in Run(finished_run).samples()} <= {path.name for path in copied.samples()}
    straight = run.parent / "straight"
    assert main([*resume, str(finished_run), "--out", str(straight)]) == 0
    assert differences(load(copied.newest()), load(Run(straight).newest())) == set()
    assert load(copied.newest()).meta.step == 9


def test_a_copy_is_made_where_the_person_says(pictures: Path, run: Path, tmp_path: Path) -> None:
    left_lock(run)
    out = tmp_path / "elsewhere"
    assert main(["train", str(pictures), "--resume", str(run), "--copy", "--out", str(out), "--steps", "7"]) == 0
    assert load(Run(out).newest()).meta.step == 7
    assert read_name(out) == "noise (copy)"


def test_a_run_goes_on_without_being_named_twice(pictures: Path, run: Path) -> None:
    assert main(["train", str(pictures), "--resume", str(run), "--steps", "8"]) == 0
    assert load(Run(run).newest()).meta.step == 8


def test_a_copy_needs_a_run(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(pictures), "--copy"]) == 2
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "copied"),
    [
        ("flowers", "flowers (copy)"),
        ("flowers (copy)", "flowers (copy 2)"),
        ("flowers (copy 9)", "flowers (copy 10)"),
        ("a (copy of b)", "a (copy of b) (copy)"),
        ("x" * 80, "x" * 73 + " (copy)"),
    ],
)
def test_names_of_copies(name: str, copied: str) -> None:
    assert copy_name(name) == copied


def test_watching_on_the_command_line(
    nursery: Nursery, pictures: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", str(run)]) == 2
    assert "Nobody else trains in noise" in capsys.readouterr().err
    assert main(["watch", str(pictures)]) == 2
    capsys.readouterr()
    with trained(nursery, pictures, run) as process:
        said = tmp_path / "said.txt"
        watcher = nursery.start(["watch", str(run)], said)
        wait_until(lambda: said.exists() and ", D " in said.read_text())
        other = tmp_path / "other.txt"
        interrupted = nursery.start(["watch", str(run)], other)
        wait_until(lambda: other.exists() and "training on" in other.read_text())
        os.kill(interrupted, signal.SIGINT)
        assert nursery.wait(interrupted) == 130
        os.kill(process, signal.SIGTERM)
        assert nursery.wait(watcher) == 0
    text = said.read_text()
    assert text.startswith("noise: training on ")
    assert text.endswith("The training has ended.\n")


def test_nothing_is_measured_in_a_run_that_another_process_trains(
    pictures: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = Run(run).newest()
    dataset = run_to_end(prepare(str(pictures), load(checkpoint).meta.settings.preparation))
    before = (run / "stats.jsonl").read_bytes()
    lock = left_lock(run)
    with pytest.raises(RunBusyError, match="Training in another process"):
        run_to_end(evaluation_job.measure(Run(run), checkpoint, dataset))
    lock.unlink()
    key = f"Metrics/fid@{'c' * 8}"

    def begins_meanwhile(*_: object) -> Generator[Progress, None, Measured]:
        yield Progress("Measuring", 0, 0)
        left_lock(run)
        return Measured(6, 48, 1.0, {key: 2.5})

    monkeypatch.setattr(evaluation_job, "build", lambda *_: as_generator(lambda: None))
    monkeypatch.setattr(evaluation_job, "evaluate", begins_meanwhile)
    monkeypatch.setattr(evaluation_job, "_metrics", lambda *_: [])
    with pytest.raises(RunBusyError):
        run_to_end(evaluation_job.measure(Run(run), checkpoint, dataset))
    assert (run / "stats.jsonl").read_bytes() == before
    assert not (run / "checkpoints" / "best.json").exists()


def test_a_training_of_this_process_does_not_keep_it_from_writing(tmp_path: Path) -> None:
    with RunLock(tmp_path), run_lock.write_access(tmp_path):
        run_lock.refuse_busy(tmp_path)
        assert (tmp_path / NAME).exists()
    with run_lock.write_access(tmp_path):
        assert (tmp_path / NAME).exists()
        with pytest.raises(UserError), RunLock(tmp_path):
            pass
    assert not list(tmp_path.iterdir())
