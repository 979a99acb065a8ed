"""Bench: the device under test, the time that is left, timings, and the rows of the table."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple, Protocol

import torch

from core.devices.stream import synchronize

OK, FAILED, SKIPPED = "ok", "failed", "skipped"
SPAN_SECONDS = 0.2
"""Length of a timed span; shorter where the budget is small."""
SPANS_PER_BUDGET, COMPARISONS_PER_BUDGET = 1000, 30
"""So many spans, or comparisons of several sides, fit into the budget at least."""

Step = Callable[[], object]


class Result(NamedTuple):
    """Result of a case: `ok`, `failed`, `skipped` or a figure; a line of text; and its numbers for the JSON file."""

    verdict: str
    seen: str = ""
    figures: Mapping[str, float] = {}


class Case(NamedTuple):
    """One row of the table: its name, and what finds the rest."""

    name: str
    run: Callable[[], Result]


class Check(Protocol):
    """Interface of the modules of this package, except this one and those that it imports."""

    SECONDS: int
    NEEDS_CUDA: bool

    def cases(self, bench: Bench) -> Iterable[Case]: ...


class Row(NamedTuple):
    """A case's result under the name of its check, and the seconds that it took."""

    check: str
    case: str
    verdict: str
    seen: str = ""
    figures: Mapping[str, float] = {}
    seconds: float = 0.0


@dataclass(frozen=True)
class Bench:
    """The device under test, and the seconds that all checks together may take."""

    device: torch.device
    budget: float
    started: float = field(default_factory=perf_counter)

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        """True if networks, batches and images are small, since a GPU's would take minutes."""
        return self.device.type == "cpu"

    @property
    def rounds(self) -> int:
        """Spans of each side of a comparison."""
        return 3 if self.is_cpu else 5

    def left(self) -> float:
        """Returns the seconds of the budget that are left; negative when more were taken."""
        return self.budget - (perf_counter() - self.started)

    def span(self, step: Step, count: int) -> float:
        """Returns the seconds of one of `count` steps, between two waits for the device."""
        synchronize(self.device)
        start = perf_counter()
        for _ in range(count):
            step()
        synchronize(self.device)
        return (perf_counter() - start) / count

    def timed(self, sides: Mapping[str, Step], multiple: int = 1) -> dict[str, float]:
        """Returns the median seconds of a step of each side, over short spans of all sides in turn.

        A span has a multiple of `multiple` steps. Steps have to be warm. On a slow device there are fewer rounds.
        """
        end = perf_counter() + self.budget / COMPARISONS_PER_BUDGET
        seconds = min(SPAN_SECONDS, self.budget / SPANS_PER_BUDGET)
        counts = {}
        for name, step in sides.items():
            counts[name] = multiple * max(round(seconds / (multiple * self.span(step, multiple))), 1)
        times: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(self.rounds):
            if number and perf_counter() > end:
                break
            for name, step in sides.items():
                times[name].append(self.span(step, counts[name]))
        return {name: median(found) for name, found in times.items()}

    def tidy(self) -> None:
        """Frees what the last case has left on the device."""
        gc.collect()
        if self.is_cuda:
            torch.cuda.empty_cache()


def reason(error: BaseException) -> str:
    """Returns an error as one line, with the last line of the program that it passed through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "core" in Path(frame.filename).parts]
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}{place}"
