"""`make bench-invert`: PSNR of projections of a small DCGAN, for its own images and for held-out digits.

Uses one thread. Without `--checkpoint`, the generator is trained first, for a few minutes on `sample:digits`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import mean
from time import perf_counter, process_time

import numpy as np
import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.table import machine, row  # noqa: E402  # the path first
from core.checkpoint import Checkpoint, load  # noqa: E402
from core.data.builtin import digits  # noqa: E402
from core.events import Images, Saved  # noqa: E402
from core.jobs.training_job import TrainingJob  # noqa: E402
from core.latent.request import LatentRequest  # noqa: E402
from core.latent.sampler import Sampler  # noqa: E402
from core.presets import preset  # noqa: E402
from core.projection.projector import STEPS, ProjectionStep, project  # noqa: E402

OWN_SEEDS = range(1000, 1010)
HELD_OUT = 12345
"""Seed of the held-out digits; the streams of the sample start with 0."""
GOOD = 30.0
"""PSNR in dB that projections of its own images should reach."""
ENOUGH = 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, help="of a training on sample:digits, in place of a new one")
    parser.add_argument("--minutes", type=float, default=3.5, help="of that training")
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = load(options.checkpoint or _trained(Path(folder), options.resolution, options.minutes))
    meta = checkpoint.meta
    print(f"{machine()}, 1 thread\n{meta.settings.network}, {meta.settings.resolution} px, step {meta.step}\n")
    own = Sampler.of(checkpoint, "cpu").render(LatentRequest.of_seeds(OWN_SEEDS))
    labels = np.arange(10, dtype=np.int64)
    drawn = digits.draw(labels, meta.settings.size, np.random.default_rng(HELD_OUT))
    held = np.ascontiguousarray(drawn.transpose(0, 2, 3, 1)).repeat(meta.channels, 3)
    found = _table("its own images", checkpoint, own, options.steps)
    good = sum(each >= GOOD for each in found)
    row(f"of these at {GOOD:g} dB or more", f"{good} of {len(found)}", f"{ENOUGH} of {len(found)}")
    _table("held-out digits", checkpoint, held, options.steps)


def _table(what: str, checkpoint: Checkpoint, pictures: Images, steps: int) -> list[float]:
    """Prints a line for each image, and the mean; returns the PSNRs."""
    ratios, seconds = [], []
    for index, picture in enumerate(pictures):
        begun, busy = perf_counter(), process_time()
        events: list[ProjectionStep] = list(project(checkpoint, picture, steps=steps, device="cpu"))
        seconds.append(process_time() - busy)
        ratios.append(events[-1].psnr)
        start = next(event for event in reversed(events) if event.step == 0)
        took = f"{perf_counter() - begun:.1f} s, {seconds[-1]:.1f} s of the processor"
        row(f"{what}, {index}", f"{ratios[-1]:.1f} dB from {start.psnr:.1f} dB", took)
    row(f"{what}: mean, least", f"{mean(ratios):.1f} dB, {min(ratios):.1f} dB", f"{mean(seconds):.1f} s each")
    return ratios


def _trained(folder: Path, resolution: int, minutes: float) -> Path:
    """Trains the default preset with a DCGAN at this resolution; returns the newest checkpoint."""
    given = {"network": "dcgan", "resolution": resolution, "minutes": minutes, "device": "cpu", "precision": "fp32"}
    settings = preset("studio").apply(**given)
    training = TrainingJob(settings, "sample:digits", out=folder / "run")
    saved = [event.path for event in training.events() if isinstance(event, Saved)]
    return saved[-1]


if __name__ == "__main__":
    main()
