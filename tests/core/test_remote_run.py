"""A training on another machine, from its start there to its end: mirror, requests, and what is cut off meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from core.cli.main import main
from core.concurrency import run_to_end
from core.errors import RunBusyError, UserError
from core.events import Event
from core.queue.entry import Entry, State
from core.queue.folder import Listed
from core.queue.notify import Channels
from core.remote.connection import Connection
from core.remote.mirror import Lost, Mirrored, Restored, mirror, mirror_folder
from core.remote.send import send
from core.runs.requests import Request, ask
from core.runs.run import Run, is_run
from core.runs.run_lock import NAME, Owner, OwnerWatch
from tests.core.far_host import FarHost
from tests.core.tiny import FLAGS, tiny_settings

E = TypeVar("E", bound=Event)
PATIENCE_SECONDS = 200.0


def _next(events: Generator[Event, None, None], kind: type[E], that: Callable[[E], bool] = lambda event: True) -> E:
    """The next event of a kind, for which something holds."""
    until = time.monotonic() + PATIENCE_SECONDS
    for event in events:
        if isinstance(event, kind) and that(event):
            return event
        assert time.monotonic() < until, f"no {kind.__name__}"
    raise AssertionError(f"no {kind.__name__} up to the end")


def _ended(far: FarHost, run: Path, state: State = State.DONE) -> Listed:
    """An entry of the queue there, with a run that has ended."""
    out = far.home / "runs" / "00000-noise-gan"
    shutil.copytree(run, out)
    added = far.queue.add(Entry(source="x", settings=tiny_settings("gan"), out=out))
    far.queue.end(added, state, "Reached 6 steps.", 6)
    return far.queue.entry(added.id)


def _same(there: Path, here: Path) -> bool:
    return all((there / name).read_bytes() == (here / name).read_bytes() for name in ("stats.jsonl", "config.json"))


def test_training_is_sent_watched_edited_cut_off_and_stopped(
    far: FarHost, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tiny_settings("gan", steps=10_000_000)
    with Connection(far.host) as connection:
        facts = run_to_end(send(connection, str(pictures), settings, None))
        here = mirror_folder("far", facts["id"], facts["title"])
        there = far.queue.entry(facts["id"]).entry.out
        assert there.parent == far.home / "runs"
        with closing(mirror(connection, facts["id"], here)) as events:
            _next(events, Mirrored, lambda event: bool(event.facts["owner"]))
            owner = OwnerWatch(here).owner()
            assert owner is not None
            assert owner.machine.startswith("far: ")
            _next(events, Mirrored, lambda event: is_run(here) and len(list(Run(here).reports())) > 1)
            assert Run(here).newest().is_file()
            assert Run(here).samples()
            with Connection(far.host) as other, pytest.raises(RunBusyError), closing(mirror(other, "x", here)) as more:
                next(more)

            asked = ask(here, Request("edit", {"lr_g": 1e-5}))
            _next(events, Mirrored, lambda event: asked.with_suffix(".answer").exists() and bool(Run(here).edits()))
            assert json.loads(asked.with_suffix(".answer").read_text()) == {"what": "", "remedy": ""}
            assert not asked.exists()
            assert Run(here).edits()[0].changes == {"lr_g": 1e-5}

            for name in ("process", "far_process"):
                count = len(list(Run(here).reports()))
                os.kill(getattr(connection, name), signal.SIGKILL)
                assert "was lost" in str(_next(events, Lost).problem)
                assert OwnerWatch(here).owner() is not None
                _next(events, Restored)
                _next(events, Mirrored, lambda event, count=count: len(list(Run(here).reports())) > count)  # type: ignore[misc]

            assert main(["queue", "list", "--host", "far"]) == 0
            assert "running" in capsys.readouterr().out
            assert main(["queue", "stop", facts["id"], "--host", "far"]) == 0
            last = _next(events, Mirrored, lambda event: event.has_ended)
            assert last.facts["state"] == State.STOPPED
            assert list(events) == []
    assert OwnerWatch(here).owner() is None
    assert not (here / NAME).exists()
    assert _same(there, here)
    assert Run(here).newest().read_bytes() == Run(there).newest().read_bytes()


def test_run_that_has_ended_is_mirrored_whole(far: FarHost, finished_run: Path, tmp_path: Path) -> None:
    entry = _ended(far, finished_run)
    here = tmp_path / "here" / "run"
    with Connection(far.host) as connection:
        last = list(mirror(connection, entry.id, here))[-1]
        assert isinstance(last, Mirrored)
        assert (last.has_ended, last.facts["reason"]) == (True, "Reached 6 steps.")
        assert _same(finished_run, here)
        assert [path.name for path in Run(here).samples()] == [path.name for path in Run(finished_run).samples()]
        assert Run(here).newest().read_bytes() == Run(finished_run).newest().read_bytes()
        assert not list(here.rglob("*.partial"))

        # the training went back: later reports and grids are gone, and others take their place
        out = entry.entry.out
        lines = (out / "stats.jsonl").read_text().splitlines(keepends=True)
        changed = lines[0].replace('"seconds": ', '"seconds": 1')
        (out / "stats.jsonl").write_text(changed + "".join(lines[1:]))
        Run(out).samples()[-1].unlink()
        list(mirror(connection, entry.id, here))
        assert _same(out, here)
        assert [path.name for path in Run(here).samples()] == [path.name for path in Run(out).samples()]


def test_requests_are_passed_on_and_taken_back(far: FarHost, finished_run: Path, tmp_path: Path) -> None:
    out = far.home / "runs" / "00000-noise-gan"
    shutil.copytree(finished_run, out)
    entry = far.queue.add(Entry(source="x", settings=tiny_settings("gan"), out=out))
    (out / NAME).write_text(json.dumps(vars(Owner.here())))  # trained by this very process
    here = tmp_path / "here" / "run"
    with Connection(far.host) as connection, closing(mirror(connection, entry.id, here)) as events:
        _next(events, Mirrored)
        assert OwnerWatch(here).owner() is not None
        asked = ask(here, Request("pause"))
        (asked.parent / "evil.json").write_text("{}")
        _next(events, Mirrored, lambda event: (out / "requests" / asked.name).exists())
        assert [path.name for path in (out / "requests").glob("*.json")] == [asked.name]
        asked.unlink()
        (out / "requests" / "paused").touch()
        _next(events, Mirrored, lambda event: not (out / "requests" / asked.name).exists())
        assert (here / "requests" / "paused").exists()
        far.queue.remove(entry.id)
        with pytest.raises(UserError, match="no entry"):
            list(events)
    assert not (here / NAME).exists()


def test_commands_of_another_machine(
    far: FarHost, finished_run: Path, capsys: pytest.CaptureFixture[str], pictures: Path
) -> None:
    entry = _ended(far, finished_run)
    assert main(["watch", f"far:{entry.entry.title}"]) == 0
    assert "Reached 6 steps" in capsys.readouterr().err
    assert main(["stop", f"far:{entry.entry.title}"]) == 2
    assert "does not run" in capsys.readouterr().err
    assert main(["queue", "remove", entry.id, "--host", "far"]) == 0
    assert far.queue.entries() == []
    assert main(["queue", "list", "--host", "nobody"]) == 2
    assert "No host is called" in capsys.readouterr().err
    far.queue.pause()
    assert main(["queue", "add", str(pictures), *FLAGS, "--preset", "gan", "--host", "far"]) == 0
    assert main(["hosts", "list"]) == 0
    assert "far" in capsys.readouterr().out
    (added,) = far.queue.entries()
    assert (added.state, added.entry.settings.batch) == (State.WAITING, 8)
    assert added.entry.source.startswith("copied:")
    assert main(["queue", "edit", added.id, "--steps", "77", "--host", "far"]) == 0
    assert far.queue.entry(added.id).entry.settings.steps == 77
    assert main(["queue", "edit", added.id, "--host", "far"]) == 2
    assert "No setting was given" in capsys.readouterr().err


def test_notifications_of_another_queue_are_set(far: FarHost, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--webhook", "http://127.0.0.1:9/a b", "--no-desktop"]
    assert main(["queue", "start", "--host", "far", *flags]) == 0
    assert Channels.stored(far.queue.folder) == Channels(webhook=flags[1], desktop=False)
    assert main(["queue", "start", "--host", "far", "--webhook", "file:///etc"]) == 2
    assert "http" in capsys.readouterr().err
    assert main(["queue", "list", "--host", "far", "--queue", "folder"]) == 2
    assert "--queue cannot be given together with --host" in capsys.readouterr().err


def test_checkpoint_and_several_trainings_are_sent(
    far: FarHost, finished_run: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = Run(finished_run).newest()
    command = ["queue", "add", str(pictures), "--host", "far", "--resume", str(newest)]
    assert main([*command, "--out", "x"]) == 2
    assert "--out is not for another machine" in capsys.readouterr().err
    assert main([*command, "--steps", "9", "--seeds", "3-4"]) == 0
    added = far.queue.entries()
    assert [each.entry.settings.seed for each in added] == [3, 4]
    assert {each.entry.resume for each in added} == {each.entry.resume for each in added[:1]}
    sent = added[0].entry.resume
    assert sent is not None
    assert sent.read_bytes() == newest.read_bytes()
    with Connection(far.host) as connection:
        here = mirror_folder("far", added[0].id, added[0].entry.title)
        last = list(mirror(connection, added[0].id, here))[-1]
    assert isinstance(last, Mirrored)
    assert last.facts["state"] == State.DONE, last.facts["reason"]
    assert last.checkpoint == "000000009.safetensors"
