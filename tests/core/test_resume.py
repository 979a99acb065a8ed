"""2N steps at once, and N steps, a file, a new process and N more: every bit is the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from core.checkpoint import Checkpoint, load, save
from core.config.settings import Settings
from core.events import Stepped, Tuned
from core.presets import presets
from core.trainer import Trainer
from core.training.augmentation import Augment
from core.training.state import TrainerState
from tests.core.tiny import FIXED, copied, dataset_for, differences, finished, tiny_dataset, tiny_settings, tiny_trainer

ROOT = Path(__file__).parents[2]
N = 3
"""Twenty images are two batches of eight: both halves cross the end of an epoch, and the first stops within one."""

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in presets()},
    "two-d-steps": ("dcgan", {"d_steps": 2}),
    "mirror": ("studio", {"mirror": True, "batch": 4, "seed": 11}),
    "end-of-epoch": ("gan", {"batch": 20, "mirror": True}),
    "channels-last": ("dcgan", {"memory_format": "channels_last"}),
    "bf16": ("studio", {"precision": "bf16"}),
    "ada": ("studio", {"augment": "ada", "ada_kimg": 0.1, "ada_target": 0.01}),
    "diffaug": ("studio", {"augment": "diffaug"}),
    "instance-noise": ("studio", {"instance_noise": 0.2, "instance_noise_kimg": 0.03}),
    # Due at every second discriminator step: N steps end between two of them.
    "penalty-interval": ("gan", {"r1": 1.0, "r2": 0.5, "gradient_penalty": 1.0, "penalty_interval": 2}),
    "ema": ("studio", {"ema_kimg": 0.02}),
    "no-ema": ("studio", {"ema_kimg": 0}),
    "warm-up-and-decay": ("studio", {"warm_up_kimg": 0.03, "decay_kimg": 0.1}),
    "auxiliary": ("dcgan", {"condition": "auxiliary", "class_weight_g": 0.5}),
    "class-and-codes": ("dcgan", {"condition": "projection", "codes_categorical": 3, "codes_continuous": 2}),
    "embedding": ("gan", {"condition": "embedding"}),
    "adamw": ("studio", {"optimizer": "adamw", "weight_decay": 0.1}),
    "rmsprop": ("studio", {"optimizer": "rmsprop", "momentum": 0.5}),
    "sgd": ("studio", {"optimizer": "sgd", "momentum": 0.9}),
    "spectral-norm": ("dcgan", {"d_norm": "none", "spectral_norm": True, "loss": "hinge", "r1": 0.1}),
}


def trainer_of(settings: Settings) -> Trainer:
    return Trainer(settings, dataset_for(settings), Tuned("cpu", settings.precision, settings.memory_format, {}))


def at_once(settings: Settings) -> Checkpoint:
    return copied(finished(trainer_of(settings.changed(steps=2 * N))).checkpoint())


def stopped(settings: Settings) -> Trainer:
    """After N steps of a training that had no limit: as when a person stops it."""
    trainer = trainer_of(settings)
    events = trainer.events()
    while not (isinstance(event := next(events), Stepped) and event.step == N):
        pass
    events.close()
    return trainer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every case saved after N steps, and continued to 2N by one new process."""
    folder = tmp_path_factory.mktemp("resume")
    for case, (name, values) in CASES.items():
        save(stopped(tiny_settings(name, **values)).checkpoint(), folder / f"{case}.begun.safetensors")
    subprocess.run([sys.executable, "-m", "tests.core.resumed", str(folder), str(2 * N)], cwd=ROOT, check=True)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_a_new_process_continues_bit_for_bit(case: str, folder: Path) -> None:
    name, values = CASES[case]
    whole = at_once(tiny_settings(name, **values))
    begun, continued = (load(folder / f"{case}.{part}.safetensors") for part in ("begun", "continued"))
    assert not differences(whole, continued)
    # What would make the comparison empty: nothing saved, or nothing trained.
    prefixes = {key.split(".")[0] for key in whole.tensors}
    assert prefixes == {"G", "D", "G_ema", "opt_G", "opt_D", "augment", "random", "preview"}
    assert {key.split(".")[0] for key in differences(begun, continued)} >= {"G", "D", "G_ema", "opt_G", "opt_D"}
    for field in ("step", "images", "epoch", "index", "dataset_fingerprint", "settings"):
        assert getattr(continued.meta, field) == getattr(whole.meta, field), field
    assert (begun.meta.step, continued.meta.step) == (N, 2 * N)
    assert begun.meta.epoch < continued.meta.epoch
    assert continued.meta.seconds > begun.meta.seconds


