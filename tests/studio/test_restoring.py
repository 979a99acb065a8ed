"""An exported image finds its checkpoint again, wherever both lie, or says which one is missing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.checkpoint import Summary, save, summary
from core.export.checkpoint_lookup import find_checkpoint, missing
from core.export.image_files import export_images
from core.export.recipe import Recipe, read
from core.export.selection import SeedSelection
from core.latent.explore_state import Maker
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from core.runs.pinned_generators import keep_generator
from tests.core.tiny import finished, tiny_trainer

STEP = "checkpoints/000000003.safetensors"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two runs whose checkpoints have the same name."""
    for seed, name in enumerate(("00001-one", "00002-two")):
        save(finished(tiny_trainer(steps=3, seed=seed)).checkpoint(), tmp_path / "runs" / name / STEP)
    return tmp_path / "runs"


def exported(checkpoint: Path, folder: Path) -> tuple[Recipe, Path]:
    list(export_images(Sampler.open(checkpoint, "cpu"), SeedSelection((5,)), folder))
    recipe = read(folder / "seed0005.png")
    assert recipe is not None
    return recipe, folder / "seed0005.png"


@pytest.mark.parametrize("run", ["00001-one", "00002-two"])
def test_the_checkpoint_is_found_among_the_runs(runs: Path, tmp_path: Path, run: str) -> None:
    recipe, image = exported(runs / run / STEP, tmp_path / "elsewhere")
    assert find_checkpoint(recipe, image, runs) == runs / run / STEP


def test_a_run_may_be_renamed_or_lie_elsewhere(runs: Path, tmp_path: Path) -> None:
    recipe, image = exported(runs / "00002-two" / STEP, runs / "00002-two" / "export")
    (runs / "00002-two").rename(runs / "猫")
    moved = runs / "猫" / "export" / image.name
    assert find_checkpoint(recipe, moved, runs) == runs / "猫" / STEP
    assert find_checkpoint(recipe, moved, tmp_path / "no runs") == runs / "猫" / STEP
    shutil.copy(runs / "猫" / STEP, tmp_path / "000000003.safetensors")
    image = Path(shutil.copy(moved, tmp_path))
    assert find_checkpoint(recipe, image, tmp_path / "no runs") == tmp_path / "000000003.safetensors"


def test_a_generator_that_only_a_pin_keeps_is_found(runs: Path, tmp_path: Path) -> None:
    sampler = Sampler.open(runs / "00001-one" / STEP, "cpu")
    maker, preview = Maker(3, sampler.fingerprint()), torch.zeros(2, 2, 3, dtype=torch.uint8)
    kept = keep_generator(runs / "00001-one", maker, sampler.meta, sampler.weights(), preview)
    recipe, image = exported(kept, tmp_path / "elsewhere")
    assert recipe.file == f"00001-one/{kept.name}"
    assert find_checkpoint(recipe, image, runs) == kept
    (runs / "00001-one").rename(runs / "猫")
    assert find_checkpoint(recipe, image, runs) == runs / "猫" / "pinned" / kept.name


def test_another_checkpoint_of_the_same_name_will_not_do(runs: Path, tmp_path: Path) -> None:
    recipe, image = exported(runs / "00002-two" / STEP, tmp_path / "elsewhere")
    shutil.copy(runs / "00001-one" / STEP, runs / "00002-two" / STEP)
    assert find_checkpoint(recipe, image, runs) is None
    problem = missing(recipe, image)
    assert "00002-two/000000003.safetensors" in problem.what
    assert "seed0005.png" in problem.what
    assert recipe.checkpoint in problem.details


def test_a_damaged_file_is_passed_over(runs: Path, tmp_path: Path) -> None:
    recipe, image = exported(runs / "00002-two" / STEP, tmp_path / "elsewhere")
    (runs / "00001-one" / STEP).write_bytes(b"half of a file")
    assert find_checkpoint(recipe, image, runs) == runs / "00002-two" / STEP


def test_an_image_of_a_running_training_names_its_step(runs: Path, tmp_path: Path) -> None:
    recipe, image = exported(runs / "00002-two" / STEP, tmp_path / "elsewhere")
    problem = missing(replace(recipe, checkpoint=""), image)
    assert "step 3" in problem.what
    assert problem.remedy


FOREIGN = [
    "a" * 5000,
    f"{'a' * 5000}/b",
    f"a/{'b' * 5000}",
    "//host/share/a.safetensors",
    "/etc/a.safetensors",
    "../../a.safetensors",
    "..",
    "C:a.safetensors",
    "a\\b",
]


@pytest.mark.parametrize("file", [*FOREIGN, "a\0b", ""])
def test_a_recipe_names_files_and_no_ways_to_them(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Path] = []

    def recorded(path: Path) -> Summary:
        looked_at.append(path)
        return summary(path)

    monkeypatch.setattr("core.export.checkpoint_lookup.summary", recorded)
    found = Recipe(LatentRequest.of_seeds([0]), "0" * 32, file, 2)
    image = tmp_path / "1" / "2" / "3" / "a.png"
    assert find_checkpoint(found, image, tmp_path / "runs") is None
    assert all(path.is_relative_to(tmp_path) for path in looked_at)
