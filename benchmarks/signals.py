"""What the signals cost: images/s with them and without, by turns in one process, of whole trainings with reports.

In seconds of processor time, with one thread: what else runs changes little.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

import core.budget
import core.trainer
from benchmarks.table import machine, row
from core.data import Dataset, Preparation, prepare
from core.devices import resolve
from core.events import Stepped, Tuned
from core.presets import Facts, preset
from core.trainer import Trainer
from core.tuning import trial

CASES = (("studio", "sample:digits", 32), ("dcgan", "sample:digits", 32), ("studio", "sample:shapes", 64))
TURN, WARM_UP = 1.0, 3
"""Seconds of a turn, and turns before those that count."""


class Side:
    """One of two trainings: its time passes only while it is its turn, so that neither waits on the other's account."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.passed, self.begun = 0.0, process_time()
        self.events = trainer.events()
        self.turns: list[tuple[int, float]] = []

    def now(self) -> float:
        return self.passed + process_time() - self.begun

    def take_turn(self) -> None:
        """Whole steps with all that goes with them."""
        self.begun = process_time()
        core.budget.perf_counter = core.trainer.perf_counter = self.now  # type: ignore[attr-defined]
        start, first = self.now(), self.trainer.images
        while self.now() - start < TURN:
            while not isinstance(next(self.events), Stepped):
                pass
        self.turns.append((self.trainer.images - first, self.now() - start))
        self.passed = self.now()

    def rate(self) -> float:
        counted = self.turns[WARM_UP:]
        return sum(images for images, _ in counted) / sum(seconds for _, seconds in counted)


def measure(name: str, data: str, resolution: int, seconds: float) -> tuple[float, float, float]:
    """Rates with signals and without, of all turns together, and the median ratio of two turns in a row."""
    how = Preparation((resolution, resolution))
    dataset = next(event for event in prepare(data, how) if isinstance(event, Dataset))
    settings = preset(name).fitted(Facts(len(dataset.images), False), resolution=resolution, device="cpu")
    found = trial(settings, dataset.images.shape[1], len(dataset.classes), resolve("cpu"))
    tuned = next(event for event in found if isinstance(event, Tuned))
    watched, plain = (Side(Trainer(settings, dataset, tuned, signals=signals)) for signals in (True, False))
    turns = WARM_UP + max(round(seconds / (2 * TURN)), 1)
    for turn in range(turns):
        for side in (watched, plain) if turn % 2 else (plain, watched):
            side.take_turn()
    pairs = list(zip(watched.turns, plain.turns, strict=True))[WARM_UP:]
    ratios = [one[0] / one[1] / (other[0] / other[1]) for one, other in pairs]
    return watched.rate(), plain.rate(), median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each case")
    seconds = parser.parse_args().seconds
    torch.set_num_threads(1)
    print(machine())
    for name, data, resolution in CASES:
        watched, plain, ratio = measure(name, data, resolution, seconds)
        what = f"{name}, {data} at {resolution} px"
        row(what, f"{watched:.0f} of {plain:.0f} images/s: {watched / plain:.1%}", ">= 98 %")
        row("  in the median of the turns", f"{ratio:.1%}")


if __name__ == "__main__":
    main()
