"""A fault at any file operation costs no more than what came after the last checkpoint; `make campaign` tries all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.checkpoint import load
from core.concurrency import run_to_end
from core.jobs.training_job import TrainingJob
from core.runs.overview import read_overview
from core.runs.run import Run, is_run
from tests.core import campaign
from tests.core.nursery import Nursery
from tests.core.operations import Fault, fault
from tests.core.tiny import FLAGS

STEPS = 3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def command(data: Path, run: Path) -> list[str]:
    autosave = ["--autosave-minutes", "0.00001", "--checkpoints", "1"]
    return ["train", str(data), "--out", str(run), *FLAGS, "--preset", "gan", "--steps", str(STEPS), *autosave]


def assert_nothing_lost(run: Path, data: Path, code: int) -> None:
    """A run is whole: it opens, its newest checkpoint can be read, and it goes on from there. One that ended well has
    its last step."""
    if not is_run(run):
        assert code != 0, "a training that ended well left no run"
        return
    found = Run(run)
    newest = load(found.newest())
    assert run_to_end(read_overview(run)).step >= newest.meta.step
    if code == 0:
        assert newest.meta.step == STEPS
    settings = newest.meta.settings.changed(steps=STEPS + 1)
    for _ in TrainingJob(settings, str(data), resume=found.newest()).events():
        pass
    assert load(found.newest()).meta.step == STEPS + 1
    assert not [path for path in run.rglob("*.partial") if path.is_file()]
    recorded = [report.step for report in found.reports()]
    assert recorded == sorted(recorded)


@pytest.mark.parametrize("kind", ["kill", "EIO", "ENOSPC"])
def test_a_fault_at_an_operation_loses_nothing(kind: Fault, pictures: Path, tmp_path: Path, nursery: Nursery) -> None:
    count, output = tmp_path / "count", tmp_path / "output.txt"
    nursery.run(["inspect", str(pictures)], output)  # the prepared images are there from now on
    runs = tmp_path / "runs"
    assert nursery.run(command(pictures, runs / "whole"), output, fault=fault("none", 0, runs, count)) == 0
    operations = count.stat().st_size
    assert operations > 50
    each = campaign.tries(40, 1)
    for number in range(1 + len(kind) % each, operations + 1, each):
        run = runs / f"run {number}"
        count = tmp_path / f"count {number}"
        code = nursery.run(command(pictures, run), output, fault=fault(kind, number, run, count))
        # A disk that refuses is a notice, or a sentence and 2. Two trainings need not have equally many operations.
        expected = {-9} if kind == "kill" and count.stat().st_size == number else {0, 2}
        assert code in expected, (number, output.read_text("utf-8"))
        assert "Traceback" not in output.read_text("utf-8")
        assert_nothing_lost(run, pictures, code)
