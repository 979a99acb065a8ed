"""Trainings for the checks: made, run step by step, and compared.

All that the checks know of the trainer beyond its public methods is here and in the check of waits.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from core.checkpoint import Checkpoint
from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.records import RECORD, Records
from core.devices.compute_format import ComputeFormat
from core.events import Event, Notice, Tuned
from core.presets import FitContext, preset
from core.trainer import Trainer
from core.training.captured import Captured
from core.training.loop import TrainingLoop
from core.translation_trainer import TranslationTrainer
from tools.gpu_checks.bench import FAILED, OK, Bench, Result

FP32 = ComputeFormat("fp32", "contiguous")
IMAGES, FEW_IMAGES = 2048, 256
"""In the dataset on a GPU, and on a CPU."""
CLASSES = 3
SMALL: dict[str, Any] = {"width": 8, "batch": 8}
"""Settings on a CPU."""
SMALLEST: dict[str, Any] = {"width": 8, "batch": 2}
"""Settings of translations, whose networks are larger."""
SIDE = 32
"""Side in pixels of the images of translations."""
CLOSE = 1e-2
"""Relative difference of two trainings' weights below which they count as the same: kernels that add up in any order
differ by less after some steps, and other random numbers by more."""


def trainer(
    bench: Bench,
    name: str,
    px: int,
    choice: ComputeFormat = FP32,
    checkpoint: Checkpoint | None = None,
    recorded: bool = True,
    **values: Any,
) -> Trainer:
    """Returns a training of a preset at `px` pixels; `recorded`: whether its steps may be recorded."""
    settings = settings_of(bench, name, px, precision=choice.precision, memory_format=choice.memory_format, **values)
    tuned = Tuned(bench.device.type, choice.precision, choice.memory_format, {})
    made = Trainer(settings, dataset_of(bench, settings), tuned, checkpoint)
    if not recorded:
        made._captured = Captured(None)
    return made


def translation(bench: Bench, name: str, checkpoint: Checkpoint | None = None) -> TranslationTrainer:
    """Returns a training of a preset from image to image, small on every device; its steps are not recorded."""
    context = FitContext(FEW_IMAGES, accelerator=False)
    settings = preset(name).fitted(context, resolution=SIDE, device=str(bench.device), **SMALLEST)
    dataset = _noise(SIDE, False, 0, FEW_IMAGES)
    if settings.two_sided:
        dataset = replace(dataset, records=_pairs(FEW_IMAGES))
    tuned = Tuned(bench.device.type, FP32.precision, FP32.memory_format, {})
    made = TranslationTrainer(settings, dataset, tuned, checkpoint)
    made._captured = Captured(None)
    return made


def _pairs(count: int) -> Records:
    """Returns names of inputs and of targets in turn: A/000, B/000, A/001 ..."""
    table = np.zeros(count, RECORD)
    table["length"] = 5
    table["name"] = 5 * np.arange(count)
    names = "".join(f"{'AB'[row % 2]}/{row // 2:03d}" for row in range(count))
    return Records(table, np.frombuffer(names.encode(), np.uint8))


def settings_of(bench: Bench, name: str, px: int, **values: Any) -> Settings:
    """Returns a preset's settings as it fits itself to the device, with small networks and batches on a CPU."""
    context = FitContext(IMAGES, accelerator=not bench.is_cpu)
    small = SMALL if bench.is_cpu else {}
    return preset(name).fitted(context, **{"resolution": px, "device": str(bench.device), **small, **values})


def dataset_of(bench: Bench, settings: Settings) -> Dataset:
    """Returns noise for a training: images, or points, with labels where the settings ask for them."""
    px = 1 if settings.points else settings.resolution
    classes = CLASSES if settings.condition != "none" else 0
    return _noise(px, settings.points, classes, FEW_IMAGES if bench.is_cpu else IMAGES)


