"""Trouble on another machine: full disks, folders that cannot be written, a wrong clock, another version."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.errors import UserError
from core.events import Progress
from core.queue.entry import Entry, State
from core.remote.check import Result, check
from core.remote.connection import Connection, RefusedThereError
from core.remote.copy import PreparedCopy, copy, prepared_copy
from core.remote.hosts import Host
from core.remote.install import install
from core.remote.mirror import mirror
from core.remote.send import send
from core.runs.run import Run
from tests.core.far_host import FarHost
from tests.core.full_disk import largest_file
from tests.core.tiny import tiny_settings


@contextmanager
def _disk(folder: Path, options: str) -> Iterator[None]:
    """A file system of its own, in memory, at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this user cannot mount a disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _result(host: Host, title: str) -> Result:
    """The first result of the check with a title. The check goes no further, since its end imports torch there."""
    with closing(check(host)) as results:
        return next(result for result in results if result.title == title)


def _copied(pictures: Path) -> PreparedCopy:
    found = run_to_end(prepared_copy(str(pictures), Preparation((16, 16))))
    assert found is not None
    return found


def test_copy_that_does_not_fit_is_not_begun(far: FarHost, pictures: Path) -> None:
    copied = _copied(pictures)
    with _disk(far.home / "cache", "size=4m"), Connection(far.host) as connection:
        with pytest.raises(RefusedThereError, match="disk of the other machine is full: the copy needs") as problem:
            list(copy(connection, copied))
        assert "GAN_STUDIO_CACHE" in problem.value.remedy


def test_disk_that_fills_up_meanwhile_is_told_and_the_copy_goes_on_later(
    far: FarHost, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.remote.copy.BLOCK", 4096)
    monkeypatch.setattr("core.remote.operations.receive.BLOCK", 4096)
    copied, filler = _copied(pictures), far.home / "cache" / "filler"
    with _disk(far.home / "cache", "size=300m"), Connection(far.host) as connection:

        def fill(event: object) -> None:
            if isinstance(event, Progress) and event.done and not filler.exists():
                disk = os.statvfs(filler.parent)
                with filler.open("wb") as file:
                    os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize)

        with pytest.raises(RefusedThereError, match="disk of the other machine is full") as problem:
            run_to_end(copy(connection, copied), fill)
        assert "Free some space" in problem.value.remedy
        filler.unlink()
        offsets = [event.done for event in copy(connection, copied) if isinstance(event, Progress)]
        assert offsets[0] > 0
        assert list(copy(connection, copied)) == []


def test_program_is_not_installed_on_a_full_disk(far: FarHost) -> None:
    new = far.host.model_copy(update={"python": None})
    with _disk(far.home / "program", "size=1m"):
        disk = _result(new, "Disk")
        assert (disk.state, "free" in disk.text) == ("bad", True)
        assert "another folder" in disk.remedy
        with pytest.raises(UserError, match="disk of far is full") as problem:
            run_to_end(install(new, ["--no-deps", "--no-index"]))
        assert "hosts add --folder" in problem.value.remedy


def test_folders_that_cannot_be_written_are_told(far: FarHost, pictures: Path) -> None:
    for name in ("program", "runs", "cache"):
        (far.home / name).touch()  # a file where the folder should be, which stops root, too
    results = list(check(far.host))
    (disk,), folders = ([each for each in results if each.title == title] for title in ("Disk", "Folder"))
    assert (disk.state, "another folder" in disk.remedy) == ("bad", True)
    assert [each.text.partition(":")[0] for each in folders] == [str(far.home / "runs"), str(far.home / "cache/copied")]
    assert all(each.state == "bad" and "GAN_STUDIO_RUNS" in each.remedy for each in folders)
    with Connection(far.host) as connection, pytest.raises(RefusedThereError) as problem:
        list(copy(connection, _copied(pictures)))
    assert problem.value.remedy
    new = far.host.model_copy(update={"python": None})
    with pytest.raises(UserError, match="program's folder on far cannot be written"):
        run_to_end(install(new, ["--no-deps", "--no-index"]))


def test_read_only_disk_is_told(far: FarHost, pictures: Path) -> None:
    with _disk(far.home, "ro,size=1m"):
        assert "Read-only" in _result(far.host, "Disk").text
        with Connection(far.host) as connection, pytest.raises(RefusedThereError, match="Read-only"):
            list(copy(connection, _copied(pictures)))


def test_wrong_clock_is_told(far: FarHost, tmp_path: Path) -> None:
    far.stop()
    shifted = tmp_path / "an hour ahead"
    shifted.mkdir()
    (shifted / "sitecustomize.py").write_text("import time; now = time.time; time.time = lambda: now() + 3600\n")
    far.environment["PYTHONPATH"] = f"{shifted}{os.pathsep}{far.environment['PYTHONPATH']}"
    far.start()
    clock = _result(far.host, "Clock")
    assert (clock.state, "differs by 60.0 min" in clock.text) == ("warning", True)
    assert "network" in clock.remedy
    with Connection(far.host) as connection:
        connection.call("hello")
        assert connection.skew == pytest.approx(3600, abs=100)


def test_other_version_is_told_and_gets_no_training(far: FarHost, tmp_path: Path, pictures: Path) -> None:
    old = tmp_path / "old python"
    old.write_text(
        f"#!{sys.executable}\nimport sys, core; core.__version__ = '0.0.9'\n"
        "if '-m' not in sys.argv: exec(sys.argv[sys.argv.index('-c') + 1]); sys.exit()\n"
        "import core.remote.far as far; far.main()\n"
    )
    old.chmod(0o755)
    far.host = far.host.model_copy(update={"python": str(old)})
    program = _result(far.host, "Program")
    assert (program.state, "0.0.9" in program.text) == ("warning", True)
    assert "hosts install far" in program.remedy
    with Connection(far.host) as connection, pytest.raises(UserError, match=r"has version 0\.0\.9") as problem:
        run_to_end(send(connection, str(pictures), tiny_settings("gan"), None))
    assert "hosts install far" in problem.value.remedy
    assert far.queue.entries() == []


def test_disk_of_this_machine_that_is_full_stops_a_mirror_which_goes_on_later(
    far: FarHost, finished_run: Path, tmp_path: Path
) -> None:
    out = far.home / "runs" / "00000-noise-gan"
    shutil.copytree(finished_run, out)
    entry = far.queue.add(Entry(source="x", settings=tiny_settings("gan"), out=out))
    far.queue.end(entry, State.DONE, "Reached 6 steps.", 6)
    here = tmp_path / "mirror" / "run"
    with Connection(far.host) as connection:
        connection.call("hello")  # ssh is started without the limit
        with largest_file(2000), pytest.raises(UserError, match="could not be saved") as problem:
            list(mirror(connection, entry.id, here))
        assert problem.value.remedy
        list(mirror(connection, entry.id, here))
    assert Run(here).newest().read_bytes() == Run(out).newest().read_bytes()
    assert not list(here.rglob("*.partial"))


def test_mirror_into_a_folder_that_cannot_be_written_is_refused(far: FarHost, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Connection(far.host) as connection, pytest.raises(UserError, match="could not be saved") as problem:
        list(mirror(connection, "x", tmp_path / "file" / "run"))
    assert problem.value.remedy
