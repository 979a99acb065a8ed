"""Output of `gan-studio doctor`: facts without names, a command for each problem, and a training on each device."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from core.cli.main import main
from core.concurrency import run_to_end
from core.devices import survey
from core.events import Progress
from core.jobs import device_trial, doctor
from core.jobs.device_trial import DeviceTrial, train, try_device
from core.trainer import Trainer
from core.training.steps import Plan
from tests.core.machines import GB, Gpu, build, cards, library


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """One whose devices train at once, and has no GPU to begin with."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    build(monkeypatch)
    cards(monkeypatch)
    library(monkeypatch)
    answers(monkeypatch, DeviceTrial(100.0, 5))
    yield monkeypatch
    survey.cache_clear()


def answers(monkeypatch: pytest.MonkeyPatch, trial: DeviceTrial) -> None:
    """Answers every training on a device with this result."""

    def answer(name: str, seconds: float) -> Generator[Progress, None, DeviceTrial]:
        yield Progress(name, 0, 0)
        return trial

    monkeypatch.setattr(doctor, "try_device", answer)


def examined(window: Mapping[str, Any] | None = None, quick: bool = False) -> tuple[dict[str, Any], str]:
    facts = run_to_end(doctor.examine(window or {}, quick))
    json.dumps(facts)
    return facts, "\n".join(doctor.lines(facts))


def test_a_healthy_machine(machine: pytest.MonkeyPatch) -> None:
    gpu = Gpu()
    cards(machine, gpu)
    library(machine, gpu)
    facts, text = examined({"Qt": "6.11", "Screen": ["1920 x 1080 at 100%", "3840 x 2160 at 200%"]})
    assert [(device["name"], device["usable"]) for device in facts["devices"]] == [("cuda:0", True), ("cpu", True)]
    assert f"PyTorch  {torch.__version__}, CUDA 13.2" in text
    assert "NVIDIA GeForce RTX 3080, 8.0 GB free, 10.0 GB total, sm_86, driver 580.105.08" in text
    assert "fast formats: bf16, fp16, TF32, graphs" in text
    assert text.count("trains 100 images/s") == 2
    assert "1920 x 1080 at 100%; 3840 x 2160 at 200%" in text
    assert "sm_75, sm_80" in text
    assert "at most 20.0 GB of datasets" in text
    assert not facts["troubles"]
    assert "No problems found." in text


