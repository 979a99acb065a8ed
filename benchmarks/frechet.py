"""`make bench-frechet`: what equal processor time buys with each recipe, as a Frechet distance to the real images."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import alone, textbook  # noqa: E402  # the path first
from benchmarks.features import Moments, frechet, moments  # noqa: E402
from core.concurrency import run_to_end  # noqa: E402
from core.config.preparation import Preparation  # noqa: E402
from core.data.dataset import Dataset  # noqa: E402
from core.data.prepare import prepare  # noqa: E402
from core.devices import resolve  # noqa: E402
from core.imaging.tensors import to_images  # noqa: E402
from core.latent.request import LatentRequest  # noqa: E402
from core.latent.sampler import Sampler  # noqa: E402
from core.presets import FitContext, preset  # noqa: E402
from core.trainer import Trainer  # noqa: E402
from core.training.autotune import trial  # noqa: E402

PLAIN = "plain"
"""The DCGAN recipe of textbooks, in the loop of textbooks; every other recipe is a preset."""
MADE = 3000
"""Generated images that are evaluated; of the real ones, all are."""

Made = tuple[int, int, NDArray[np.uint8]]
"""Steps, images seen, and generated images NHWC."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", help="folder and resolution, as in photos:64")
    parser.add_argument("--recipes", nargs="+", default=[PLAIN, "studio", "wgan_gp", "sngan"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--seconds", type=float, default=560, help="processor time; two cores give it in 5 minutes")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings for every preset")
    parser.add_argument("--sheets", type=Path, help="folder for a sheet of each recipe's images")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_one(options)))
        return
    with TemporaryDirectory() as place:
        references = {data: Path(place, f"{index}.pt") for index, data in enumerate(options.data)}
        for data, file in references.items():
            torch.save(vars(moments(np.array(_prepared(data).images, np.uint8))), file)
        _compare(options, references)


def _compare(options: argparse.Namespace, references: dict[str, Path]) -> None:
    """Trains each recipe on each data with each seed, and prints a line for each."""
    runs = list(product(options.data, options.seeds, options.recipes))
    rest = ["--seconds", str(options.seconds), "--set", *options.set]
    rest += ["--sheets", str(options.sheets)] if options.sheets else []
    calls = [
        [data, "--one", str(references[data]), "--recipes", recipe, "--seeds", str(seed), *rest]
        for data, seed, recipe in runs
    ]
    print(f"{options.seconds:g} processor seconds each\n\n| data | recipe | seed | steps | images seen | distance |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (data, seed, recipe), found in zip(runs, alone.run(__file__, calls, options.jobs), strict=True):
        steps, seen, distance = found["steps"], found["images"], found["distance"]
        print(f"| {Path(data).name} | {recipe} | {seed} | {steps:,} | {seen:,} | {distance:.0f} |", flush=True)


def _one(options: argparse.Namespace) -> dict[str, float]:
    """Steps, images seen and distance of one recipe with one seed."""
    torch.set_num_threads(1)
    (data,), (recipe,), (seed,) = options.data, options.recipes, options.seeds
    dataset = _prepared(data)
    over = alone.budget(options.seconds)
    if recipe == PLAIN:
        steps, images, made = _plain(dataset, seed, over)
    else:
        values = dict(setting.split("=", 1) for setting in options.set)
        steps, images, made = _preset(recipe, {**values, "seed": seed, "resolution": dataset.size[0]}, dataset, over)
    if options.sheets:
        options.sheets.mkdir(parents=True, exist_ok=True)
        _sheet(made[:100]).save(options.sheets / f"{dataset.title} {recipe} {seed}.png")
    real = Moments(**torch.load(options.one, weights_only=True))
    return {"steps": steps, "images": images, "distance": frechet(moments(made.transpose(0, 3, 1, 2)), real)}


def _prepared(data: str) -> Dataset:
    source, _, resolution = data.rpartition(":")
    how = Preparation((int(resolution), int(resolution)))
    return run_to_end(prepare(source, how))


def _plain(dataset: Dataset, seed: int, over: Callable[[], bool]) -> Made:
    batch = 64
    trained = enumerate(textbook.steps(dataset, batch, seed), 1)
    step, generator = next((step, generator) for step, generator in trained if over())
    z = torch.randn(MADE, 100, generator=torch.Generator().manual_seed(seed))
    # Tutorials leave the generator in training mode, so its batches normalise themselves.
    with torch.no_grad():
        return step, step * batch, to_images(torch.cat([generator(part) for part in z.split(batch)]))


def _preset(name: str, values: dict[str, object], dataset: Dataset, over: Callable[[], bool]) -> Made:
    facts = FitContext(len(dataset.images), accelerator=False)
    settings = preset(name).fitted(facts, **values, device="cpu")
    tried = trial(settings, dataset.images.shape[1], len(dataset.classes), resolve("cpu"))
    trainer = Trainer(settings, dataset, run_to_end(tried))
    for _ in trainer.events():
        if over():
            break
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
    return trainer.step, trainer.images, sampler.render(LatentRequest.of_seeds(range(MADE)))


def _sheet(images: NDArray[np.uint8]) -> Image.Image:
    """Ten in a row."""
    rows = [np.concatenate(list(images[start : start + 10]), 1) for start in range(0, len(images), 10)]
    return Image.fromarray(np.concatenate(rows, 0).squeeze())


if __name__ == "__main__":
    main()
