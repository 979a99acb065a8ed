"""Drift of losses between trainings on one rank and on two, in single precision: `python -m benchmarks.rank_drift`.

Two ranks add in another order than one, so that their weights differ by rounding from the first step on, and a GAN
amplifies such differences. The yardstick is a third training: on one rank again, from initial weights that differ in
the last bit. Arguments: presets. `--figure FILE` draws the losses as an SVG.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import closing
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.table import machine
from core.events import Samples, Stepped
from core.jobs.training_job import TrainingJob
from core.presets import preset
from core.training import loop

PRESETS = ("dcgan", "wgan_gp", "r3gan", "stylegan2_ada")
STEPS = 200
SETTINGS = {
    "resolution": 32,
    "width": 8,
    "latent_dim": 16,
    "batch": 8,
    "samples": 1,
    "evaluation": 0,
    "steps": STEPS,
    "precision": "fp32",
    "memory_format": "contiguous",
}
SOURCE = "sample:digits"
LAST_BIT = 2.0**-23
WINDOWS = ((1, 10), (41, 50), (191, 200))
"""First and last steps over which the drift is averaged."""
LOSSES = {"D": "Loss/D/loss", "G": "Loss/G/loss"}
Curves = dict[str, list[float]]
"""Loss of each step, by network."""

COLORS = {"1 rank": "#4477aa", "2 ranks": "#ee6677", "1 rank, last bit": "#bbbbbb"}
WIDTH, HEIGHT, MARGIN = 360, 160, 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=PRESETS)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    loop.REPORT_SECONDS = inf  # which would take the losses
    print(machine())
    print("\n| mean difference of the loss at steps | " + " | ".join(f"{a}-{b}" for a, b in WINDOWS) + " |")
    print("| --- " * (len(WINDOWS) + 1) + "|")
    found = {}
    for name in options.presets:
        found[name] = {"1 rank, last bit": losses(name, "cpu", True)}
        found[name] |= {"2 ranks": losses(name, "cpu,cpu"), "1 rank": losses(name, "cpu")}
        for other in ("2 ranks", "1 rank, last bit"):
            show(f"{name}, {other}", found[name]["1 rank"], found[name][other])
    if options.figure:
        options.figure.write_text(figure(found), "utf-8")


def losses(name: str, device: str, is_changed: bool = False) -> Curves:
    """Trains a preset, and returns its losses. `is_changed`: whether the last bits of the initial weights are."""
    curves: Curves = {network: [] for network in LOSSES}
    with TemporaryDirectory() as folder:
        job = TrainingJob(preset(name).apply(**SETTINGS, device=device), SOURCE, out=Path(folder, "run"))
        with closing(job.events()) as events:
            for event in events:
                if isinstance(event, Samples) and event.step == 0 and is_changed:
                    change_last_bits(job)
                if isinstance(event, Stepped) and job.trainer is not None:
                    means = job.trainer._means.take()
                    for network, key in LOSSES.items():
                        curves[network].append(means[key])
    return curves


@torch.no_grad()
def change_last_bits(job: TrainingJob) -> None:
    assert job.trainer is not None
    random = torch.Generator().manual_seed(0)
    for network in (job.trainer.G, job.trainer.D):
        for weight in network.parameters():
            weight.mul_(1 + LAST_BIT * torch.randint(-1, 2, weight.shape, generator=random))


def show(title: str, one: Curves, other: Curves) -> None:
    """Prints the mean differences of the losses of D and G."""
    cells = []
    for first, last in WINDOWS:
        steps = range(first - 1, last)
        means = [sum(abs(one[name][step] - other[name][step]) for step in steps) / len(steps) for name in LOSSES]
        cells.append(" / ".join(f"{mean:.1e}" for mean in means))
    print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


def figure(found: Mapping[str, Mapping[str, Curves]]) -> str:
    """Returns the losses of D as an SVG with a panel for each preset."""
    panels = "".join(
        f'<g transform="translate({MARGIN}, {MARGIN + place * (HEIGHT + 2 * MARGIN)})">{panel(name, curves)}</g>'
        for place, (name, curves) in enumerate(found.items())
    )
    width, height = WIDTH + 2 * MARGIN, len(found) * (HEIGHT + 2 * MARGIN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'font-size="11"><rect width="100%" height="100%" fill="white"/>{panels}</svg>\n'
    )


def panel(name: str, curves: Mapping[str, Curves]) -> str:
    every = [loss for found in curves.values() for loss in found["D"]]
    low, high = min(every), max(every)
    title = f'<text y="-6">{name}: loss of D, {low:.2f} to {high:.2f}, {STEPS} steps</text>'
    legend = "".join(
        f'<text x="{WIDTH}" y="{14 * (place + 1)}" text-anchor="end" fill="{color}">{label}</text>'
        for place, (label, color) in enumerate(COLORS.items())
    )
    lines = "".join(line(curves[label]["D"], low, high, COLORS[label]) for label in reversed(COLORS))
    return f'{title}<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#dddddd"/>{lines}{legend}'


def line(losses: Sequence[float], low: float, high: float, color: str) -> str:
    points = " ".join(
        f"{WIDTH * step / max(len(losses) - 1, 1):.1f},{HEIGHT * (high - loss) / max(high - low, 1e-9):.1f}"
        for step, loss in enumerate(losses)
    )
    return f'<polyline points="{points}" fill="none" stroke="{color}"/>'


if __name__ == "__main__":
    main()
