"""From a checkpoint and a source of images to numbers: everything between, in one generator."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data import Dataset, prepare
from core.evaluate import evaluate, refuse_other_images
from core.events import Event
from core.features import build, default_for
from core.metrics import chosen
from core.sampler import Sampler


@dataclass(frozen=True)
class Judgement:
    """What is to be measured of a checkpoint's generator.

    `extractor`: the name of one, or empty for the one that suits the dataset and the metrics. `count` generated images
    are compared with at most `real` images of the dataset, drawn evenly from all of it. `weights`: a file for an
    extractor that needs one.
    """

    checkpoint: Path
    data: str
    metrics: Sequence[str]
    extractor: str = ""
    count: int = 5000
    real: int = 10_000
    weights: Path | None = None
    device: str = "auto"

    def events(self) -> Generator[Event, None, None]:
        """What preparing the dataset yields, `Progress`, perhaps a `Notice`, and `Measured` at the end.

        Raises `Problem` for whatever a person can mend.
        """
        needs = {need for found in chosen(self.metrics).values() for need in found.facts["NEEDS"]}
        sampler = Sampler.open(self.checkpoint, self.device)
        dataset = None
        with closing(prepare(self.data, sampler.meta.settings.preparation)) as preparing:
            for event in preparing:
                yield event
                dataset = event if isinstance(event, Dataset) else dataset
        assert dataset is not None
        refuse_other_images(sampler, dataset)  # before a classifier is trained for nothing
        extractor = None
        if needs & {"features", "logits"}:
            name = self.extractor or ("inception" if self.weights else default_for(dataset))
            extractor = yield from build(name, dataset, sampler.device, self.weights)
        order = np.random.RandomState(0).permutation(len(dataset.images))
        rows = np.sort(order[: max(self.real, 0)])
        yield from evaluate(sampler, dataset, self.metrics, extractor, self.count, rows)
