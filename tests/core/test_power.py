"""Saved files are there after a power cut: a file system that is shut down without writing its journal.

Needs root and a file system in a file (`make campaign`).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from core.checkpoint import load
from core.concurrency import run_to_end
from core.jobs.training_job import TrainingJob
from core.runs.overview import read_overview
from core.runs.run import Run, is_run
from tests.core import campaign
from tests.core.nursery import Nursery
from tests.core.tiny import FLAGS

CUTS = campaign.tries(0, 50)
SHUTDOWN, WITHOUT_JOURNAL = 0x8004587D, 2
"""FS_IOC_SHUTDOWN, which ext4 and XFS obey, and its strictest kind."""

pytestmark = [
    campaign.only,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount"),
    pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="needs mkfs.ext4"),
]


class Disk:
    """An ext4 in a file, mounted at `folder`."""

    def __init__(self, base: Path) -> None:
        self._image, self.folder = base / "disk.img", base / "disk"
        self.folder.mkdir()
        with self._image.open("wb") as file:
            file.truncate(48 * 2**20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(self._image)], check=True)
        self.mount()

    def mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", str(self._image), str(self.folder)], check=True)

    def unmount(self) -> None:
        until = time.monotonic() + 10
        while subprocess.run(["umount", str(self.folder)], check=False, stderr=subprocess.DEVNULL).returncode:
            assert time.monotonic() < until
            time.sleep(0.05)

    def cut(self) -> None:
        """The power goes: nothing more is written."""
        import fcntl

        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", WITHOUT_JOURNAL))
        finally:
            os.close(descriptor)


@pytest.mark.parametrize("number", range(CUTS))
def test_what_was_said_to_be_saved_is_there(number: int, pictures: Path, tmp_path: Path, nursery: Nursery) -> None:
    chance = random.Random(number)
    disk, output = Disk(tmp_path), tmp_path / "output.txt"
    run = disk.folder / "run"
    flags = [*FLAGS, "--preset", "gan", "--steps", "100000", "--autosave-minutes", "1e-9"]
    process = nursery.start(["train", str(pictures), "--out", str(run), *flags], output)
    try:
        wanted, until = chance.choice([0, 1, 1, 3, 10, 30]), time.monotonic() + 30
        while saved(output) < wanted or not run.exists():
            assert time.monotonic() < until, output.read_text("utf-8")
            time.sleep(0.002)
        time.sleep(chance.choice([0.0, chance.uniform(0, 0.05), chance.uniform(0, 0.6)]))
        said = steps_saved(output)
        disk.cut()
    finally:
        os.kill(process, signal.SIGKILL)
        nursery.wait(process)
        disk.unmount()
    disk.mount()
    try:
        if not is_run(run):
            assert not said
            return
        found = Run(run)
        assert all(load(path).meta.step == int(path.stem) for path in found.checkpoints())
        newest = load(found.newest())
        assert newest.meta.step >= max(said, default=0)
        assert run_to_end(read_overview(run)).step >= newest.meta.step
        run_to_end(found.table_reader().read())
        settings = newest.meta.settings.changed(steps=newest.meta.step + 1, autosave_minutes=5.0)
        for _ in TrainingJob(settings, str(pictures), resume=found.newest()).events():
            pass
    finally:
        disk.unmount()


def saved(output: Path) -> int:
    return len(steps_saved(output))


def steps_saved(output: Path) -> list[int]:
    """The steps whose checkpoints were said to be saved, up to the last whole line."""
    if not output.exists():
        return []
    lines = output.read_text("utf-8", "replace").rpartition("\n")[0].splitlines()
    return [int(Path(line.split("saved ", 1)[1].strip()).stem) for line in lines if "saved " in line]
