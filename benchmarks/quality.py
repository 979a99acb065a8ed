"""`make bench-quality`: how many modes are covered, against the plain GAN recipe at equal wall time, in one run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import mean, median

import numpy as np
import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import modes  # noqa: E402  # the path first
from core.config import Settings  # noqa: E402
from core.data import Dataset, prepare  # noqa: E402
from core.events import Tuned  # noqa: E402
from core.latent import Drawn, seed_latent  # noqa: E402
from core.presets import preset  # noqa: E402
from core.sampler import to_images, to_tensors  # noqa: E402
from core.trainer import Trainer  # noqa: E402

PLAIN = {"loss": "non_saturating", "lr_g": 2e-4, "lr_d": 2e-4, "beta1": 0.5, "beta2": 0.999, "ema_kimg": 0.0}
"""The recipe of textbooks, with the same networks."""
RELATIVISTIC = {"loss": "relativistic", "beta1": 0.0, "beta2": 0.9}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--toy-seconds", type=float, default=60)
    parser.add_argument("--stacked-seconds", type=float, default=600)
    options = parser.parse_args()
    print(f"{options.seeds} seeds")
    print(f"{'data':<16} {'recipe':<8} {'modes':>22} {'KL(generated || real)':>24}", flush=True)
    playground = {**preset("playground").settings, "device": "cpu"}
    ours = {**playground, **RELATIVISTIC, "latent_dim": 16, "r1": 0.1, "r2": 0.1}
    plain = {**playground, **PLAIN, "latent_dim": 16}
    for toy in ("ring8", "grid25"):
        _compare(f"toy:{toy}", ours, plain, options.toy_seconds, options.seeds, modes.POINTS)
    stacked = {"network": "dcgan", "resolution": 32, "width": 32, "latent_dim": 100, "batch": 64, "device": "cpu"}
    ours = {**stacked, **RELATIVISTIC, "d_norm": "none", "lr_g": 5e-4, "lr_d": 5e-4, "r1": 1.0, "r2": 1.0}
    plain = {**stacked, **PLAIN}
    _compare("sample:stacked", ours, plain, options.stacked_seconds, options.seeds, modes.STACKED)


def _compare(
    source: str, ours: dict[str, object], plain: dict[str, object], seconds: float, seeds: int, count: int
) -> None:
    """Trains both recipes in turn with each seed, and prints a line for each."""
    found: dict[str, list[modes.Coverage]] = {"ours": [], "plain": []}
    for seed in range(seeds):
        for name, settings in (("ours", ours), ("plain", plain)):
            made = _trained(source, Settings(**settings, seed=seed, minutes=seconds / 60), count)  # type: ignore[arg-type]
            found[name].append(_judged(source, made))
            print(f"    {source} {name} seed {seed}: {found[name][-1]}", file=sys.stderr, flush=True)
    for name, covered in found.items():
        each, divergences = [one.modes for one in covered], [one.divergence for one in covered]
        print(
            f"{source:<16} {name:<8} {f'{mean(each):.1f}, least {min(each)}':>22} "
            f"{f'{median(divergences):.3f}, most {max(divergences):.3f}':>24}",
            flush=True,
        )


def _trained(source: str, settings: Settings, count: int) -> torch.Tensor:
    """Images of so many seeds by a generator trained for the settings' minutes, NCHW in about [-1, 1]."""
    dataset = next(event for event in prepare(source, settings.size) if isinstance(event, Dataset))
    trainer = Trainer(settings, dataset, Tuned("cpu", "fp32", "contiguous", {}))
    for _ in trainer.events():
        pass
    z = np.stack([seed_latent(seed, settings.latent_dim) for seed in range(count)])
    none = np.zeros((count, 0), np.float32)
    drawn = to_tensors(Drawn(z, none, none), trainer.device)
    with torch.inference_mode():
        parts = [trainer.G_ema(Drawn(*part)) for part in zip(*(whole.split(500) for whole in drawn), strict=True)]
    return torch.cat(parts)


def _judged(source: str, made: torch.Tensor) -> modes.Coverage:
    if source.startswith("toy:"):
        return modes.of_points(made[:, :, 0, 0].numpy(), source.removeprefix("toy:"))
    return modes.of_stacked(to_images(made))


if __name__ == "__main__":
    main()