@cache
def _noise(px: int, points: bool, classes: int, count: int) -> Dataset:
    random = np.random.default_rng(0)
    images: Any = random.integers(0, 256, (count, 3, px, px), np.uint8)
    if points:
        images = random.uniform(-1, 1, (count, 2, 1, 1)).astype(np.float32)
    images.flags.writeable = False
    labels = np.arange(count, dtype=np.int64) % classes if classes else None
    names = tuple(f"class {number}" for number in range(classes))
    return Dataset("noise", "noise", (px, px), images, labels, names, (), "noise", Records.none())


def precisions() -> list[str]:
    """Returns the number formats that the settings know."""
    return [name for name in get_args(Settings.model_fields["precision"].annotation) if name != "auto"]


def advance(training: TrainingLoop, steps: int = 1) -> list[str]:
    """Runs steps as the program does, without reports and grids; returns the notices' texts."""
    events: list[Event] = [event for _ in range(steps) for event in training.advance()]
    return [event.text for event in events if isinstance(event, Notice)]


def warm(training: Trainer) -> list[str]:
    """Runs so many steps that all kinds of them are recorded; returns the notices' texts."""
    return advance(training, 4 + (interval(training.settings) if interval(training.settings) > 1 else 0))


def interval(settings: Settings) -> int:
    """Returns after how many steps a step of the same kind comes."""
    return settings.penalty_interval if settings.penalties else 1


def images_of_step(settings: Settings) -> int:
    """Returns how many real images the discriminator sees in a step."""
    return settings.batch * settings.d_steps


def recordings(training: Trainer) -> int:
    """Returns how many kinds of steps are recorded."""
    return len(training._captured._replays)


def parts(training: Trainer) -> int:
    """Returns into how many parts a batch is split."""
    return training._parts


def state(training: TrainingLoop) -> dict[str, Tensor]:
    """Returns copies of a training's tensors, on the CPU."""
    return {name: value.detach().to("cpu", copy=True) for name, value in training.state().items()}


class Difference(NamedTuple):
    """Differences of two trainings: the largest of two numbers, the relative one of all weights (L2), and the names of
    the tensors that differ in any bit."""

    largest: float
    relative: float
    names: tuple[str, ...]

    @property
    def is_close(self) -> bool:
        return self.relative < CLOSE

    @property
    def text(self) -> str:
        if not self.names:
            return "bit for bit"
        return f"differs by at most {self.largest:.0e} in {len(self.names)} tensors ({self.names[0]} ...)"


def difference(one: dict[str, Tensor], other: dict[str, Tensor]) -> Difference:
    """Returns how far two states are apart."""
    names = tuple(name for name in one if name not in other or not torch.equal(one[name], other[name]))
    weights = [name for name in one if name.startswith(("G.", "D.")) and one[name].is_floating_point()]
    floats = [name for name in names if name in other and one[name].is_floating_point()]
    largest = max((float((one[name].double() - other[name].double()).abs().max()) for name in floats), default=0.0)
    apart = sum(float((one[name].double() - other[name].double()).square().sum()) for name in weights)
    size = sum(float(one[name].double().square().sum()) for name in weights)
    return Difference(largest, (apart / size) ** 0.5, names)


def verdict(found: dict[str, Difference], notes: str = "") -> Result:
    """Returns the result of comparisons, each under its name."""
    is_ok = all(each.is_close for each in found.values())
    text = "; ".join(f"{name} {each.text}" for name, each in found.items())
    figures = {f"{name} {key}": value for name, each in found.items() for key, value in each._asdict().items()}
    numbers = {key: value for key, value in figures.items() if isinstance(value, float)}
    return Result(OK if is_ok else FAILED, f"{text}{notes}", numbers)


@contextmanager
def deterministic() -> Iterator[None]:
    """Chooses kernels that give the same bits each time, where torch has some; the others run too."""
    mode, cudnn = torch.get_deterministic_debug_mode(), torch.backends.cudnn.deterministic
    torch.set_deterministic_debug_mode("warn")
    torch.backends.cudnn.deterministic = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        torch.backends.cudnn.deterministic = cudnn
