"""Cost of signals and evaluations: images/s of whole trainings with and without them, alternating in one process.

Measured in CPU time with one thread, so that other load matters little.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

import core.jobs.live_evaluation
import core.monitoring.time_budget
import core.training.loop
from benchmarks.table import machine, row
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.prepare import prepare
from core.devices import resolve
from core.events import Event, Stepped
from core.jobs.autotune import trial
from core.jobs.live_evaluation import LiveEvaluator
from core.presets import FitContext, preset
from core.runs.run import Run
from core.trainer import Trainer

CASES = (("studio", "sample:digits", 32), ("dcgan", "sample:digits", 32), ("studio", "sample:shapes", 64))
TURN, WARM_UP = 1.0, 3
"""Seconds of a turn, and number of turns that do not count."""


class Side:
    """One of the trainings, whose clock runs only during its turns."""

    def __init__(self, trainer: Trainer, events: Generator[Event, None, None] | None = None) -> None:
        self.trainer = trainer
        self.passed, self.begun = 0.0, process_time()
        self.events = events or trainer.events()
        self.turns: list[tuple[int, float]] = []

    def now(self) -> float:
        return self.passed + process_time() - self.begun

    def take_turn(self) -> None:
        """Runs whole steps with their reports and sample grids."""
        self.begun = process_time()
        for module in (core.monitoring.time_budget, core.training.loop, core.jobs.live_evaluation):
            module.perf_counter = self.now  # type: ignore[attr-defined]
        start, first = self.now(), self.trainer.images
        while self.now() - start < TURN:
            while not isinstance(next(self.events), Stepped):
                pass
        self.turns.append((self.trainer.images - first, self.now() - start))
        self.passed = self.now()

    def rate(self) -> float:
        counted = self.turns[WARM_UP:]
        return sum(images for images, _ in counted) / sum(seconds for _, seconds in counted)


def measure(name: str, data: str, resolution: int, seconds: float) -> list[Side]:
    """Measures trainings without signals, with signals, and with a permanent evaluation."""
    how = Preparation((resolution, resolution))
    dataset = run_to_end(prepare(data, how))
    settings = preset(name).fitted(
        FitContext(len(dataset.images), False, len(dataset.classes)), resolution=resolution, device="cpu"
    )
    tuned = run_to_end(trial(settings, dataset, resolve("cpu")))
    plain, watched, evaluated = (Trainer(settings, dataset, tuned, signals=signals) for signals in (False, True, True))
    with TemporaryDirectory() as place:
        run = Run.begin(Path(place, "run"), evaluated)
        evaluator = LiveEvaluator(run, evaluated, evaluated.dataset)
        recorded = run.record(evaluated, evaluator.beside(evaluated.events()), lambda: evaluator.subject)
        sides = [Side(plain), Side(watched), Side(evaluated, recorded)]
        for turn in range(WARM_UP + max(round(seconds / (len(sides) * TURN)), 1)):
            for place_in_turn in range(len(sides)):
                sides[(turn + place_in_turn) % len(sides)].take_turn()
        for side in sides:
            side.events.close()
    return sides


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=90.0, help="of each case")
    seconds = parser.parse_args().seconds
    torch.set_num_threads(1)
    core.jobs.live_evaluation.SOONEST, core.jobs.live_evaluation.LATER = 0.0, 1.0
    print(machine())
    for name, data, resolution in CASES:
        plain, watched, evaluated = (side.rate() for side in measure(name, data, resolution, seconds))
        what = f"{name}, {data} at {resolution} px"
        row(f"{what}: signals", f"{watched:.0f} of {plain:.0f} images/s: {watched / plain:.1%}", ">= 98 %")
        row("  and an evaluation", f"{evaluated:.0f} images/s: {evaluated / plain:.1%}", ">= 95 %")


if __name__ == "__main__":
    main()