def test_quick_trains_nothing(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(doctor, "try_device", None)
    facts, text = examined(quick=True)
    assert facts["devices"][0]["images_per_second"] == 0
    assert "images/s" not in text


def test_each_trouble_comes_with_its_command(machine: pytest.MonkeyPatch) -> None:
    old = Gpu("NVIDIA GeForce GTX 1080", (6, 1), 7 * GB, 8 * GB)
    cards(machine, old)
    library(machine, old)
    answers(machine, DeviceTrial(problem="OutOfMemoryError: CUDA out of memory."))
    machine.setattr(shutil, "disk_usage", lambda path: Disk())
    facts, text = examined(
        {"trouble": ("Qt cannot open a window.", "Install the libraries that it needs", "make setup")}
    )
    found = doctor.troubles(facts)
    said = [trouble.what for trouble in found]
    assert len(found) == 5
    assert "compute capability 6.1" in said[0]
    assert "CUDA out of memory" in said[1]
    assert "Only 100.0 MB are free" in said[2]
    assert said[4] == "Qt cannot open a window."
    assert "--torch-backend=cu126" in found[0].command
    assert found[2].command == "gan-studio cache --clear"
    assert all(trouble.what in text and trouble.command and trouble.command in text for trouble in found)
    assert "cannot be used" in text


class Disk:
    free = 10**8


def test_an_old_driver_is_one_trouble_for_all_cards(machine: pytest.MonkeyPatch) -> None:
    library(machine, Gpu(), Gpu(), driver="535.104.05")
    facts, text = examined()
    assert len(facts["troubles"]) == 1
    assert text.count("cannot be used") == 2
    assert "580.65.06 or newer" in text or sys.platform == "win32"


def test_it_names_neither_the_person_nor_the_home_folder(machine: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "mary"
    (home / "cache" / "datasets").mkdir(parents=True)
    (home / "cache" / "datasets" / "pixels").write_bytes(bytes(5 * 10**6))
    machine.setenv("HOME", str(home))
    machine.setenv("USERPROFILE", str(home))
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        machine.setenv(name, "mary")
    machine.setenv("GAN_STUDIO_CACHE", str(home / "cache"))
    machine.setenv("GAN_STUDIO_RUNS", "/media/mary/disk/runs")
    answers(machine, DeviceTrial(problem=f"OSError: {home}/lib/libcuda.so.1: no such file"))
    facts, text = examined({"trouble": ("Qt failed at /run/user/mary.", "Install it", "")})
    assert "mary" not in json.dumps(facts) + text
    assert "free at ~" in text
    assert "5.0 MB of datasets" in text


def test_where_everything_is_at_home_paths_stay(machine: pytest.MonkeyPatch) -> None:
    machine.setenv("HOME", "/")
    machine.setenv("USERPROFILE", "C:\\")
    _, text = examined({"trouble": ("No /usr/lib/libxcb.so was found.", "Install it", "")})
    assert "/usr/lib/libxcb.so" in text


def test_the_command(machine: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[bool] = []

    def window() -> dict[str, Any]:
        asked.append(True)
        return {"Qt": "6.11"}

    assert main(["doctor", "--quick", "--json"], window) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["window"] == {"Qt": "6.11"}
    assert [device["name"] for device in facts["devices"]] == ["cpu"]
    assert main(["presets"], window) == 0
    capsys.readouterr()
    assert main(["doctor", "--quick"]) == 0
    assert "No problems found." in capsys.readouterr().out
    assert asked == [True]


# -- the training on a device ----------------------------------------------------------------------------------------


def test_a_device_is_tried_in_a_process_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    state = torch.get_rng_state()
    trial = run_to_end(try_device("cpu", 0.5))
    assert trial.problem == ""
    assert trial.rate > 0
    assert trial.steps > 0
    assert torch.equal(torch.get_rng_state(), state)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate"), "not enough memory"),
        (RuntimeError("CUDA error: no kernel image is available\nfor execution"), "no kernel image is available"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_what_goes_wrong_on_a_device_is_a_line(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(trainer: Trainer, plan: Plan) -> None:
        raise error

    monkeypatch.setattr(Trainer, "_train_step", fail)
    problem = train("cpu", 1).problem
    assert said in problem
    assert "\n" not in problem


def test_a_device_that_is_not_here_is_a_line() -> None:
    assert "'cuda:77'" in train("cuda:77", 1).problem


@pytest.fixture
def interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Shell script that is run in place of Python."""
    if os.name != "posix":
        pytest.skip("a shell script stands for a driver that fails")
    script = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(script))
    return script


def runs(script: Path, commands: str) -> None:
    script.write_text(f"#!/bin/sh\n{commands}\n", "utf-8")
    script.chmod(0o755)


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        ("kill -SEGV $$", "Segmentation fault"),
        ("echo 'driver: abort' >&2; exit 3", "exit code 3"),
        ("echo 'not what was expected'", "exit code 0"),
        ("echo '[1, 2]'", "exit code 0"),
        ("exec head -c 300000 /dev/zero >&2", "exit code 0"),
    ],
)
def test_a_driver_that_ends_the_process_is_a_line(interpreter: Path, commands: str, said: str) -> None:
    runs(interpreter, commands)
    problem = run_to_end(try_device("cpu", 1)).problem
    assert said in problem
    assert len(problem) <= device_trial.LONGEST_REASON


def test_a_device_that_never_answers_is_given_up(interpreter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs(interpreter, "exec sleep 60")
    monkeypatch.setattr(device_trial, "PATIENCE", 0.1)
    assert "did not respond" in run_to_end(try_device("cpu", 0.1)).problem


def test_who_waits_no_longer_ends_the_process(interpreter: Path, tmp_path: Path) -> None:
    runs(interpreter, f"echo $$ >{tmp_path}/pid; exec sleep 60")
    events = try_device("cpu", 60)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text("utf-8"):
        assert "cpu" in next(events).text
        time.sleep(0.01)
    events.close()
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text("utf-8")))
