"""Evaluation of a checkpoint on any dataset, or of a run's checkpoint on its training images."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.holdout import held_rows, train_rows
from core.data.prepare import prepare
from core.errors import UserError
from core.evaluation.evaluate import evaluate, refuse_other_images
from core.evaluation.features import Extractor, build, default_for
from core.evaluation.metrics import chosen
from core.events import FirstImages, Measured, Notice, Progress
from core.language import _
from core.latent.sampler import Sampler
from core.registry import ranked
from core.runs.retention import record_metric
from core.runs.run import Run
from core.runs.run_lock import refuse_busy, write_access
from core.stats.metric_key import Split, parse

BEST_BY = "fid"
"""Metric that determines the best checkpoint of a run."""
MOST_REAL = 5000
"""Maximum number of training images for a comparison."""


@dataclass(frozen=True)
class EvaluationJob:
    """Evaluation of the generator of a checkpoint.

    `extractor`: name of a feature extractor; empty to choose by dataset and metrics. `count`: number of generated
    images; `real`: maximum number of images of the dataset, evenly spaced. `weights`: file for an extractor that needs
    one.
    """

    checkpoint: Path
    data: str
    metrics: Sequence[str]
    extractor: str = ""
    count: int = 5000
    real: int = 10_000
    weights: Path | None = None
    device: str = "auto"

    def events(self) -> Generator[Progress | FirstImages | Notice, None, Measured]:
        """Yields the events of preparing the dataset, `Progress`, and possibly a `Notice`; returns `Measured`.

        Raises `UserError` for problems that the user can fix.
        """
        needs = {need for found in chosen(self.metrics).values() for need in found.facts["NEEDS"]}
        sampler = Sampler.open(self.checkpoint, self.device)
        dataset = yield from prepare(self.data, sampler.meta.settings.preparation)
        refuse_other_images(sampler, dataset)  # before a classifier is trained in vain
        extractor = None
        if needs & {"features", "logits"}:
            name = self.extractor or ("inception" if self.weights else default_for(dataset))
            extractor = yield from build(name, dataset, sampler.device, self.weights)
        order = np.random.RandomState(0).permutation(len(dataset.images))
        rows = np.sort(order[: max(self.real, 0)])
        return (yield from evaluate(sampler, dataset, self.metrics, extractor, self.count, rows))


def measure(run: Run, checkpoint: Path, dataset: Dataset) -> Generator[Progress | Notice, None, Measured]:
    """Measures a checkpoint of a run that is not being trained; appends the result to its reports and returns it.

    Raises `RunBusyError` if another process trains in the run, and `UserError` for other images, and if images cannot
    be measured or results not be written.
    """
    refuse_busy(run.folder)
    sampler = Sampler.open(checkpoint)
    if dataset.fingerprint != sampler.meta.dataset_fingerprint:
        remedy = _("Open {dataset} with the same preparation.").format(dataset=sampler.meta.dataset)
        raise UserError(_("The open images are not the training images of this run."), remedy)
    extractor = yield from build(chosen_features(sampler.meta.settings, dataset), dataset, sampler.device)
    measured = yield from _measured(sampler, dataset, extractor)
    with write_access(run.folder):
        _note_quality(checkpoint, measured)
        run.note_measured(measured)
    return measured


def rate_checkpoint(
    sampler: Sampler, checkpoint: Path, dataset: Dataset, extractor: Extractor
) -> Generator[Progress, None, Measured]:
    """Measures a checkpoint against training images only, as many as the settings say, and records its metrics.

    `sampler`: sampler of that checkpoint.
    """
    measured = yield from _measured(sampler, dataset, extractor)
    _note_quality(checkpoint, measured)
    return measured


def _measured(sampler: Sampler, dataset: Dataset, extractor: Extractor) -> Generator[Progress, None, Measured]:
    settings = sampler.meta.settings
    held = held_rows(settings, dataset)
    rows = train_rows(len(dataset.images), held)
    real = np.sort(np.random.RandomState(0).permutation(rows)[:MOST_REAL])
    split: Split = "train" if len(held) else "all"
    count = settings.evaluation_images
    return (yield from evaluate(sampler, dataset, _metrics(extractor), extractor, count, real, split))


def _note_quality(checkpoint: Path, measured: Measured) -> None:
    for key, value in measured.values.items():
        if parse(key)[0] == BEST_BY:
            record_metric(checkpoint, key, value)


def chosen_features(settings: Settings, dataset: Dataset) -> str:
    """Returns the name of the feature extractor that the settings choose for a dataset."""
    chosen = settings.evaluation_features
    return default_for(dataset) if chosen == "auto" else chosen


def _metrics(extractor: Extractor) -> list[str]:
    """Returns all metrics that the extractor supports, in the listed order."""
    known = ranked("evaluation.metrics")
    return [metric.name for metric in known if extractor.classifies or "logits" not in metric.facts["NEEDS"]]
