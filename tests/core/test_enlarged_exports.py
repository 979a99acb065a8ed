"""Exported images that a trained model enlarges first."""

from __future__ import annotations

import json
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.checkpoint import save, summary
from core.cli.main import main
from core.concurrency import run_to_end
from core.devices.memory import REMEDY, OutOfMemoryError
from core.events import Event, Images, Notice, Progress
from core.export import recipe
from core.export.content_credentials import CERTIFICATES, KEY
from core.export.image_files import NamedImage, export_images
from core.export.selection import FileOptions, SeedSelection
from core.imaging import provenance
from core.imaging.tensors import from_pixels, to_images
from core.jobs.apply_job import open_enlarger
from core.latent.sampler import Sampler
from core.trainer import Trainer
from core.translation.unchanged import enlarged
from core.translation_trainer import TranslationTrainer
from tests.core.scarce_memory import memory_for
from tests.core.tiny import FIXED, tiny_dataset, tiny_settings
from tests.core.translators import random_translator


@pytest.fixture
def enlarger(tmp_path: Path) -> Path:
    path = tmp_path / "esrgan" / "checkpoints" / "000000002.safetensors"
    save(random_translator("enlarge", factor=2), path)
    return path


def pixels(path: Path) -> Images:
    with Image.open(path) as image:
        return np.asarray(image)


def notes(path: Path) -> dict[str, str]:
    with Image.open(path) as image:
        image.load()
        assert isinstance(image.info, dict)
        return {str(key): str(value) for key, value in image.info.items()}


def generate(checkpoint: Path, out: Path, *flags: str, seeds: str = "0-2") -> int:
    return main(["generate", str(checkpoint), "--seeds", seeds, "--out", str(out), "--device", "cpu", *flags])


def test_an_image_is_enlarged_like_a_picture(finished_checkpoint: Path, enlarger: Path, tmp_path: Path) -> None:
    assert generate(finished_checkpoint, tmp_path / "small") == 0
    applied = ["apply", str(enlarger), str(tmp_path / "small"), "--out", str(tmp_path / "applied"), "--device", "cpu"]
    assert main(applied) == 0
    assert generate(finished_checkpoint, tmp_path / "large", "--enlarge-with", str(enlarger)) == 0
    names = sorted(path.name for path in (tmp_path / "large").iterdir())
    assert names == ["seed0000.png", "seed0001.png", "seed0002.png"]
    for name in names:
        large = pixels(tmp_path / "large" / name)
        assert large.shape == (32, 32, 3)
        assert np.array_equal(large, pixels(tmp_path / "applied" / name))


def test_the_recipe_names_both_models(finished_checkpoint: Path, enlarger: Path, tmp_path: Path) -> None:
    assert generate(finished_checkpoint, tmp_path, "--enlarge-with", str(enlarger), seeds="5") == 0
    found = notes(tmp_path / "seed0005.png")
    assert provenance.SOURCE in found[provenance.PNG_KEY]
    made = recipe.read(tmp_path / "seed0005.png")
    assert made is not None
    assert made.checkpoint == summary(finished_checkpoint).digest
    told = json.loads(found[recipe.TRANSLATION])
    assert told["checkpoint"] == summary(enlarger).digest
    assert (told["file"], told["task"]) == ("esrgan/000000002.safetensors", "enlarge")
    assert generate(finished_checkpoint, tmp_path, "--enlarge-with", str(enlarger), "--no-recipe", seeds="6") == 0
    found = notes(tmp_path / "seed0006.png")
    assert provenance.SOURCE in found[provenance.PNG_KEY]
    assert not {recipe.KEY, recipe.TRANSLATION} & set(found)


def test_every_packing_is_enlarged(finished_checkpoint: Path, enlarger: Path, tmp_path: Path) -> None:
    flags = ["--enlarge-with", str(enlarger)]
    assert generate(finished_checkpoint, tmp_path / "a.zip", *flags, "--format", "jpeg", seeds="0-19") == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == [f"seed{seed:04}.jpg" for seed in range(20)]
        archive.extract("seed0019.jpg", tmp_path)
    assert pixels(tmp_path / "seed0019.jpg").shape == (32, 32, 3)
    assert generate(finished_checkpoint, tmp_path / "sheet.png", *flags, "--scale", "2", seeds="0-3") == 0
    assert pixels(tmp_path / "sheet.png").shape[1] == 2 * 2 * 32
    assert recipe.TRANSLATION in notes(tmp_path / "sheet.png")


