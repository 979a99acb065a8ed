"""Meter of trials: measures KID, which a search makes small, and recall, which tells of a collapse."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from core.checkpoint import load
from core.data.dataset import Dataset
from core.data.prepare import prepare
from core.devices import resolve
from core.evaluation.evaluate import evaluate
from core.evaluation.features import Extractor, build
from core.events import Event
from core.jobs.compared_images import ComparedImages
from core.jobs.evaluation_job import chosen_features
from core.runs.retention import record_metric
from core.runs.run import Run
from core.search.trial import Plan
from core.stats.metric_key import parse

METRICS = "kid", "precision_recall"


@dataclass(frozen=True)
class Measurement:
    """KID and recall of the generated images of a step."""

    step: int
    kid: float
    recall: float


class Meter:
    """Measures trials of a search, all by the same feature extractor."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.dataset: Dataset | None = None
        self._extractor: Extractor | None = None

    def prepare(self) -> Generator[Event, None, None]:
        """Reads the images and builds the extractor, which may train a classifier. Yields events of both. Raises
        `UserError`."""
        settings = self._plan.settings
        self.dataset = yield from prepare(self._plan.source, settings.preparation)
        name = chosen_features(settings, self.dataset)
        self._extractor = yield from build(name, self.dataset, resolve(settings.device))

    def measured(self, run: Run, checkpoint: Path) -> Generator[Event, None, Measurement]:
        """Measures a checkpoint of a run that this process trains, and appends the result to its reports. Yields
        progress. Raises `UserError`."""
        assert self.dataset is not None
        found = load(checkpoint, ("G_ema",))
        device = found.meta.settings.device
        images = ComparedImages.beside_training(found.meta, found.part("G_ema"), self.dataset, device)
        result = yield from evaluate(
            images.source, self.dataset, METRICS, self._extractor, images.count, images.rows, images.split
        )
        values = {parse(key)[0]: value for key, value in result.values.items()}
        for key, value in result.values.items():
            if parse(key)[0] == "kid":
                record_metric(checkpoint, key, value)
        run.note_measured(result)
        return Measurement(found.meta.step, values["kid"], values["recall"])
