"""Mirrors of runs on another machine: nothing that a person made in one is replaced by news from there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli.main import main
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.prepare import prepare
from core.errors import MirroredRunError, UserError
from core.events import Event
from core.jobs.evaluation_job import measure
from core.jobs.training_job import TrainingJob
from core.queue.entry import Entry, State
from core.queue.folder import Listed, Queue
from core.remote.connection import Connection
from core.remote.mirror import Mirrored, mirror, mirror_folder
from core.runs.mirrored import Origin, origin
from core.runs.retention import is_pinned, pin
from core.runs.run import Run, runs_folder
from core.runs.run_lock import NAME as LOCK
from core.runs.run_name import read_name, write_name
from tests.core.far_host import FarHost
from tests.core.tiny import tiny_settings


def _ended(far: FarHost, run: Path) -> Listed:
    """An entry of the queue there, with a run that has ended."""
    out = far.home / "runs" / "00000-noise-gan"
    shutil.copytree(run, out)
    added = far.queue.add(Entry(source="x", settings=tiny_settings("gan"), out=out))
    far.queue.end(added, State.DONE, "Reached 6 steps.", 6)
    return far.queue.entry(added.id)


@pytest.fixture
def entry(far: FarHost, finished_run: Path) -> Listed:
    return _ended(far, finished_run)


@pytest.fixture
def connection(far: FarHost) -> Iterator[Connection]:
    with Connection(far.host) as connection:
        yield connection


@pytest.fixture
def mirrored(entry: Listed, connection: Connection) -> Path:
    """The mirror of a run that has ended."""
    folder = mirror_folder("far", entry.id, entry.entry.title)
    list(mirror(connection, entry.id, folder))
    return folder


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _trained(job: TrainingJob) -> list[Event]:
    return list(job.events())


def _longer(mirrored: Path, pictures: Path, **where: object) -> TrainingJob:
    newest, settings = Run(mirrored).newest(), tiny_settings("gan", steps=9)
    return TrainingJob(settings, str(pictures), resume=newest, **where)  # type: ignore[arg-type]


def test_mirror_is_told_from_other_runs(mirrored: Path, entry: Listed, finished_run: Path, tmp_path: Path) -> None:
    assert origin(mirrored) == Origin("far", entry.id, mirrored.name)
    (tmp_path / "link").symlink_to(mirrored)
    assert origin(tmp_path / "link") == origin(mirrored)
    assert origin(finished_run) is None
    copied = shutil.copytree(mirrored, tmp_path / "copied")
    moved = mirrored.rename(mirrored.with_name("mine"))
    assert origin(copied) is None
    assert origin(moved) is None


def test_training_is_not_continued_in_a_mirror(mirrored: Path, pictures: Path, tmp_path: Path) -> None:
    before = _contents(mirrored)
    with pytest.raises(MirroredRunError, match="follows a run on far") as caught:
        _trained(_longer(mirrored, pictures))
    assert caught.value.folder == mirrored
    with pytest.raises(MirroredRunError):
        _trained(_longer(mirrored, pictures, out=mirrored))
    assert _contents(mirrored) == before


def test_copy_of_a_mirror_is_trained_among_the_other_runs(
    mirrored: Path,
    pictures: Path,
    entry: Listed,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("GAN_STUDIO_RUNS", str(tmp_path / "runs"))
    job = _longer(mirrored, pictures, copy=True)
    _trained(job)
    assert job.run is not None
    assert job.run.folder.parent == runs_folder()
    assert job.run.newest().stem == "000000009"
    made = _contents(job.run.folder)
    list(mirror(connection, entry.id, mirrored))
    assert _contents(job.run.folder) == made


def test_command_line_refuses_a_mirror_with_a_remedy(
    mirrored: Path, pictures: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["train", str(pictures), "--resume", str(mirrored), "--steps", "9"]) == 2
    assert "--copy" in capsys.readouterr().err
    assert main(["queue", "add", str(pictures), "--resume", str(mirrored), "--steps", "9"]) == 2
    assert "follows a run on far" in capsys.readouterr().err
    assert Queue().entries() == []


def test_metrics_are_not_recorded_in_a_mirror(mirrored: Path, pictures: Path) -> None:
    before, dataset = _contents(mirrored), run_to_end(prepare(str(pictures), Preparation((16, 16))))
    with pytest.raises(MirroredRunError):
        run_to_end(measure(Run(mirrored), Run(mirrored).newest(), dataset))
    assert _contents(mirrored) == before


def test_what_a_person_adds_to_a_mirror_stays(mirrored: Path, entry: Listed, connection: Connection) -> None:
    write_name(entry.entry.out, "name there")
    list(mirror(connection, entry.id, mirrored))
    assert read_name(mirrored) == "name there"
    write_name(mirrored, "name here")
    pin(Run(mirrored).newest())
    for name in ("explore.json", "export/seed0000.png", "samples/mine.png", "notes.txt"):
        (mirrored / name).parent.mkdir(exist_ok=True)
        (mirrored / name).write_bytes(b"mine")
    kept = _contents(mirrored)
    del kept[Path("samples/000000006.png")]
    Run(entry.entry.out).samples()[-1].unlink()
    write_name(entry.entry.out, "other name there")
    list(mirror(connection, entry.id, mirrored))
    assert _contents(mirrored) == kept
    assert is_pinned(Run(mirrored).newest())


def test_what_was_deleted_in_a_mirror_is_fetched_again(mirrored: Path, entry: Listed, connection: Connection) -> None:
    before = _contents(mirrored)
    for name in ("stats.jsonl", "config.json", "samples/000000006.png", "checkpoints/000000006.safetensors"):
        (mirrored / name).unlink()
    list(mirror(connection, entry.id, mirrored))
    assert _contents(mirrored) == before
    moved = mirrored.rename(mirrored.with_name("mine"))
    list(mirror(connection, entry.id, mirrored))
    assert _contents(mirrored) == _contents(moved) == before


def test_folder_of_other_files_does_not_become_a_mirror(
    entry: Listed, finished_run: Path, tmp_path: Path, connection: Connection
) -> None:
    own = shutil.copytree(finished_run, tmp_path / "runs" / entry.entry.title)
    before = _contents(own)
    with pytest.raises(UserError, match="files that are not from the run on far") as caught:
        list(mirror(connection, entry.id, own))
    assert caught.value.remedy
    assert _contents(own) == before
    assert not (own.parent / LOCK).exists()


def test_checkpoint_that_was_written_anew_there_is_fetched_again(
    mirrored: Path, entry: Listed, connection: Connection
) -> None:
    there = Run(entry.entry.out).newest()
    data = bytearray(there.read_bytes())
    data[-1] ^= 1
    there.write_bytes(data)  # of the same size
    os.utime(there, (1e9, 1e9))
    list(mirror(connection, entry.id, mirrored))
    assert Run(mirrored).checkpoints()[-1].read_bytes() == data


def test_file_that_cannot_be_read_there_does_not_stop_the_news(
    far: FarHost, finished_run: Path, tmp_path: Path, connection: Connection
) -> None:
    entry = _ended(far, finished_run)
    grid = Run(entry.entry.out).samples()[0]
    grid.unlink()
    grid.mkdir()
    last = list(mirror(connection, entry.id, tmp_path / "mirror" / "run"))[-1]
    assert isinstance(last, Mirrored)
    assert last.has_ended


def test_folder_of_a_mirror_stays_below_that_of_the_mirrors() -> None:
    base = mirror_folder("far", "x", "y").parents[2]
    assert mirror_folder("far", "../../..", "..").resolve().is_relative_to(base / "far")


def test_leftovers_of_an_earlier_mirroring_are_removed(mirrored: Path, entry: Listed, connection: Connection) -> None:
    left = mirrored / "checkpoints" / f".{'0' * 16}.partial"
    left.touch()
    list(mirror(connection, entry.id, mirrored))
    assert not left.exists()


def test_damaged_mark_is_no_mark(mirrored: Path) -> None:
    for text in ("[", "{}", json.dumps({"host": 1, "entry": "x", "run": mirrored.name})):
        (mirrored.parent / "mirror.json").write_text(text)
        assert origin(mirrored) is None
