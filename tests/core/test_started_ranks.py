"""Several devices in a setting: the training starts a process for each, and ends them. The CPU twice is two of them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from PIL import Image

from core.checkpoint import load
from core.cli.main import main
from core.concurrency import run_to_end
from core.distributed.ranks import LostRankError
from core.errors import UserError
from core.events import Event, Progress, Stepped, Tuned
from core.jobs.ranks.started import StartedRanks
from core.jobs.training_job import TrainingJob
from core.runs.run import Run
from tests.core.tiny import tiny_settings

STEPS = 5


def job(pictures: Path, out: Path, device: str = "cpu,cpu", steps: int | None = None) -> TrainingJob:
    return TrainingJob(tiny_settings("dcgan", steps=steps, device=device), str(pictures), out=out)


def codes(job: TrainingJob) -> list[int | None]:
    """Exit codes of the processes that a job has started."""
    assert isinstance(job.ranks, StartedRanks)
    return [process.poll() for process in job.ranks._processes.values()]


def test_two_processes_train_as_one_does(pictures: Path, tmp_path: Path) -> None:
    """In single precision the order of additions differs, and Adam enlarges the difference: hence a bound of 1e-3."""
    alone, together = job(pictures, tmp_path / "one", "cpu", STEPS), job(pictures, tmp_path / "two runs", steps=STEPS)
    for each in (alone, together):
        run_to_end(each.events())
    assert codes(together) == [0]
    found = [load(Run(each.run.folder).newest()) for each in (alone, together) if each.run]
    assert [each.meta.step for each in found] == [STEPS, STEPS]
    assert found[1].meta.settings.device == "cpu,cpu"
    for name, expected in found[0].tensors.items():
        if name.startswith(("G.", "D.", "G_ema.")):
            assert (found[1].tensors[name] - expected).abs().max() <= 1e-3, name


def test_a_process_that_ends_is_named_and_the_training_is_kept(pictures: Path, tmp_path: Path) -> None:
    begun = job(pictures, tmp_path / "run")

    def kill(event: Event) -> None:
        if isinstance(event, Stepped) and event.step == STEPS:
            assert isinstance(begun.ranks, StartedRanks)
            begun.ranks._processes[1].kill()

    with pytest.raises(UserError) as caught:
        run_to_end(begun.events(), kill)
    assert "The training process on cpu ended." in caught.value.what
    assert "train on fewer devices" in caught.value.remedy
    assert "saved" in caught.value.remedy
    assert Run(tmp_path / "run").newest().is_file()


def test_what_another_process_refuses_is_told(pictures: Path, tmp_path: Path) -> None:
    images = copytree(pictures, tmp_path / "images")
    begun = job(images, tmp_path / "run")

    def add_image(event: Event) -> None:
        if isinstance(event, Tuned):
            Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(images / "later.png")

    with pytest.raises(LostRankError, match="Give all machines the same images"):
        run_to_end(begun.events(), add_image)
    assert codes(begun) == [2]


def test_a_training_that_is_stopped_at_once_leaves_no_process(pictures: Path, tmp_path: Path) -> None:
    begun = job(pictures, tmp_path / "run")
    with closing(begun.events()) as events:
        assert isinstance(next(events), Progress)
    assert None not in codes(begun)


def test_a_device_that_does_not_exist_is_refused(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="no device 'cuda:7'"):
        run_to_end(job(pictures, tmp_path / "run", "cpu,cuda:7").events())
    for gpus, said in (("6,7", "no device 'cuda:6'"), ("0,one", "Give the numbers of GPUs, as in 0,1.")):
        assert main(["train", str(pictures), "--out", str(tmp_path / "run"), "--gpus", gpus]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