def test_trainings_do_not_import_the_compiler(folder: Path) -> None:
    """Importing it takes seconds at each start, with the thousand modules that it needs."""
    imported = (folder / "modules.txt").read_text("utf-8").split()
    assert "core.trainer" in imported
    assert not {"torch._dynamo", "torch._inductor", "sympy"} & set(imported)


def test_one_case_stops_exactly_at_the_end_of_an_epoch(folder: Path) -> None:
    meta = load(folder / "end-of-epoch.begun.safetensors").meta
    assert meta.index == len(tiny_dataset().images)


def test_taking_a_checkpoint_twice_gives_the_same() -> None:
    trainer = stopped(tiny_settings())
    assert not differences(copied(trainer.checkpoint()), trainer.checkpoint())


def test_what_the_special_cases_keep(folder: Path) -> None:
    def begun(case: str) -> Checkpoint:
        return load(folder / f"{case}.begun.safetensors")

    assert 0 < float(begun("ada").tensors["augment.p"]) < 1
    assert {name for name in begun("class-and-codes").tensors if name.startswith("D.Q.")}
    assert {name for name in begun("spectral-norm").tensors if name.endswith("._u")}
    assert {name for name in begun("rmsprop").tensors if name.endswith("momentum_buffer")}
    assert not {name for name in begun("studio").tensors if name.startswith("opt_D") and "exp_avg" not in name} - {
        name for name in begun("studio").tensors if name.endswith(".step")
    }


@pytest.mark.parametrize("name", ["studio", "cgan", "stylegan2_ada"])
def test_a_training_continues_in_the_same_process(name: str) -> None:
    whole = copied(finished(tiny_trainer(name, steps=4)).checkpoint())
    begun = copied(finished(tiny_trainer(name, steps=2)).checkpoint())
    torch.rand(7)  # whatever else drew random numbers in between
    assert not differences(whole, finished(tiny_trainer(name, begun, steps=4)).checkpoint())


def test_edits_are_part_of_what_is_continued() -> None:
    def edited(trainer: Trainer) -> Trainer:
        trainer.edit(trainer.settings.changed(lr_d=1e-5, r1=1.0, mirror=True, augment="ada", steps=2 * N))
        return trainer

    settings = tiny_settings("gan")
    whole = copied(finished(edited(stopped(settings))).checkpoint())
    begun = copied(edited(stopped(settings)).checkpoint())
    continued = Trainer(begun.meta.settings, dataset_for(settings), FIXED, begun)
    assert not differences(whole, finished(continued).checkpoint())
    assert differences(whole, at_once(settings))


@pytest.mark.parametrize("kind", ["cuda", "xpu", "mps"])
def test_each_kind_of_device_continues_its_own_random_numbers(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The states of the training's own generator and of the process's, of the CPU and of the device."""
    device = torch.device("mps") if kind == "mps" else torch.device(kind, 1)
    saved, asked = torch.arange(16, dtype=torch.uint8), list[tuple[Any, ...]]()
    noise = SimpleNamespace(device=device, get_state=lambda: saved + 1, set_state=lambda *given: asked.append(given))
    own = torch.get_device_module(kind)
    monkeypatch.setattr(own, "get_rng_state", lambda device: saved)
    monkeypatch.setattr(own, "set_rng_state", lambda *given: asked.append(given))
    state: Any = TrainerState({}, {}, {}, Augment(torch.device("cpu")), noise)  # type: ignore[arg-type]
    assert torch.equal(state.tensors()[f"random.{kind}"], saved)
    made = tiny_trainer().checkpoint()
    tensors = {name: value for name, value in made.tensors.items() if not name.startswith("random.")}
    meta = made.meta.model_copy(update={"device": kind})
    save(Checkpoint(meta, tensors | state.tensors()), tmp_path / "checkpoint.safetensors")
    restored = load(tmp_path / "checkpoint.safetensors")
    assert restored.meta.device == kind
    state.restore(restored, restored.meta.settings, restored.meta.channels)
    assert [[*map(str, given[1:])] for given in asked] == [[], [str(device)]]
    assert torch.equal(asked[0][0], saved + 1)
    assert torch.equal(asked[1][0], saved)
