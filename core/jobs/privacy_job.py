"""Privacy: what a checkpoint gives away of the images that it was trained on.

Two things are compared with images that were held out of the training: how near generated images are to the nearest
training image, and how the discriminator scores training images. A discriminator that scores those higher tells who was
among them (Hayes et al. 2019, "LOGAN: Membership Inference Attacks Against Generative Models", arXiv:1705.07663).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.checkpoint import Checkpoint, load
from core.data.dataset import Dataset
from core.data.holdout import held_rows, train_rows
from core.data.prepare import prepare
from core.devices import use
from core.devices.memory import enough_memory
from core.errors import UserError
from core.evaluation.nearest_neighbors import neighbor_distances
from core.events import FirstImages, Images, Progress
from core.generator_inputs import Conditions
from core.imaging.tensors import from_pixels
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from core.models.conditioning import build_pair
from core.training.clusters import clustered

GENERATED, SCORED = 500, 2000
"""Generated images that are compared, and training images that are scored, at most."""
AT_ONCE = 64
GUESSING = 0.5
KNOWN = 0.6
"""An AUC from which on somebody with the checkpoint learns more than a little."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PrivacyReport:
    """`auc` in [0, 1]: the probability that the discriminator scores a training image above a held-out one, and its
    interval of 95 % (Hanley, McNeil 1982, doi:10.1148/radiology.143.1.7063747). `nearer`: how many of `generated`
    images are nearer to a training image than every held-out one is; `ratio`: of the medians of those distances.
    `trained`, `held`: images that were compared.
    """

    step: int
    auc: float
    low: float
    high: float
    trained: int
    held: int
    generated: int
    nearer: int
    ratio: float

    def lines(self) -> Iterator[str]:
        """Yields what it means, in words."""
        yield (
            f"AUC {self.auc:.3f} (95 %: {self.low:.3f} to {self.high:.3f}): how often the discriminator scores one of "
            f"{self.trained:,} training images above one of {self.held:,} that it never saw; {GUESSING} is guessing."
        )
        if self.low > KNOWN:
            yield (
                "Whoever has this checkpoint can tell of many images whether they were trained on. Share exported "
                "images or the exported generator, which hold no discriminator."
            )
        elif self.low > GUESSING:
            yield "Whoever has this checkpoint learns a little about which images were trained on."
        else:
            yield "This test does not tell training images from others."
        yield (
            f"{self.nearer:,} of {self.generated:,} generated images are nearer to a training image than every "
            f"held-out image is; their median distance is {self.ratio:.2f} of the held-out images'."
        )
        if self.nearer:
            yield "Look at them in Explore, Nearest images: they may be copies."
        yield "Neither proves privacy: other attacks can find more, and single images can be at risk in a good mean."


@dataclass(frozen=True)
class PrivacyJob:
    """What is to be reported of: a checkpoint, and the images that it was trained on."""

    checkpoint: Path
    data: str
    device: str = "auto"

    def events(self) -> Generator[Progress | FirstImages, None, PrivacyReport]:
        """Yields what preparing the dataset yields, and `Progress`; returns the `PrivacyReport`.

        Raises `UserError` as `report_privacy` does.
        """
        checkpoint = load(self.checkpoint)
        dataset = yield from prepare(self.data, checkpoint.meta.settings.preparation)
        return (yield from report_privacy(checkpoint, dataset, self.device))


def report_privacy(
    checkpoint: Checkpoint, dataset: Dataset, device_name: str = "auto"
) -> Generator[Progress, None, PrivacyReport]:
    """Compares training images with held-out ones.

    Raises `UserError` for other images than those of the training, and where none were held out.
    """
    device, settings = use(device_name), checkpoint.meta.settings
    if dataset.fingerprint != checkpoint.meta.dataset_fingerprint:
        remedy = f"Open {checkpoint.meta.dataset}, prepared as it was then."
        raise UserError("These are not the images that the checkpoint was trained on.", remedy)
    held = held_rows(settings, dataset)
    if not len(held):
        raise UserError(
            "No images were held out of this training, so there is nothing to compare with.",
            "Train with a holdout of 5 %, on 200 images or more.",
        )
    if settings.clusters:
        dataset = yield from clustered(dataset, settings.clusters, device)
    made = yield from _generated(Sampler.of(checkpoint, str(device)))
    near = yield from neighbor_distances(made, dataset, held=held)
    rows = train_rows(len(dataset.images), held)
    drawn = np.sort(np.random.default_rng(0).permutation(rows)[:SCORED])
    with enough_memory("to score the images", device=device):
        scores = yield from _scores(checkpoint, dataset, np.concatenate([drawn, held]), device)
    auc, low, high = area(scores[: len(drawn)], scores[len(drawn) :])
    return PrivacyReport(
        checkpoint.meta.step,
        auc,
        low,
        high,
        len(drawn),
        len(held),
        len(made),
        int((near.generated < near.real.min()).sum()),
        float(np.median(near.generated) / max(np.median(near.real), 1e-9)),
    )


def _generated(sampler: Sampler) -> Generator[Progress, None, Images]:
    parts = []
    for start in range(0, GENERATED, AT_ONCE):
        yield Progress("Generating images", start, GENERATED)
        parts.append(sampler.render(LatentRequest.of_seeds(range(start, min(start + AT_ONCE, GENERATED)))))
    return np.concatenate(parts)


def area(members: Floats, others: Floats) -> tuple[float, float, float]:
    """Returns the area under the ROC curve of scores (n,) and (m,), and its interval of 95 %."""
    above = members[:, None] > others
    area = float(above.mean() + (members[:, None] == others).mean() / 2)
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (len(members) - 1) * (first - area**2) + (len(others) - 1) * (second - area**2)
    spread = 1.96 * (max(variance, 0.0) / (len(members) * len(others))) ** 0.5
    return area, max(area - spread, 0.0), min(area + spread, 1.0)


def _scores(
    checkpoint: Checkpoint, dataset: Dataset, rows: NDArray[np.int64], device: torch.device
) -> Generator[Progress, None, Floats]:
    """The discriminator's logits of these rows of the dataset."""
    meta = checkpoint.meta
    conditions = Conditions.of(meta.settings, len(meta.classes))
    with torch.device("meta"):  # no memory, and no draw from the random generator that a training may be using
        _, D = build_pair(meta.settings, meta.channels, conditions)
    D.load_state_dict(checkpoint.part("D"), assign=True)
    D.eval().requires_grad_(False).to(device)
    labels = np.zeros(len(dataset.images), np.int64) if dataset.labels is None else np.asarray(dataset.labels)
    found = []
    for start in range(0, len(rows), AT_ONCE):
        yield Progress("Scoring real images", start, len(rows))
        part = rows[start : start + AT_ONCE]
        images = from_pixels(torch.from_numpy(np.array(dataset.images[part])).to(device))
        classes = torch.zeros(len(part), conditions.classes, device=device)
        if conditions.classes:
            classes[torch.arange(len(part)), torch.from_numpy(labels[part])] = 1.0
        found.append(D(images, classes).logits.flatten().cpu().double().numpy())
    return np.concatenate(found)
