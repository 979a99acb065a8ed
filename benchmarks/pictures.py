"""`make bench-pictures`: image quality after some minutes of wall time, with all cores of an otherwise idle machine.

Trainings run one after another in separate processes. At every mark, the EMA generator is kept; it is evaluated after
the training:

* Frechet distance to all real images, with features of a classifier trained on their labels, independent of the
  discriminator; empty for images without labels;
* Frechet distance with features of EfficientNet-Lite0 (ImageNet); not meaningful for trainings on clusters, which this
  network has found;
* contrast, color, sharpness and diversity, as ratios to those of real images; 1 is ideal;
* novelty: distance of generated images to their nearest training images, as a ratio to that of real images; near 0
  they are copies.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import partial
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import alone, textbook  # noqa: E402  # the path first
from benchmarks.features import Moments, frechet  # noqa: E402
from benchmarks.table import machine  # noqa: E402
from core.concurrency import run_to_end  # noqa: E402
from core.config.preparation import Preparation  # noqa: E402
from core.data.dataset import Dataset  # noqa: E402
from core.data.prepare import prepare  # noqa: E402
from core.devices import resolve  # noqa: E402
from core.evaluation.features import Extractor, Floats, build  # noqa: E402
from core.evaluation.features.dataset_features import pictures, real_features  # noqa: E402
from core.evaluation.nearest_neighbors import neighbor_distances  # noqa: E402
from core.events import Images, Stepped  # noqa: E402
from core.imaging.grid import grid, write_png  # noqa: E402
from core.imaging.tensors import from_pixels, to_images  # noqa: E402
from core.jobs.autotune import trial  # noqa: E402
from core.latent.request import LatentRequest  # noqa: E402
from core.latent.sampler import Sampler  # noqa: E402
from core.models.efficientnet import efficientnet  # noqa: E402
from core.monitoring.diversity import RandomFeatures, spread  # noqa: E402
from core.monitoring.probe import tones  # noqa: E402
from core.presets import FitContext, preset  # noqa: E402
from core.trainer import Trainer  # noqa: E402
from core.training.clusters import Embedding, clustered  # noqa: E402

PLAIN = "plain"
"""Textbook DCGAN recipe and loop; other recipes are presets."""
MARKS = [1.0, 2.0, 4.0, 8.0]
JUDGED = 5000
"""Number of generated images for distances to all real images."""
COMPARED = 500
"""Number of images for diversity and novelty."""
FINE = 0.25
"""Spatial frequency in cycles per pixel above which energy counts as sharpness; the maximum is 0.5 per axis."""
SHEET = 100
FIGURES = ("distance", "imagenet", "contrast", "color", "sharpness", "diversity", "novelty")

Make = Callable[[], Images]
"""Function that makes `JUDGED` images with a kept generator."""


class Turn(NamedTuple):
    """State of a training, and a function to keep its generator."""

    steps: int
    images: int
    keep: Callable[[], Make]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="folder or sample and resolution, as in photos:64")
    parser.add_argument("--recipes", nargs="+", default=[PLAIN, "studio"], help="plain, or presets")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--minutes", nargs="+", type=float, default=MARKS, help="marks; the last one ends it")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings for every preset")
    parser.add_argument("--sheets", type=Path, help="folder for a sheet of images at each mark")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(list(_one(options))))
        return
    print(f"{machine()}\n")
    print(f"| data | recipe | seed | min | steps | images seen | {' | '.join(FIGURES)} |")
    print(f"|{' --- |' * (6 + len(FIGURES))}")
    shared = ["--minutes", *map(str, options.minutes), "--set", *options.set]
    shared += ["--sheets", str(options.sheets.absolute())] if options.sheets else []
    runs = list(product(options.data, options.seeds, options.recipes))
    calls = [[data, "--one", "--recipes", recipe, "--seeds", str(seed), *shared] for data, seed, recipe in runs]
    for (data, seed, recipe), rows in zip(runs, alone.run(__file__, calls, jobs=1, threads=None), strict=True):
        for row in rows:
            figures = " | ".join("" if value is None else f"{value:.3g}" for value in row["figures"].values())
            counts = f"{row['minutes']:g} | {row['steps']:,} | {row['images']:,}"
            print(f"| {Path(data).name} | {recipe} | {seed} | {counts} | {figures} |", flush=True)


def _one(options: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Yields a row for each mark of one training."""
    (data,), (recipe,), (seed,) = options.data, options.recipes, options.seeds
    dataset = _prepared(data)
    judge = _Judge(dataset)
    values = dict(setting.split("=", 1) for setting in options.set)
    turns = _plain(dataset, seed) if recipe == PLAIN else _preset(recipe, {**values, "seed": seed}, dataset)
    for minutes, turn, make in list(_kept(turns, sorted(options.minutes))):
        made = make()
        if options.sheets:
            options.sheets.mkdir(parents=True, exist_ok=True)
            name = f"{Path(data).name.replace(':', '-')} {recipe} seed {seed} {minutes:g} min.png"
            write_png(options.sheets / name, grid(made[:SHEET], 10), generated=True)
        yield {"minutes": minutes, "steps": turn.steps, "images": turn.images, "figures": judge(made)}