@pytest.mark.parametrize("task", ["colorize", "generate"])
def test_another_model_is_refused(
    finished_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], task: str
) -> None:
    other = finished_checkpoint
    if task != "generate":
        other = tmp_path / "other.safetensors"
        save(random_translator(task), other)
    assert generate(finished_checkpoint, tmp_path / "out", "--enlarge-with", str(other)) == 2
    said = capsys.readouterr().err
    assert f"{other.name} does not enlarge images (task: " in said
    assert "Choose a checkpoint of a training with the task Enlarge." in said
    assert not (tmp_path / "out").exists()


def test_content_credentials_name_the_model(
    finished_checkpoint: Path, enlarger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    c2pa = pytest.importorskip("c2pa")
    files = Path(__file__).parent / "credentials"
    monkeypatch.setenv(CERTIFICATES, str(files / "certificates.pem"))
    monkeypatch.setenv(KEY, str(files / "key.pem"))
    assert generate(finished_checkpoint, tmp_path, "--enlarge-with", str(enlarger), seeds="1") == 0
    with (tmp_path / "seed0001.png").open("rb") as file, c2pa.Reader("image/png", file) as reader:
        found = json.loads(reader.json())
    assert [status["code"] for status in found["validation_status"]] == ["signingCredential.untrusted"]
    assertions = found["manifests"][found["active_manifest"]]["assertions"]
    (actions,) = [each["data"]["actions"] for each in assertions if each["label"].startswith("c2pa.actions")]
    assert [action["action"] for action in actions] == ["c2pa.created", "c2pa.resized"]
    assert actions[1]["digitalSourceType"] == provenance.SOURCE
    assert actions[1]["parameters"]["checkpoint"] == summary(enlarger).digest


def test_a_model_of_gray_images_says_that_colors_are_removed(finished_checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "gray.safetensors"
    settings = random_translator("enlarge").meta.settings
    save(TranslationTrainer(settings, tiny_dataset(channels=1, size=settings.size), FIXED).checkpoint(), path)
    events: list[Event] = []
    sampler, selection = Sampler.open(finished_checkpoint, "cpu"), SeedSelection((1,))
    model = open_enlarger(path, "cpu")
    run_to_end(export_images(sampler, selection, tmp_path / "out", enlarger=model), events.append)
    assert [event.text for event in events if isinstance(event, Notice)]
    assert pixels(tmp_path / "out" / "seed0001.png").ndim == 2


@pytest.mark.parametrize(("channels", "large"), [(1, (32, 32, 3)), (4, (32, 32, 4))])
def test_gray_images_become_colored_and_alpha_is_kept(
    enlarger: Path, tmp_path: Path, channels: int, large: tuple[int, ...]
) -> None:
    path = tmp_path / "generator.safetensors"
    settings = tiny_settings("dcgan", alpha=channels == 4)
    save(Trainer(settings, tiny_dataset(channels=channels), FIXED).checkpoint(), path)
    assert summary(path).meta.channels == channels
    assert generate(path, tmp_path / "small", seeds="1") == 0
    assert generate(path, tmp_path / "large", "--enlarge-with", str(enlarger), seeds="1") == 0
    assert pixels(tmp_path / "large" / "seed0001.png").shape == large
    if channels == 4:
        small = torch.tensor(pixels(tmp_path / "small" / "seed0001.png")[..., 3:]).permute(2, 0, 1)[None]
        (alpha,) = to_images(enlarged(from_pixels(small), 2).clamp(-1, 1))
        assert np.array_equal(pixels(tmp_path / "large" / "seed0001.png")[..., 3:], alpha)


def test_full_memory_is_said_with_a_remedy_that_an_export_has(enlarger: Path) -> None:
    model, images = open_enlarger(enlarger, "cpu"), [NamedImage("a", np.zeros((16, 16, 3), np.uint8), {})]
    with memory_for(0), pytest.raises(OutOfMemoryError, match="for a tile of") as caught:
        model.enlarge_next(iter(images))
    assert caught.value.remedy == REMEDY
    assert model.enlarge_next(iter(images))[0].image.shape == (32, 32, 3)


def test_a_stopped_export_leaves_whole_files(finished_checkpoint: Path, enlarger: Path, tmp_path: Path) -> None:
    sampler, model = Sampler.open(finished_checkpoint, "cpu"), open_enlarger(enlarger, "cpu")
    selection = SeedSelection(tuple(range(64)))
    with closing(export_images(sampler, selection, tmp_path / "out", FileOptions(), enlarger=model)) as events:
        assert next(event.done for event in events if isinstance(event, Progress) and event.done) == 1
    files = list((tmp_path / "out").iterdir())
    assert 1 <= len(files) < 16
    assert {pixels(path).shape for path in files} == {(32, 32, 3)}
