"""Evaluation of a run's images while no training runs."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from core.events import Measured, Notice, Progress
from core.language import _
from core.runs.retention import best, numbered
from studio.model.train import BestCheckpoint

if TYPE_CHECKING:
    from core.data.dataset import Dataset


def measure_checkpoint(run: Path, checkpoint: Path, dataset: Dataset) -> Generator[Progress | Notice, None, Measured]:
    """Measures a checkpoint of a run folder, away from the GUI thread; see `core.jobs.evaluation_job.measure`."""
    yield Progress(_("Reading the checkpoint"), 0, 0)
    from core.jobs.evaluation_job import measure
    from core.runs.run import Run

    return (yield from measure(Run(run), checkpoint, dataset))


def read_best(run: Path) -> BestCheckpoint | None:
    """Returns the best checkpoint of a run folder, if later images were measured and are no better."""
    folder = run / "checkpoints"
    found, newest = best(folder)[-1:], numbered(folder)[-1:]
    if found and newest and found[0].is_past:
        return BestCheckpoint(found[0].path, found[0].step, found[0].key, found[0].value, int(newest[0].stem))
    return None