def _prepared(data: str) -> Dataset:
    source, _, resolution = data.rpartition(":")
    return run_to_end(prepare(source, Preparation((int(resolution), int(resolution)))))


def _kept(turns: Iterator[Turn], marks: list[float]) -> Iterator[tuple[float, Turn, Make]]:
    """Yields the training at each mark, in minutes from its start, including preparation."""
    start = perf_counter()
    for turn in turns:
        if perf_counter() - start >= 60 * marks[0]:
            yield marks.pop(0), turn, turn.keep()
        if not marks:
            return


def _plain(dataset: Dataset, seed: int) -> Iterator[Turn]:
    batch = 64
    z = torch.randn(JUDGED, 100, generator=torch.Generator().manual_seed(seed))

    def make(generator: nn.Module) -> Images:
        # Tutorials leave the generator in training mode, so it uses batch statistics.
        with torch.no_grad():
            return to_images(torch.cat([generator(part) for part in z.split(batch)]))

    for step, generator in enumerate(textbook.steps(dataset, batch, seed), 1):
        yield Turn(step, step * batch, partial(_copied, make, generator))


def _copied(make: Callable[[nn.Module], Images], generator: nn.Module) -> Make:
    return partial(make, deepcopy(generator))


def _preset(name: str, values: Mapping[str, object], dataset: Dataset) -> Iterator[Turn]:
    facts = FitContext(len(dataset.images), resolve("auto").type != "cpu", len(dataset.classes))
    settings = preset(name).fitted(facts, **{"resolution": dataset.size[0], **values})
    if settings.clusters:
        dataset = run_to_end(clustered(dataset, settings.clusters, resolve(settings.device)))
    tuned = run_to_end(trial(settings, dataset, resolve(settings.device)))
    trainer = Trainer(settings, dataset, tuned)

    def keep() -> Make:
        sampler = Sampler(trainer.meta(), trainer.published(), settings.device)
        return lambda: sampler.render(LatentRequest.of_seeds(range(JUDGED)))

    for event in trainer.events():
        if isinstance(event, Stepped):
            yield Turn(event.step, event.images, keep)


class _Judge:
    """Evaluation of generated images, uint8 NHWC, against a dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        rows = np.arange(len(dataset.images))
        self._tones = _tones(pictures(dataset, np.random.default_rng(0).permutation(rows)[:JUDGED]))
        device = resolve("auto")
        self._spaces: dict[str, Extractor] = {"imagenet": Embedding(efficientnet(), device)}
        if dataset.classes:
            self._spaces["distance"] = run_to_end(build("classifier", dataset, device))
        spaces = self._spaces.items()
        self._real = {name: _moments(run_to_end(real_features(dataset, rows, space)).values) for name, space in spaces}

    def __call__(self, made: Images) -> dict[str, float | None]:
        found = {name: frechet(self._moments(space, made), self._real[name]) for name, space in self._spaces.items()}
        tones = {name: value / self._tones[name] for name, value in _tones(made).items()}
        near = run_to_end(neighbor_distances(made[:COMPARED], self._dataset))
        novelty = float(np.median(near.generated) / np.median(near.real))
        return {**dict.fromkeys(FIGURES), **found, **tones, "novelty": novelty}

    def _moments(self, space: Extractor, made: Images) -> Moments:
        return _moments(np.concatenate([space(part).values for part in np.array_split(made, len(made) // 100)]))


def _moments(features: Floats) -> Moments:
    return Moments.of(torch.from_numpy(features))


def _tones(made: Images) -> dict[str, float]:
    """Returns contrast, color (for color images), sharpness and diversity of images, uint8 NHWC."""
    images = from_pixels(torch.from_numpy(np.ascontiguousarray(made.transpose(0, 3, 1, 2))))
    gray = images[:, :3].mean(1)
    spectrum = torch.fft.rfft2(gray - gray.mean((1, 2), keepdim=True)).abs().square().mean(0)
    height, width = gray.shape[1:]
    fine = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]) > FINE
    features = RandomFeatures(images.shape[1], torch.device("cpu"))(images[:COMPARED])
    return {
        **tones(images),
        "sharpness": float(spectrum[fine].mean().sqrt()),
        "diversity": float(spread(features)),
    }


if __name__ == "__main__":
    main()
