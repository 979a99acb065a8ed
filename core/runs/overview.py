"""Overview of a run: facts, settings and thinned curves, for reports and comparisons.

Streams `stats.jsonl` in bounded memory. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from core.config.settings import Settings
from core.diagnosis import diagnose
from core.diagnosis.case import Diagnosis, RunFacts
from core.diagnosis.report_history import ReportHistory
from core.events import Edited, Progress, Report
from core.language import _
from core.stats.curves import MOST, Curve, Thinner
from core.stats.keys import is_spread, spread_of


@dataclass(frozen=True, eq=False)
class Overview:
    """Overview of a run.

    `settings`, `dataset`, `classes`, `device`, `channels` and `created` come from the newest checkpoint; `step`,
    `images` and `seconds` from the newest checkpoint or report. `pace`: seconds over steps; None before the first
    report. `samples`: every sample grid with its step, in order. `diagnoses`: findings about the training, most severe
    first.
    """

    folder: Path
    settings: Settings
    dataset: str
    classes: Sequence[str]
    device: str
    created: datetime
    step: int
    images: int
    seconds: float
    reports: int
    curves: Mapping[str, Curve]
    pace: Curve | None
    edits: Sequence[Edited]
    samples: Sequence[tuple[int, Path]]
    diagnoses: Sequence[Diagnosis]

    @property
    def name(self) -> str:
        """Name of the run folder."""
        return self.folder.resolve().name

    def reached(self, step: float) -> tuple[float, float]:
        """Returns images seen and seconds trained at a step, interpolated between reports."""
        if self.pace is None:
            return 0.0, 0.0
        steps = np.concatenate([[0.0], self.pace.steps, [max(self.step, self.pace.steps[-1])]])
        images = np.concatenate([[0.0], self.pace.images, [max(self.images, self.pace.images[-1])]])
        seconds = np.concatenate([[0.0], self.pace.seconds, [max(self.seconds, self.pace.seconds[-1])]])
        return float(np.interp(step, steps, images)), float(np.interp(step, steps, seconds))


def read_overview(folder: Path, most: int = MOST) -> Generator[Progress, None, Overview]:
    """Yields `Progress` and returns the overview of a run, which may be training. `most`: points per curve.

    Raises `UserError` if it is not a run, or has no readable checkpoint.
    """
    from core.checkpoint import summary
    from core.runs.run import Run

    yield Progress(_("Reading {name}").format(name=folder.name), 0, 0)
    run = Run(folder)
    meta = summary(run.newest()).meta
    numbers = _Numbers(most)
    yield from numbers.read(run.report_blocks(), meta.step)
    edits = run.edits()
    return Overview(
        folder,
        meta.settings,
        meta.dataset,
        meta.classes,
        meta.device,
        meta.created,
        max(meta.step, numbers.step),
        max(meta.images, numbers.images),
        max(meta.seconds, numbers.seconds),
        numbers.count,
        _with_spreads({key: curve for key, thinner in numbers.thinners.items() if (curve := thinner.curve())}),
        numbers.pace.curve(),
        edits,
        [(int(path.stem), path) for path in run.samples()],
        diagnose(numbers.history, meta.settings, RunFacts(run.images(), tuple(edits), tuple(run.rewinds()))),
    )


def _with_spreads(curves: Mapping[str, Curve]) -> dict[str, Curve]:
    """Attaches curves of standard deviations as spreads to the curves they belong to."""
    found = {}
    for key, curve in curves.items():
        beside = curves.get(spread_of(key))
        if beside is not None and np.array_equal(beside.steps, curve.steps):
            found[key] = replace(curve, spread=beside.mean)
        elif not is_spread(key):
            found[key] = curve
    return found


@dataclass
class _Numbers:
    """Curves collected while reports are read."""

    most: int
    count: int = 0
    step: int = 0
    images: int = 0
    seconds: float = 0.0
    thinners: dict[str, Thinner] = field(default_factory=dict)
    pace: Thinner = field(default_factory=Thinner)
    history: ReportHistory = field(default_factory=ReportHistory)

    def read(self, blocks: Iterable[list[Report]], last_step: int) -> Generator[Progress, None, None]:
        for block in blocks:
            if block:
                self._add(block)
            yield Progress(_("Reading the reports"), min(self.step, last_step), last_step)

    def _add(self, block: list[Report]) -> None:
        positions = np.array([(report.step, report.images, report.seconds) for report in block], np.float64)
        self.count += len(block)
        self.step = max(self.step, int(positions[:, 0].max()))
        self.images = max(self.images, int(positions[:, 1].max()))
        self.seconds = max(self.seconds, float(positions[:, 2].max()))
        of_steps = np.array([report.of_steps for report in block])  # measurements of a checkpoint come later
        self.pace.extend(positions[of_steps], positions[of_steps, 2])
        columns: dict[str, tuple[list[int], list[float]]] = {}
        for row, report in enumerate(block):
            self.history.append(report)
            for key, value in report.stats.items():
                rows, values = columns.setdefault(key, ([], []))
                rows.append(row)
                values.append(value)
        for key, (rows, values) in columns.items():
            thinner = self.thinners.setdefault(key, Thinner(self.most))
            thinner.extend(positions[rows], np.array(values, np.float64))
