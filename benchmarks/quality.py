"""`make bench-quality`: mode coverage compared with the plain GAN recipe at equal CPU time."""

from __future__ import annotations

import argparse
import json
import sys
from itertools import product
from pathlib import Path
from statistics import mean, median

import numpy as np
import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import alone, modes  # noqa: E402  # the path first
from core.concurrency import run_to_end  # noqa: E402
from core.config.settings import Settings  # noqa: E402
from core.data.prepare import prepare  # noqa: E402
from core.events import Tuned  # noqa: E402
from core.generator_inputs import GeneratorInputs, seed_latent  # noqa: E402
from core.imaging.tensors import to_images  # noqa: E402
from core.models.conditioning import to_tensors  # noqa: E402
from core.presets import preset  # noqa: E402
from core.trainer import Trainer  # noqa: E402

PLAIN = {"loss": "non_saturating", "lr_g": 2e-4, "lr_d": 2e-4, "beta1": 0.5, "beta2": 0.999, "ema_kimg": 0.0}
"""Textbook recipe with the same networks."""
RELATIVISTIC = {"loss": "relativistic", "beta1": 0.0, "beta2": 0.9}
TOY = {**preset("playground").settings, "latent_dim": 16}
SIXTEEN = {"network": "dcgan", "resolution": 16}
"""Small networks, sufficient for digits."""
NORMALIZED = {"loss": "hinge", "d_norm": "none", "spectral_norm": True, "lr_d": 8e-4, "beta1": 0.0, "beta2": 0.9}
UNCHANGED = {"augment": "none"}
"""No augmentation: there are enough images, and shifted or cut digits would be other modes."""
RECIPES = {
    "toy": {"ours": {**TOY, **RELATIVISTIC, "r1": 0.1, "r2": 0.1}, "plain": {**TOY, **PLAIN}},
    "sample": {
        "ours": {**preset("studio").settings, **SIXTEEN, **NORMALIZED, **UNCHANGED},
        "studio": {**preset("studio").settings, **SIXTEEN},
        "plain": {**preset("dcgan").settings, **SIXTEEN, **PLAIN},
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="*", default=["toy:ring8", "toy:grid25", "sample:stacked"])
    parser.add_argument("--recipes", nargs="+", default=["ours", "plain"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(10)))
    parser.add_argument("--toy-seconds", type=float, default=40, help="processor time of each training on points")
    parser.add_argument("--stacked-seconds", type=float, default=300, help="and of each on stacked digits")
    parser.add_argument("--jobs", type=int, default=2, help="trainings side by side, on one thread each")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        (source,), (recipe,), (seed,) = options.sources, options.recipes, options.seeds
        seconds = options.toy_seconds if source.startswith("toy:") else options.stacked_seconds
        print(json.dumps(vars(_one(source, recipe, seed, seconds))))
        return
    print(
        f"{len(options.seeds)} seeds; {options.toy_seconds:g} and {options.stacked_seconds:g} processor seconds each\n"
    )
    print("| data | recipe | modes: mean, least | KL(generated || real): median, most |\n| --- | --- | --- | --- |")
    for source in options.sources:
        _compare(source, options)


def _compare(source: str, options: argparse.Namespace) -> None:
    """Trains each recipe with each seed; prints a line for each recipe."""
    runs = list(product(options.seeds, options.recipes))
    budgets = ["--toy-seconds", str(options.toy_seconds), "--stacked-seconds", str(options.stacked_seconds)]
    calls = [[source, "--one", "--recipes", recipe, "--seeds", str(seed), *budgets] for seed, recipe in runs]
    found: dict[str, list[modes.Coverage]] = {recipe: [] for recipe in options.recipes}
    for (seed, recipe), printed in zip(runs, alone.run(__file__, calls, options.jobs), strict=True):
        found[recipe].append(modes.Coverage(**printed))
        print(f"    {source} {recipe} seed {seed}: {found[recipe][-1]}", file=sys.stderr, flush=True)
    for recipe, covered in found.items():
        each, divergences = [one.modes for one in covered], [one.divergence for one in covered]
        print(
            f"| {source} | {recipe} | {mean(each):.1f}, {min(each)} "
            f"| {median(divergences):.3f}, {max(divergences):.3f} |",
            flush=True,
        )


def _one(source: str, recipe: str, seed: int, seconds: float) -> modes.Coverage:
    """Trains one recipe and evaluates the number of images usual in papers."""
    torch.set_num_threads(1)
    kind, _, toy = source.partition(":")
    settings = Settings(**{**RECIPES[kind][recipe], "device": "cpu", "seed": seed})
    dataset = run_to_end(prepare(source, settings.preparation))
    trainer = Trainer(settings, dataset, Tuned("cpu", "fp32", "contiguous", {}))
    over = alone.budget(seconds)
    for _ in trainer.events():
        if over():
            break
    if kind == "toy":
        return modes.of_points(_made(trainer, modes.POINTS)[:, :, 0, 0].numpy(), toy)
    return modes.of_stacked(to_images(_made(trainer, modes.STACKED)))


def _made(trainer: Trainer, count: int) -> torch.Tensor:
    """Returns images of the first `count` seeds, NCHW in about [-1, 1]."""
    z = np.stack([seed_latent(seed, trainer.settings.latent_dim) for seed in range(count)])
    none = np.zeros((count, 0), np.float32)
    drawn = to_tensors(GeneratorInputs(z, none, none), trainer.device)
    with torch.inference_mode():
        parts = [
            trainer.G_ema(GeneratorInputs(*part)) for part in zip(*(whole.split(500) for whole in drawn), strict=True)
        ]
    return torch.cat(parts)


if __name__ == "__main__":
    main()
