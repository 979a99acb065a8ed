"""Evaluation of a checkpoint on any dataset, or of a run's checkpoint on its training images."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.checkpoint import load
from core.config.settings import Settings
from core.config.translation_fields import Kind
from core.data.dataset import Dataset
from core.data.prepare import prepare
from core.errors import UserError
from core.evaluation.evaluate import evaluate, refuse_other_images
from core.evaluation.features import Extractor, build, default_for
from core.evaluation.metrics import chosen
from core.events import FirstImages, Measured, Notice, Progress
from core.jobs.compared_images import ComparedImages
from core.language import _
from core.registry import Component, ranked
from core.runs.mirrored import refuse_mirror
from core.runs.retention import record_metric
from core.runs.run import Run
from core.runs.run_lock import refuse_busy, write_access
from core.stats.metric_key import parse

BEST_BY = {"generation": "fid", "paired": "psnr", "unpaired": "kid"}
"""Metric that determines the best checkpoint of a run, by the kind of training."""


@dataclass(frozen=True)
class EvaluationJob:
    """Evaluation of the generator of a checkpoint.

    `extractor`: name of a feature extractor; empty to choose by dataset and metrics. `count`: number of generated
    images; `real`: maximum number of images of the dataset, drawn at random. A translation generates from the inputs of
    these images, so no more than there are of them. `weights`: file for an extractor that needs one.
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
        checkpoint = load(self.checkpoint, ("G_ema",))
        settings = checkpoint.meta.settings
        dataset = yield from prepare(self.data, settings.preparation)
        refuse_other_images(checkpoint.meta, dataset)  # before a classifier is trained in vain
        weights = checkpoint.part("G_ema")
        images = ComparedImages.of_any_dataset(checkpoint.meta, weights, dataset, self.device, self.count, self.real)
        extractor = None
        if needs & {"features", "logits"}:
            name = self.extractor or ("inception" if self.weights else default_for(dataset))
            extractor = yield from build(name, dataset, images.source.device, self.weights)
        return (yield from evaluate(images.source, dataset, self.metrics, extractor, images.count, images.rows))


def measure(run: Run, checkpoint: Path, dataset: Dataset) -> Generator[Progress | Notice, None, Measured]:
    """Measures a checkpoint of a run that is not being trained; appends the result to its reports and returns it.

    Raises `RunBusyError` if another process trains in the run, `MirroredRunError` if it is that of another machine, and
    `UserError` for other images, and if images cannot be measured or results not be written.
    """
    refuse_busy(run.folder)
    refuse_mirror(run.folder)
    found = load(checkpoint, ("G_ema",))
    if dataset.fingerprint != found.meta.dataset_fingerprint:
        remedy = _("Open {dataset} with the same preparation.").format(dataset=found.meta.dataset)
        raise UserError(_("The open images are not the training images of this run."), remedy)
    images = ComparedImages.beside_training(found.meta, found.part("G_ema"), dataset, "auto")
    name = chosen_features(found.meta.settings, dataset)
    extractor = (yield from build(name, dataset, images.source.device)) if name else None
    measured = yield from _measured(images, dataset, extractor)
    with write_access(run.folder):
        _note_quality(checkpoint, found.meta.settings, measured)
        run.note_measured(measured)
    return measured


def rate_checkpoint(
    images: ComparedImages, checkpoint: Path, dataset: Dataset, extractor: Extractor | None
) -> Generator[Progress, None, Measured]:
    """Measures a checkpoint and records its metric.

    `images`: of that checkpoint. `extractor`: as `chosen_features` says.
    """
    measured = yield from _measured(images, dataset, extractor)
    _note_quality(checkpoint, images.source.meta.settings, measured)
    return measured


def _measured(
    images: ComparedImages, dataset: Dataset, extractor: Extractor | None
) -> Generator[Progress, None, Measured]:
    metrics = _metrics(images.source.meta.settings.kind, extractor)
    return (yield from evaluate(images.source, dataset, metrics, extractor, images.count, images.rows, images.split))


def _note_quality(checkpoint: Path, settings: Settings, measured: Measured) -> None:
    for key, value in measured.values.items():
        if parse(key)[0] == BEST_BY[settings.kind]:
            record_metric(checkpoint, key, value)


def chosen_features(settings: Settings, dataset: Dataset) -> str:
    """Returns the name of the feature extractor that the settings choose for a dataset; empty if this kind of training
    is measured without one."""
    if not any("features" in metric.facts["NEEDS"] for metric in _metrics_of(settings.kind)):
        return ""
    chosen = settings.evaluation_features
    return default_for(dataset) if chosen == "auto" else chosen


def _metrics(kind: Kind, extractor: Extractor | None) -> list[str]:
    """Returns all metrics of a kind of training that the extractor supports, in the listed order."""
    has_logits = extractor is not None and extractor.classifies
    return [metric.name for metric in _metrics_of(kind) if has_logits or "logits" not in metric.facts["NEEDS"]]


def _metrics_of(kind: Kind) -> list[Component]:
    return [metric for metric in ranked("evaluation.metrics") if kind in metric.facts["KINDS"]]
