"""Trainings small enough to run by the dozen: the settings, the images, and what is compared of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from core.checkpoint import Checkpoint
from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.records import RECORD, Records
from core.events import Event, Tuned
from core.presets import preset, presets
from core.trainer import Trainer
from core.training.loop import TrainingLoop
from core.translation_trainer import TranslationTrainer

TINY: dict[str, Any] = {
    "width": 8,
    "latent_dim": 8,
    "batch": 8,
    "resolution": 16,
    "samples": 4,
    "device": "cpu",
    "precision": "fp32",
    "memory_format": "contiguous",
}
FLAGS = [part for name, value in TINY.items() for part in (f"--{name.replace('_', '-')}", str(value))]
"""The same for the command line."""
AnyTrainer = TypeVar("AnyTrainer", bound=TrainingLoop)
CLASSES = 3
"""Number of classes of the images that settings with a condition are trained on."""
FIXED = Tuned("cpu", "fp32", "contiguous", {})

TRANSLATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "colorize": ("translate", {"task": "colorize", "augment": "diffaug"}),
    "enlarge": ("translate", {"task": "enlarge", "factor": 2, "r1": 1.0, "penalty_interval": 2}),
    "repair": ("translate", {"task": "repair", "image_pool": 5, "instance_noise": 0.1}),
    "denoise": ("pix2pix", {"task": "denoise", "d_steps": 2}),
    "deblur": ("translate", {"task": "deblur", "loss": "relativistic", "patch_norm": "none"}),
    "edges": ("translate", {"task": "edges", "translator": "resnet", "mirror": True}),
    "flat_colors": ("translate", {"task": "flat_colors", "patch_norm": "instance", "augment": "ada"}),
    "pix2pix": ("pix2pix", {"mirror": True}),
    "cyclegan": ("cyclegan", {"image_pool": 5, "batch": 2}),
    "cut": ("cut", {"batch": 2}),
    "fastcut": ("fastcut", {"batch": 2}),
    "srgan": ("srgan", {"batch": 2}),
    "esrgan": ("esrgan", {"batch": 2}),
}
"""Presets and changes that train each task, with each method and each preset of translations."""

IMAGE_PRESETS = [name for name in presets() if not preset(name).apply().points]
"""Presets whose networks make images, and not points in the plane."""


def tiny_settings(name: str = "studio", **values: Any) -> Settings:
    return preset(name).apply(**{**TINY, **values})


def tiny_dataset(
    count: int = 20, channels: int = 3, seed: int = 0, classes: int = 0, size: tuple[int, int] = (16, 16)
) -> Dataset:
    """Returns images of noise, no two of which any network makes alike. Image k is of class k modulo `classes`."""
    width, height = size
    images = np.random.default_rng(seed).integers(0, 256, (count, channels, height, width), np.uint8)
    images.flags.writeable = False
    fingerprint = f"noise-{count}-{channels}-{seed}-{classes}"
    return Dataset("noise", "noise", size, images, *labels(count, classes), (), fingerprint, Records.none())


def tiny_points(count: int = 20, classes: int = 0) -> Dataset:
    """Returns noise in the plane."""
    points = np.random.default_rng(0).uniform(-1, 1, (count, 2, 1, 1)).astype(np.float32)
    return Dataset(
        "noise", "noise", (1, 1), points, *labels(count, classes), (), f"points-{count}-{classes}", Records.none()
    )


def labels(count: int, classes: int) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    names = tuple(f"class {number}" for number in range(classes))
    return (np.arange(count, dtype=np.int64) % classes if classes else None), names


def sided_records(count: int) -> Records:
    """Returns names of inputs and of targets in turn: A/0.png, B/0.png, A/1.png ..."""
    names = [f"{'AB'[row % 2]}/{row // 2}.png".encode() for row in range(count)]
    table = np.zeros(count, RECORD)
    table["length"] = [len(name) for name in names]
    table["name"] = np.cumsum(table["length"]) - table["length"]
    return Records(table, np.frombuffer(b"".join(names), np.uint8))


def dataset_for(settings: Settings) -> Dataset:
    """Returns images, or points where the network makes points, with labels where the settings ask for them."""
    if settings.two_sided:
        return replace(tiny_dataset(size=settings.size), records=sided_records(20))
    classes = CLASSES if settings.condition != "none" else 0
    if settings.points:
        return tiny_points(classes=classes)
    return tiny_dataset(channels=4 if settings.alpha else 3, classes=classes, size=settings.size)


def tiny_trainer(
    name: str = "studio", checkpoint: Checkpoint | None = None, signals: bool = True, **values: Any
) -> Trainer:
    settings = tiny_settings(name, **values)
    return Trainer(settings, dataset_for(settings), FIXED, checkpoint, signals)


def tiny_translation(name: str, **values: Any) -> Settings:
    """Returns settings of one of `TRANSLATIONS`."""
    preset_name, changes = TRANSLATIONS[name]
    return tiny_settings(preset_name, **{"patch": 16, **changes, **values})


def translation_trainer(
    name: str, checkpoint: Checkpoint | None = None, signals: bool = True, **values: Any
) -> TranslationTrainer:
    settings = tiny_translation(name, **values)
    return TranslationTrainer(settings, dataset_for(settings), FIXED, checkpoint, signals)


def finished(trainer: AnyTrainer) -> AnyTrainer:
    """Returns the trainer after all of its steps."""
    for _ in trainer.events():
        pass
    return trainer


def events_of(trainer: TrainingLoop) -> list[Event]:
    return list(trainer.events())


def run_to(trainer: TrainingLoop, step: int) -> list[Event]:
    """Returns what the trainer yields up to a step, and closes its events."""
    found: list[Event] = []
    events = trainer.events()
    while trainer.step < step:
        found.append(next(events))
    events.close()
    return found


def copied(checkpoint: Checkpoint) -> Checkpoint:
    """Returns a checkpoint that the training does not change any more."""
    return Checkpoint(checkpoint.meta, {name: tensor.clone() for name, tensor in checkpoint.tensors.items()})


def bits(tensor: torch.Tensor) -> bytes:
    """Returns the bytes of a tensor: they differ for -0.0 and 0.0, and are equal for NaN."""
    return tensor.detach().contiguous().numpy().tobytes()


def differences(one: Checkpoint, other: Checkpoint) -> set[str]:
    """Returns names of the tensors that only one has, or that differ in type, shape or any bit."""
    differ = set(one.tensors) ^ set(other.tensors)
    for name in set(one.tensors) & set(other.tensors):
        a, b = one.tensors[name], other.tensors[name]
        if (a.dtype, a.shape, bits(a)) != (b.dtype, b.shape, bits(b)):
            differ.add(name)
    return differ


def save_pictures(folder: Path, count: int = 20) -> Path:
    """Writes small color images into a folder, and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        pixels = np.random.default_rng(index).integers(0, 256, (18, 20, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder
