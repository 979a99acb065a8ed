"""`make bench-translate`: translations after some minutes of wall time, with all cores of an otherwise idle machine.

Trainings run one after another in separate processes, on the preset `translate`. At every mark, held-out images are
translated by the EMA generator, and compared after the training (`benchmarks.translation_figures`):

* `enlarge`: 16 to 64 px, without degradation but for the fewer pixels, for exact images; beside bicubic interpolation;
* `sharpen`: the same, for sharp images;
* `colorize`: beside gray, and beside the mean color of the dataset;
* `repair`: without discriminator, for the smallest error; beside OpenCV's inpainting;
* `digits`: `sample:digits` to inverted digits, two halves of the dataset without pairs; whether a classifier reads the
  label of the input;
* `edges`: a sheet to be looked at;
* `speed`: images/s of pix2pix at 128 px, beside the plain loop of its paper with the same networks, in turns.

A sheet has input, output and target of held-out images side by side.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import alone, pix2pix_speed  # noqa: E402  # the path first
from benchmarks import translation_figures as figures  # noqa: E402
from benchmarks.table import machine  # noqa: E402
from benchmarks.translation_figures import Figures, Translations  # noqa: E402
from core.concurrency import run_to_end  # noqa: E402
from core.config.preparation import Preparation  # noqa: E402
from core.data.dataset import Dataset  # noqa: E402
from core.data.prepare import prepare  # noqa: E402
from core.data.sides.pairing import sides_for  # noqa: E402
from core.devices import resolve  # noqa: E402
from core.evaluation.features import build  # noqa: E402
from core.events import Images, Stepped  # noqa: E402
from core.imaging.grid import grid, write_png  # noqa: E402
from core.imaging.tensors import from_pixels, to_images  # noqa: E402
from core.jobs.autotune import trial  # noqa: E402
from core.presets import FitContext, preset  # noqa: E402
from core.translation.examples import examples  # noqa: E402
from core.translation_trainer import TranslationTrainer, shown  # noqa: E402

MARKS = [2.0, 5.0, 15.0]
CLEAN = {"blur": 0, "input_noise": 0, "jpeg": 0}
TASKS: dict[str, dict[str, Any]] = {
    "enlarge": {"task": "enlarge", "l1_weight": 1000, **CLEAN},
    "sharpen": {"task": "enlarge", **CLEAN},
    "colorize": {"task": "colorize"},
    "repair": {"task": "repair", "adversarial_weight": 0, "lr_g": 1e-3},
    "digits": {"task": "unpaired"},
    "edges": {"task": "edges"},
    "speed": {},
}
"""Settings of each task, beside those of the preset."""
JUDGES = {
    "enlarge": figures.enlarging,
    "sharpen": figures.enlarging,
    "colorize": figures.coloring,
    "repair": figures.repairing,
    "edges": figures.looking,
}
DIGITS_RESOLUTION, JUDGED = 32, 500
"""Side of the digits in pixels, and number of those that are judged."""
AT_ONCE = 32
"""Images that are translated at a time."""
SHEET = 40
"""Rows of a sheet."""
COLUMNS = 4
"""Rows of a sheet beside each other."""


class Mark(NamedTuple):
    """A training at a mark, with a copy of its generator."""

    minutes: float
    steps: int
    images: int
    generator: nn.Module

    def row(self, trainer: TranslationTrainer, found: Figures) -> dict[str, object]:
        """Returns a row of the table."""
        counts = {"minutes": self.minutes, "steps": self.steps, "images": self.images}
        return {"format": trainer.choice.title, **counts, "figures": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "data", nargs="*", default=["sample:shapes"], help="folders; tasks with data of their own run once"
    )
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--minutes", nargs="+", type=float, default=MARKS, help="marks; the last one ends a training")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings for every task")
    parser.add_argument("--sheets", type=Path, help="folder for a sheet of images at each mark")
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(list(_one(options))))
        return
    print(f"{machine()}\n\n| task | data | seed | format | min | steps | images seen | figures |\n|{' --- |' * 8}")
    shared = ["--resolution", str(options.resolution), "--minutes", *map(str, options.minutes), "--set", *options.set]
    shared += ["--sheets", str(options.sheets.absolute())] if options.sheets else []
    runs = [
        (task, data, seed)
        for task, seed in product(options.tasks, options.seeds)
        for data in (["sample:digits"] if task == "digits" else options.data)
    ]
    calls = [[data, "--one", "--tasks", task, "--seeds", str(seed), *shared] for task, data, seed in runs]
    found = []
    for (task, data, seed), rows in zip(runs, alone.run(__file__, calls, jobs=1, threads=None), strict=True):
        for row in rows:
            found.append({"task": task, "data": data, "seed": seed, **row})
            named = ", ".join(f"{name} {value:.3g}" for name, value in row["figures"].items())
            counts = " | ".join(f"{row[name]:,}" for name in ("minutes", "steps", "images"))
            print(f"| {task} | {Path(data).name} | {seed} | {row['format']} | {counts} | {named} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "rows": found}, indent=1), "utf-8")


def _one(options: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Yields a row for each mark of one training, or the row of `speed`."""
    (data,), (task,), (seed,) = options.data, options.tasks, options.seeds
    if task == "speed":
        chosen, found = pix2pix_speed.measure(data, seed)
        yield {"format": chosen, "minutes": 0, "steps": 0, "images": 0, "figures": found}
        return
    values = {**TASKS[task], **dict(setting.split("=", 1) for setting in options.set), "seed": seed}
    if task == "digits":
        with TemporaryDirectory() as folder:
            yield from _digits(options, values, Path(folder))
        return
    dataset = _prepared(data, options.resolution)
    trainer = _trainer({"resolution": options.resolution, **values}, dataset)
    sides = sides_for(trainer.settings, dataset).within(trainer.held)
    held = examples(dataset, sides, trainer.settings, torch.Generator().manual_seed(seed))
    for mark, made in _translations(trainer, held.inputs, held.targets, options):
        yield mark.row(trainer, JUDGES[task](made, _mean_color(dataset)))


def _digits(options: argparse.Namespace, values: dict[str, Any], folder: Path) -> Iterator[dict[str, object]]:
    """Trains from one part of the digits to another, inverted one, and judges the translations of the rest."""
    digits = _prepared("sample:digits", DIGITS_RESOLUTION)
    rows = np.random.default_rng(0).permutation(len(digits.images))
    judged, *sides = np.split(rows, [JUDGED, (len(rows) + JUDGED) // 2])
    for name, side in zip("AB", sides, strict=True):
        (folder / name).mkdir()
        for row in side:
            pixels = digits.images[row][0]
            Image.fromarray(255 - pixels if name == "B" else pixels).save(folder / name / f"{row}.png")
    assert digits.labels is not None
    classifier = run_to_end(build("classifier", digits, resolve("cpu")))
    dataset = _prepared(str(folder), DIGITS_RESOLUTION)
    inputs = from_pixels(torch.from_numpy(digits.images[judged]))
    trainer = _trainer({"resolution": DIGITS_RESOLUTION, **values}, dataset)
    for mark, made in _translations(trainer, inputs, -inputs, options):
        yield mark.row(trainer, figures.right_answers(made, digits.labels[judged], classifier))


def _prepared(data: str, resolution: int) -> Dataset:
    return run_to_end(prepare(data, Preparation((resolution, resolution))))


def _trainer(values: dict[str, Any], dataset: Dataset) -> TranslationTrainer:
    facts = FitContext(len(dataset.images), resolve("auto").type != "cpu", len(dataset.classes))
    settings = preset("translate").fitted(facts, **values)
    return TranslationTrainer(settings, dataset, run_to_end(trial(settings, dataset, resolve(settings.device))))


def _translations(
    trainer: TranslationTrainer, inputs: Tensor, targets: Tensor, options: argparse.Namespace
) -> Iterator[tuple[Mark, Translations]]:
    """Trains; yields each mark with the translations, of which a sheet is written."""
    for mark in list(_kept(trainer, sorted(options.minutes))):
        made = Translations(inputs, _translated(mark.generator, inputs), targets)
        if options.sheets:
            options.sheets.mkdir(parents=True, exist_ok=True)
            name = f"{options.tasks[0]} {Path(options.data[0]).name} seed {options.seeds[0]} {mark.minutes:g} min.png"
            write_png(options.sheets / name.replace(":", "-"), _sheet(made), generated=True)
        yield mark, made


def _kept(trainer: TranslationTrainer, marks: list[float]) -> Iterator[Mark]:
    """Yields the training at each mark, in minutes of wall time from its start."""
    start = perf_counter()
    for event in trainer.events():
        if isinstance(event, Stepped) and perf_counter() - start >= 60 * marks[0]:
            yield Mark(marks.pop(0), event.step, event.images, deepcopy(trainer.G_ema))
            if not marks:
                return


@torch.no_grad()
def _translated(generator: nn.Module, inputs: Tensor) -> Tensor:
    return torch.cat([generator(part) for part in inputs.split(AT_ONCE)]).clamp(-1, 1)


def _sheet(made: Translations) -> Images:
    """Returns rows of input, output and target, `COLUMNS` beside each other."""
    sides = [to_images(shown(each[:SHEET], made.targets.shape)) for each in made]
    return grid(np.stack(sides, 1).reshape(-1, *sides[0].shape[1:]), len(sides) * COLUMNS)


def _mean_color(dataset: Dataset) -> Tensor:
    """Returns the mean of all pixels, (1, C, 1, 1)."""
    parts = np.array_split(np.arange(len(dataset.images)), len(dataset.images) // AT_ONCE + 1)
    sums = torch.stack([from_pixels(torch.from_numpy(dataset.images[part])).mean((2, 3)).sum(0) for part in parts])
    return (sums.sum(0) / len(dataset.images))[None, :, None, None]


if __name__ == "__main__":
    main()
