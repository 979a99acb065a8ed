"""Translations through the jobs and commands that also know trainings from noise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from core.checkpoint import Checkpoint, load, save
from core.checkpoint_schema import networks
from core.cli.main import main
from core.errors import UserError
from core.events import Edited, Event, Rewound, Samples, Stepped
from core.jobs.privacy_job import report_privacy
from core.jobs.training_job import TrainingJob
from core.latent.sampler import Sampler
from core.runs.run import Run
from core.runs.run_name import dataset_title, run_title
from tests.core.tiny import (
    FLAGS,
    TRANSLATIONS,
    finished,
    save_pictures,
    tiny_dataset,
    tiny_translation,
    translation_trainer,
)

FEW = [*FLAGS, "--patch", "16", "--steps", "2"]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return save_pictures(tmp_path / "photos")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "colorize.safetensors"
    save(finished(translation_trainer("colorize", steps=1)).checkpoint(), path)
    return path


def test_a_folder_and_a_task_are_enough(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = pictures.parent / "run"
    assert main(["train", str(pictures), "--task", "enlarge", "--out", str(run), *FEW, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines][-2:] == ["finished", "saved"]
    assert any("Loss/G/l1" in line["stats"] for line in lines if line["event"] == "report")
    meta = load(Run(run).newest()).meta
    assert (meta.settings.task, meta.settings.preset, meta.step) == ("enlarge", "translate", 2)
    assert run_title(run) == "photos: Enlarge"
    assert main(["train", str(pictures), "--resume", str(run), "--steps", "3"]) == 0
    assert load(Run(run).newest()).meta.step == 3


def test_two_folders_are_inputs_and_targets(pictures: Path) -> None:
    run, targets = pictures.parent / "run", save_pictures(pictures.parent / "paintings")
    command = ["train", str(pictures), str(targets), "--preset", "cut", "--out", str(run), *FEW, "--batch", "2"]
    assert main(command) == 0
    meta = load(Run(run).newest()).meta
    assert (meta.settings.task, meta.settings.method) == ("unpaired", "contrastive")
    assert run_title(run) == "photos to paintings: Unpaired"


def test_two_folders_without_a_task_for_them(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(pictures.parent / "run")]
    assert main(["train", str(pictures), str(pictures), *out, *FLAGS]) == 2
    assert "Choose --task pairs or --task unpaired." in capsys.readouterr().err
    assert main(["train", *[str(pictures)] * 3, "--task", "pairs", *out, *FLAGS]) == 2
    assert "3 sources of images were given." in capsys.readouterr().err
    assert not (pictures.parent / "run").exists()


def test_a_folder_of_a_new_run_says_the_task(pictures: Path) -> None:
    job = TrainingJob(tiny_translation("repair", steps=1), str(pictures), runs=pictures.parent / "runs")
    assert any(isinstance(event, Samples) and len(event.columns) == 3 for event in job.events())
    assert job.run is not None
    assert job.run.folder.name == "00000-photos-repair-translate"


def test_titles_of_two_sources() -> None:
    assert dataset_title("pair:/data/photos|/data/paintings") == "photos to paintings"
    assert dataset_title("pair:") == "pair:"


def test_inspect_says_what_a_translation_makes_of_what(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(checkpoint), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["task"], facts["method"], facts["translator"]) == ("colorize", "paired", "light")
    assert facts["input"] == {"size": "16 x 16", "channels": 1}
    assert facts["output"] == {"size": "16 x 16", "channels": 3}
    weights = translation_trainer("colorize").G.parameters()
    assert facts["networks"]["G"] == sum(weight.numel() for weight in weights)
    assert main(["inspect", str(checkpoint)]) == 0
    assert "colorize" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["generate", "interpolate", "project", "privacy"])
def test_commands_of_generators_from_noise_say_what_a_translation_is(
    command: str, checkpoint: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = pictures.parent / "out"
    given = {
        "generate": ["--seeds", "0-3", "--out", str(out)],
        "interpolate": ["--seeds", "0,1", "--out", str(out.with_suffix(".gif"))],
        "project": [str(pictures / "0.png"), "--out", str(out)],
        "privacy": [str(pictures)],
    }[command]
    assert main([command, str(checkpoint), *given]) == 2
    said = capsys.readouterr().err
    assert "translates images" in said
    assert "gan-studio apply" in said
    assert "Traceback" not in said
    assert not out.exists()


def test_a_sampler_refuses_a_translation(checkpoint: Path) -> None:
    with pytest.raises(UserError, match="none from noise"):
        Sampler.open(checkpoint, "cpu")
    with pytest.raises(UserError, match="none from noise"):
        list(report_privacy(load(checkpoint), tiny_dataset(), "cpu"))


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_the_schema_has_every_tensor_of_a_training(name: str) -> None:
    trainer = translation_trainer(name)
    generators, discriminators = networks(trainer.settings, 3, 0)
    expected = {
        f"{part}.{key}"
        for part, network in (generators | discriminators | {"G_ema": generators["G"]}).items()
        for key in network.state_dict()
    }
    names = {key for key in trainer.state() if key.startswith(("G", "D", "H"))}
    assert names == expected


def changed(checkpoint: Path, **tensors: torch.Tensor | None) -> Path:
    """The checkpoint with some tensors replaced, or without those that are None."""
    opened = load(checkpoint)
    kept = {name: value for name, value in {**opened.tensors, **tensors}.items() if value is not None}
    path = checkpoint.with_name("changed.safetensors")
    save(Checkpoint(opened.meta, kept), path)
    return path


@pytest.mark.parametrize(
    "tensors",
    [
        {"G.head.weight": None},
        {"G.head.weight": torch.zeros(3)},
        {"D.layers.0.bias": torch.zeros(8, dtype=torch.int64)},
        {"G_back.head.weight": torch.zeros(3)},
        {"pool_D.images": torch.zeros(5, 4, 16, 16)},
    ],
    ids=["missing", "another shape", "another type", "of another method", "a pool without one"],
)
def test_foreign_tensors_are_refused(tensors: dict[str, Any], checkpoint: Path) -> None:
    with pytest.raises(UserError, match="damaged or incomplete"):
        load(changed(checkpoint, **tensors))


def test_a_pool_of_the_right_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "repair.safetensors"
    save(finished(translation_trainer("repair", steps=1)).checkpoint(), path)
    pool = load(path).tensors["pool_D.images"]
    assert pool.shape == (5, 7, 16, 16)  # the input with its mask, and the image
    with pytest.raises(UserError, match="damaged or incomplete"):
        load(changed(path, **{"pool_D.images": pool[:3]}))


def test_another_task_or_network_is_no_continuation(checkpoint: Path) -> None:
    opened = load(checkpoint)
    for name in ("repair", "pix2pix"):
        with pytest.raises(UserError, match="task, translator, method, size and width"):
            translation_trainer(name, opened)


def test_an_older_file_without_these_settings_is_one_from_noise(tmp_path: Path) -> None:
    golden = Path(__file__).parent / "golden" / "run"
    assert not load(Run(golden).newest()).meta.settings.translates


def test_a_translation_that_diverges_goes_back_and_goes_on(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.loop.REPORT_SECONDS", 0.0)
    job = TrainingJob(tiny_translation("repair", steps=5), str(pictures), out=pictures.parent / "run")
    events: list[Event] = []
    for event in job.events():
        if isinstance(event, Stepped) and event.step == 3 and not any(isinstance(each, Rewound) for each in events):
            assert job.trainer is not None
            with torch.no_grad():
                next(job.trainer.G.parameters()).fill_(float("nan"))
        events.append(event)
    assert [event.step for event in events if isinstance(event, Rewound)] == [0]
    assert any(set(event.changes) == {"lr_g", "lr_d"} for event in events if isinstance(event, Edited))
    assert Run(pictures.parent / "run").newest().stem == "000000005"


def test_the_networks_step_alone_between_two_events(pictures: Path) -> None:
    job = TrainingJob(tiny_translation("repair", steps=2), str(pictures), out=pictures.parent / "run")
    events = job.events()
    next(event for event in events if isinstance(event, Samples))
    assert isinstance(job.single_step("D"), Samples)
    assert isinstance(job.single_step("G"), Samples)
    assert job.trainer is not None
    assert job.trainer.step == 1
    events.close()
