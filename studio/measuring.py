"""Measures a run's images while no training goes on."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from core.events import Event, Progress

if TYPE_CHECKING:
    from core.data import Dataset


def measure_checkpoint(run: Path, checkpoint: Path, dataset: Dataset) -> Generator[Event, None, None]:
    """Of a run's folder, away from the GUI thread; see `core.judging.measure`."""
    yield Progress("Reading the checkpoint", 0, 0)
    from core.judging import measure
    from core.run import Run

    yield from measure(Run(run), checkpoint, dataset)
