"""Files of this version that every later one reads: a run folder, checkpoints and recipes.

`docs/reference/format.md` describes them.

`golden` was written by `python -m tests.core.test_golden`; never write a file of it anew, but add another beside it.
"""

from __future__ import annotations

import json
import lzma
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.checkpoint import FORMAT, Checkpoint, load, save, summary
from core.concurrency import run_to_end
from core.events import Edited, Images, Stepped
from core.export.checkpoint_lookup import find_checkpoint
from core.export.image_files import export_images
from core.export.recipe import read
from core.export.selection import RequestSelection
from core.jobs.training_job import TrainingJob
from core.latent.explore_state import Direction, Pin, SavedPins
from core.latent.request import LatentRequest, Loop, Point, Square, Walk
from core.latent.sampler import Sampler
from core.runs.overview import read_overview
from core.runs.pin_store import save_pins, saved_pins_of
from core.runs.retention import best, is_pinned, pin, record_metric
from core.runs.run import Run
from core.trainer import Trainer
from tests.core.tiny import FIXED, dataset_for, finished, save_pictures, tiny_settings

GOLDEN = Path(__file__).parent / "golden" / "run"
CHECKPOINTS, RECIPES = GOLDEN.parent / "checkpoints", GOLDEN.parent / "recipes"
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "style": ("stylegan2_ada", {}),
    "classes-codes": ("infogan", {"condition": "projection", "optimizer": "rmsprop", "momentum": 0.9}),
    "points": ("playground", {"optimizer": "sgd", "momentum": 0.9}),
    "alpha": ("wgan", {"alpha": True}),
}
"""Presets and settings that make the checkpoints' tensors different from those of the run."""
STATES = {
    "style": {"step", "exp_avg", "exp_avg_sq"},
    "classes-codes": {"step", "square_avg", "momentum_buffer"},
    "points": {"momentum_buffer"},
    "alpha": {"step", "square_avg"},
}
REQUESTS = {
    "walk": LatentRequest(
        Walk((Point(3, psi=0.7, offset=(0.5,) * 8), Point(z=(0.1,) * 8)), "lerp", closed=True, easing="smooth"), (1.25,)
    ),
    "square": LatentRequest(Square((Point(0), Point(1), Point(2), Point(3))), ((0.25, 0.75),)),
    "loop": LatentRequest(Loop(Point(5), 7, 0.4), (0.3,)),
}
ROOT = Path(__file__).parents[2]
SAVED = SavedPins((Pin(Point(seed=3), "three", True),), (Direction("up", (0.5,) * 8),))


def write(folder: Path, pictures: Path) -> None:
    """A run with everything that a run can hold."""
    settings = tiny_settings("dcgan", steps=4, ema_kimg=0.1)
    for _ in TrainingJob(settings, str(pictures), out=folder).events():
        pass
    run = Run(folder)
    run.note(Edited(2, {"lr_d": 0.0001}))
    run.note_rewind(1)
    pin(run.newest())
    record_metric(run.newest(), "Metrics/fid@vgg16:500:500:train", 12.5)
    save_pins(folder, SAVED)


def test_a_run_is_opened(tmp_path: Path) -> None:
    run = Run(shutil.copytree(GOLDEN, tmp_path / "run"))
    overview = run_to_end(read_overview(run.folder))
    assert (overview.step, overview.images, overview.settings.preset) == (4, 32, "dcgan")
    assert [int(path.stem) for path in run.checkpoints()] == [0, 4]
    assert run.samples()
    assert run.edits() == [Edited(2, {"lr_d": 0.0001})]
    assert run.rewinds() == [1]
    assert run.images() == 20
    assert is_pinned(run.newest())
    assert [(each.step, each.value) for each in best(run.folder / "checkpoints")] == [(4, 12.5)]
    assert saved_pins_of(run.folder) == SAVED


def test_a_checkpoint_generates_and_goes_on(tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN, tmp_path / "run")
    newest = Run(folder).newest()
    meta = summary(newest).meta
    assert (meta.format, meta.step, meta.images, meta.channels) == (1, 4, 32, 3)
    images = Sampler.open(newest, "cpu").render(LatentRequest.of_seeds(range(4)))
    kept = np.load(GOLDEN.parent / "images.npy")
    # Kernels of other processors round otherwise.
    assert np.abs(images.astype(int) - kept.astype(int)).max() <= 2
    pictures = save_pictures(tmp_path / "pictures")
    job = TrainingJob(load(newest).meta.settings.changed(steps=6), str(pictures), resume=newest)
    assert [event.step for event in job.events() if isinstance(event, Stepped)] == [5, 6]


