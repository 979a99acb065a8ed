"""The folder of the queue, and the job of one entry."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from core.checkpoint import load
from core.errors import UserError
from core.events import Event, Stepped, Waiting
from core.jobs.training_job import TrainingJob
from core.queue.devices import is_occupied, occupied, placed
from core.queue.entry import Entry, State
from core.queue.folder import Listed, Queue, read
from core.queue.job import BUSY, NO_DEVICE, run_entry
from core.queue.notify import Channels
from core.queue.progress import progress
from core.queue.runner import MOST_DEATHS, Ended, run_queue, start_runner
from core.runs.requests import Request, ask
from core.runs.run import Run, is_run
from core.runs.run_lock import SILENT_SECONDS, Owner
from tests.core.tiny import tiny_settings
from tests.core.work import all_of


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    """A queue that shows nothing on the desktop."""
    Channels(desktop=False).store(tmp_path / "queue")
    return Queue(tmp_path / "queue")


def entry_for(queue: Queue, name: str, source: Path | str = "toy:ring8", **values: Any) -> Entry:
    settings = tiny_settings("gan", **{"steps": 6, **values})
    return Entry(source=str(source), settings=settings, out=queue.folder.parent / name)


def titles(queue: Queue) -> list[str]:
    return [listed.entry.title for listed in queue.entries()]


def foreign_lock(folder: Path, age: float = 0.0) -> None:
    """Leaves the lock of a process of another boot of this machine, whose last sign is `age` seconds old."""
    owner = replace(Owner.here(), machine="another boot")
    lock = folder / "lock.json"
    lock.write_text(json.dumps(asdict(owner)))
    os.utime(lock, (time.time() - age,) * 2)


# -- the folder ------------------------------------------------------------------------------------------------------


def test_entries_stand_in_the_order_in_which_they_were_added_and_moved(queue: Queue) -> None:
    for name in "abc":
        queue.add(entry_for(queue, name))
    assert titles(queue) == ["a", "b", "c"]
    queue.move(queue.entries()[2].id, 0)
    assert titles(queue) == ["c", "a", "b"]
    queue.move(queue.entries()[0].id, 1)
    assert titles(queue) == ["a", "c", "b"]
    queue.move(queue.entries()[0].id, 99)
    assert titles(queue) == ["c", "b", "a"]
    queue.remove(queue.entries()[1].id)
    assert titles(Queue(queue.folder)) == ["c", "a"]


def test_entries_are_moved_any_number_of_times(queue: Queue) -> None:
    for name in "abc":
        queue.add(entry_for(queue, name))
    for _ in range(60):  # always the last one, between the same two
        queue.move(queue.entries()[2].id, 1)
    assert titles(queue) == ["a", "b", "c"]
    queue.move(queue.entries()[2].id, 1)
    assert titles(queue) == ["a", "c", "b"]
    queue.add(entry_for(queue, "d"))
    assert titles(queue) == ["a", "c", "b", "d"]
    (queue.folder / "order.json").write_text("[7, {}")
    assert titles(queue) == ["a", "b", "c", "d"]


def test_entries_that_have_ended_keep_their_place(queue: Queue) -> None:
    ids = [queue.add(entry_for(queue, name)).id for name in "abcd"]
    queue.stop(ids[1])
    queue.move(ids[3], 1)
    assert titles(queue) == ["a", "b", "d", "c"]
    queue.move(ids[3], -5)
    assert titles(queue) == ["d", "a", "b", "c"]


def test_a_clock_that_was_put_back_changes_no_order(queue: Queue) -> None:
    first = queue.add(entry_for(queue, "a"))
    later = queue.folder / ("f" * 19 + "0" + first.id[20:])
    first.folder.replace(later)  # added at a time that is still to come
    assert queue.add(entry_for(queue, "b")).id > later.name
    assert titles(queue) == ["a", "b"]


def test_what_interrupted_changes_left_is_deleted(queue: Queue) -> None:
    added = queue.add(entry_for(queue, "a"))
    removed, old, new = (
        queue.folder / name for name in (added.id + ".removed", f".{1:016x}.partial", f".{2:016x}.partial")
    )
    for folder in (removed, old, new):
        folder.mkdir()
    os.utime(old, (time.time() - 7200,) * 2)
    (queue.folder / "notes.removed").touch()
    queue.sweep()
    assert [path.exists() for path in (added.folder, removed, old, new)] == [True, False, False, True]
    assert (queue.folder / "notes.removed").exists()


def test_an_entry_waits_is_held_and_is_edited(queue: Queue) -> None:
    added = queue.add(entry_for(queue, "a"))
    assert added.state is State.WAITING
    queue.hold(added.id)
    assert queue.entry(added.id[:26]).state is State.HELD
    queue.hold(added.id, False)
    queue.replace(added.id, added.entry.changed(steps=9, device="cuda:1"))
    now = queue.entry(added.id).entry
    assert (now.settings.steps, now.device) == (9, "cuda:1")


def test_two_entries_never_share_a_run_folder(queue: Queue) -> None:
    first = queue.add(entry_for(queue, "a"))
    with pytest.raises(UserError, match="already has an entry with the run folder"):
        queue.add(entry_for(queue, "a"))
    queue.stop(first.id)
    queue.add(entry_for(queue, "a"))
    queue.add(entry_for(queue, "00007-ring-gan"))
    assert queue.free_folder(queue.folder.parent, "Ring", "gan").name == "00008-ring-gan"


def test_a_damaged_entry_is_named_and_the_others_stay(queue: Queue) -> None:
    damaged, whole = queue.add(entry_for(queue, "a")), queue.add(entry_for(queue, "b"))
    (damaged.folder / "entry.json").write_text('{"source": 7')
    (queue.folder / "notes.txt").touch()
    (whole.folder / "device.json").write_text("[]")
    assert titles(queue) == ["b"]
    assert queue.damaged() == [damaged.folder / "entry.json"]


def test_a_damaged_outcome_starts_nothing_again(queue: Queue) -> None:
    added = queue.add(entry_for(queue, "a"))
    (added.folder / "outcome.json").write_text("\0")
    found = queue.entry(added.id)
    assert found.state is State.FAILED
    assert found.outcome is not None
    assert "cannot be read" in found.outcome.reason


def test_a_queue_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    broken = Queue(tmp_path / "file")
    for call in (broken.entries, broken.pause, lambda: list(run_queue(broken, lambda: ["cpu"]))):
        with pytest.raises(UserError, match=r"The queue .* cannot be (read|written to)"):
            call()


def test_a_waiting_entry_is_stopped_at_once_and_can_be_retried(queue: Queue) -> None:
    added = queue.add(entry_for(queue, "a"))
    queue.stop(added.id)
    assert queue.entry(added.id).state is State.STOPPED
    for change in (queue.stop, queue.hold, lambda id: queue.move(id, 0)):
        with pytest.raises(UserError, match="ended"):
            change(added.id)
    queue.retry(added.id)
    assert queue.entry(added.id).state is State.WAITING
    with pytest.raises(UserError, match="neither failed"):
        queue.retry(added.id)


def test_an_entry_that_runs_is_not_changed(queue: Queue) -> None:
    added = queue.add(entry_for(queue, "a"))
    foreign_lock(added.folder)
    assert queue.entry(added.id).state is State.RUNNING
    with pytest.raises(UserError, match="runs or has ended"):
        queue.hold(added.id)
    with pytest.raises(UserError, match="is running"):
        queue.remove(added.id)
    queue.stop(added.id)
    assert queue.entry(added.id).state is State.RUNNING  # until its process has saved and ended


def test_after_a_reboot_an_entry_waits_again(queue: Queue) -> None:
    added = queue.add(entry_for(queue, "a"))
    foreign_lock(added.folder, SILENT_SECONDS + 1)
    assert queue.entry(added.id).state is State.WAITING


@pytest.mark.parametrize(
    ("wanted", "free", "devices", "expected"),
    [
        ("auto", ["cuda:0", "cpu"], ["cuda:0", "cpu"], "cuda:0"),
        ("auto", ["cpu"], ["cuda:0", "cpu"], None),
        ("auto", ["cpu"], ["cpu"], "cpu"),
        ("cuda", ["cuda:1", "cpu"], ["cuda:0", "cuda:1", "cpu"], "cuda:1"),
        ("cuda:0", ["cuda:1"], ["cuda:1", "cpu"], None),
        ("cpu", ["cuda:0", "cpu"], ["cuda:0", "cpu"], "cpu"),
        ("cuda:0,cuda:1", ["cuda:1", "cuda:0", "cpu"], ["cuda:1", "cuda:0", "cpu"], "cuda:0,cuda:1"),
        ("cuda:0,cuda:1", ["cuda:1", "cpu"], ["cuda:1", "cuda:0", "cpu"], None),
    ],
)
def test_an_entry_takes_the_device_that_it_wants(
    wanted: str, free: Sequence[str], devices: Sequence[str], expected: str | None
) -> None:
    assert placed(wanted, free, devices) == expected


# -- the runner, where it starts nothing -------------------------------------------------------------------------------


def test_a_device_that_is_not_there_fails_its_entry(queue: Queue) -> None:
    queue.add(entry_for(queue, "a", device="cuda:7").model_copy(update={"device": "cuda:7"}))
    (ended,) = [event for event in run_queue(queue, lambda: ["cpu"]) if isinstance(event, Ended)]
    assert ended.listed.outcome is not None
    assert ended.listed.outcome.reason.startswith("The device cuda:7 is not there.")


def test_an_entry_whose_process_keeps_dying_fails(queue: Queue) -> None:
    added = queue.add(entry_for(queue, "a"))
    queue.tell_device(added, "cpu", MOST_DEATHS, 0)
    list(run_queue(queue, lambda: ["cpu"]))
    ended = queue.entry(added.id)
    assert ended.state is State.FAILED
    assert ended.outcome is not None
    assert ended.outcome.reason.startswith("Its process ended 3 times without a further checkpoint.")


def test_one_runner_serves_a_queue(queue: Queue) -> None:
    queue.add(entry_for(queue, "a"))
    queue.pause()
    (queue.folder / "runner").mkdir()
    foreign_lock(queue.folder / "runner")
    with pytest.raises(UserError, match="The queue is running already"):
        list(run_queue(queue, lambda: ["cpu"]))
    start_runner(queue)  # starts none
    assert not (queue.folder / "log.txt").exists()


def test_a_device_on_which_a_window_trains_is_left_alone(queue: Queue) -> None:
    queue.add(entry_for(queue, "a"))
    folder = queue.folder / "devices" / "cpu"
    with occupied(queue.folder, "cpu"):
        assert (folder / "lock.json").exists()
        with occupied(queue.folder, "cpu"):  # a second window trains, too
            pass
        assert not is_occupied(queue.folder, "cpu")  # by another process
    assert not (folder / "lock.json").exists()
    foreign_lock(folder)
    with closing(run_queue(queue, lambda: ["cpu"])) as events:
        assert [type(next(events)) for _ in range(2)] == [Waiting, Waiting]
    assert queue.entries()[0].state is State.WAITING


# -- the job ----------------------------------------------------------------------------------------------------------


def run(queue: Queue, listed: Listed) -> tuple[list[Event], int]:
    return all_of(run_entry(queue, listed.id))


def ended(queue: Queue, listed: Listed) -> tuple[State, str]:
    outcome = queue.entry(listed.id).outcome
    assert outcome is not None
    return outcome.state, outcome.reason


def test_a_job_trains_its_entry_to_the_end(queue: Queue, pictures: Path) -> None:
    added = queue.add(entry_for(queue, "a", pictures))
    _, code = run(queue, added)
    assert code == 0
    assert ended(queue, added) == (State.DONE, "Reached the step limit of 6.")
    assert load(Run(added.entry.out).newest()).meta.step == 6
    assert progress(queue.entry(added.id)).share == 1.0
    assert run(queue, added) == ([], 0)  # it ends once


def test_the_settings_in_force_are_those_of_the_entry(queue: Queue, pictures: Path) -> None:
    entry = entry_for(queue, "a", pictures, augment="none")
    given = {name: getattr(entry.settings, name) for name in ("steps", "width", "batch", "resolution", "precision")}
    added = queue.add(entry.model_copy(update={"given": given}))
    run(queue, added)
    now = queue.entry(added.id).entry
    assert now.settings == load(Run(entry.out).newest()).meta.settings
    assert now.given is None
    assert now.begun


def test_a_signal_saves_the_training_which_goes_on_later(queue: Queue, pictures: Path) -> None:
    added = queue.add(entry_for(queue, "a", pictures, steps=100_000))
    queue.tell_device(added, "cpu", 1, 0)
    events = run_entry(queue, added.id)
    with closing(events):
        while not isinstance(event := next(events), Stepped) or event.step < 5:
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        _, code = all_of(events)
    assert code == 128 + signal.SIGTERM
    waiting = queue.entry(added.id)
    assert (waiting.state, waiting.deaths) == (State.WAITING, 1)
    saved = load(Run(added.entry.out).newest()).meta.step
    assert saved >= 5
    queue.replace(added.id, waiting.entry.changed(steps=saved + 3))
    run(queue, added)
    assert ended(queue, added)[0] is State.DONE
    assert load(Run(added.entry.out).newest()).meta.step == saved + 3


def test_a_request_to_stop_is_heard_before_the_run_begins(queue: Queue, pictures: Path) -> None:
    added = queue.add(entry_for(queue, "a", pictures, steps=100_000))
    events = run_entry(queue, added.id)
    with closing(events):
        next(events)
        assert not is_run(added.entry.out)
        with pytest.raises(UserError, match="has not begun yet"):
            ask(added.entry.out, Request("stop"))
        (added.folder / "stop").touch()
        for _ in events:
            pass
    assert ended(queue, added) == (State.STOPPED, "Stopped on request.")


def test_a_request_to_stop_saves_the_training(queue: Queue, pictures: Path) -> None:
    added = queue.add(entry_for(queue, "a", pictures, steps=100_000))
    for event in run_entry(queue, added.id):
        if isinstance(event, Stepped) and event.step == 5:
            (added.folder / "stop").touch()
    outcome = queue.entry(added.id).outcome
    assert outcome is not None
    assert outcome.state is State.STOPPED
    assert load(Run(added.entry.out).newest()).meta.step == outcome.step >= 5


def test_a_run_of_somebody_else_is_not_touched(queue: Queue, pictures: Path) -> None:
    added = queue.add(entry_for(queue, "a", pictures))
    list(TrainingJob(tiny_settings("gan", steps=2), str(pictures), out=added.entry.out).events())
    before = sorted(path.name for path in added.entry.out.rglob("*"))
    run(queue, added)
    assert ended(queue, added) == (State.FAILED, f"{added.entry.out} already exists. Choose another folder.")
    assert sorted(path.name for path in added.entry.out.rglob("*")) == before


def test_a_run_that_exists_when_it_is_added_is_continued(queue: Queue, pictures: Path) -> None:
    entry = entry_for(queue, "a", pictures)
    list(TrainingJob(entry.settings.changed(steps=2), str(pictures), out=entry.out).events())
    added = queue.add(entry)
    run(queue, added)
    assert ended(queue, added)[0] is State.DONE
    assert load(Run(entry.out).newest()).meta.step == 6


def test_a_run_that_another_process_trains_is_waited_for(queue: Queue, pictures: Path) -> None:
    entry = entry_for(queue, "a", pictures)
    list(TrainingJob(entry.settings.changed(steps=2), str(pictures), out=entry.out).events())
    added = queue.add(entry)
    foreign_lock(entry.out)
    assert run(queue, added)[1] == BUSY
    assert queue.entry(added.id).state is State.WAITING


@pytest.mark.parametrize("gone", ["source", "resume"])
def test_what_is_gone_is_the_reason_of_a_failure(queue: Queue, pictures: Path, gone: str) -> None:
    entry = entry_for(queue, "a", queue.folder.parent / "gone" if gone == "source" else pictures)
    resume = queue.folder.parent / "gone.safetensors" if gone == "resume" else None
    added = queue.add(entry.model_copy(update={"resume": resume}))
    assert run(queue, added)[1] == 2
    state, reason = ended(queue, added)
    assert state is State.FAILED
    assert "gone" in reason


def test_a_lost_device_fails_only_entries_that_name_it(queue: Queue, pictures: Path) -> None:
    named, auto = queue.add(entry_for(queue, "a", pictures)), queue.add(entry_for(queue, "b", pictures))
    queue.replace(named.id, named.entry.model_copy(update={"device": "cuda:7"}))
    for listed in (named, auto):
        queue.tell_device(listed, "cuda:7", 1, 0)
    assert run(queue, named)[1] == 2
    assert "There is no device 'cuda:7' on this machine." in ended(queue, named)[1]
    assert run(queue, auto)[1] == NO_DEVICE
    assert read(auto.folder) is not None
    assert queue.entry(auto.id).state is State.WAITING