def write_checkpoint(name: str, work: Path) -> None:
    preset, changes = KINDS[name]
    settings = tiny_settings(preset, steps=1, **changes)
    checkpoint = finished(Trainer(settings, dataset_for(settings), FIXED)).checkpoint()
    # The first values of each tensor, again and again: they take next to no room.
    tensors = {
        name: torch.from_numpy(np.resize(value.numpy().ravel()[:61], value.shape)) if value.numel() else value
        for name, value in checkpoint.tensors.items()
        if not name.startswith("random.")
    }
    for key, value in tensors.items():
        if key.startswith("G_ema.") and value.dim() > 2 and preset in ("infogan", "wgan"):
            value.mul_(30)  # or their first images would be plain gray
    states = {name: value for name, value in checkpoint.tensors.items() if name.startswith("random.")}
    save(Checkpoint(checkpoint.meta, tensors | states), work / f"{name}.safetensors")
    packed = lzma.compress((work / f"{name}.safetensors").read_bytes(), preset=9)
    (CHECKPOINTS / f"{name}.safetensors.xz").write_bytes(packed)
    np.savez_compressed(CHECKPOINTS / f"{name}.npz", images=images_of(unpacked(name, work)))


def write_recipe(name: str) -> None:
    sampler = Sampler.open(Run(GOLDEN).newest(), "cpu")
    run_to_end(export_images(sampler, RequestSelection(REQUESTS[name], name), RECIPES))


def unpacked(name: str, work: Path) -> Path:
    path = work / f"{name}.safetensors"
    path.write_bytes(lzma.decompress((CHECKPOINTS / f"{name}.safetensors.xz").read_bytes()))
    return path


def images_of(checkpoint: Path) -> Images:
    return Sampler.open(checkpoint, "cpu").render(LatentRequest.of_seeds(range(4)))


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_checkpoint_generates_and_goes_on(name: str, tmp_path: Path) -> None:
    path = unpacked(name, tmp_path)
    begun = load(path)
    assert {key.split(".")[2] for key in begun.tensors if key.startswith("opt_G.")} == STATES[name]
    with np.load(CHECKPOINTS / f"{name}.npz") as kept:
        assert np.abs(images_of(path).astype(int) - kept["images"].astype(int)).max() <= 2
    settings = begun.meta.settings.changed(steps=2)
    assert finished(Trainer(settings, dataset_for(settings), FIXED, begun)).step == 2


@pytest.mark.parametrize("name", REQUESTS)
def test_every_kind_of_recipe_makes_its_image_again(name: str) -> None:
    path = RECIPES / f"{name}.png"
    found = read(path)
    assert found is not None
    assert found.request == REQUESTS[name]
    checkpoint = find_checkpoint(found, path, GOLDEN.parent)
    assert checkpoint == Run(GOLDEN).newest()
    with Image.open(path) as image:
        kept = np.asarray(image).astype(int)
    made = Sampler.open(checkpoint, "cpu").render(found.request, steady=True)[0]
    assert np.abs(made.astype(int) - kept).max() <= 2


def test_the_page_of_formats_names_every_file_and_key() -> None:
    text = (ROOT / "docs" / "reference" / "format.md").read_text("utf-8")
    for path in GOLDEN.rglob("*"):
        if path.is_file():
            assert re.sub("[0-9]{9}", "SSSSSSSSS", str(path.relative_to(GOLDEN))) in text
    for key in json.loads(summary(Run(GOLDEN).newest()).meta.model_dump_json()):
        assert f"`{key}`" in text
    assert f"| `format` | int | {FORMAT}." in text
    kinds = {re.sub(r"\.\d+\.", ".N.", name).rpartition(".")[0] for name in load(Run(GOLDEN).newest()).tensors}
    for kind in {name.split(".")[0] for name in kinds if name}:
        assert f"`{kind}." in text


if __name__ == "__main__":
    if not GOLDEN.exists():
        write(GOLDEN, save_pictures(Path(sys.argv[1])))
        kept = Sampler.open(Run(GOLDEN).newest(), "cpu").render(LatentRequest.of_seeds(range(4)))
        np.save(GOLDEN.parent / "images.npy", kept)
    for kind in KINDS:
        if not (CHECKPOINTS / f"{kind}.safetensors.xz").exists():
            write_checkpoint(kind, Path(sys.argv[1]))
    for kind in REQUESTS:
        if not (RECIPES / f"{kind}.png").exists():
            write_recipe(kind)
