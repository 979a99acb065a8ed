"""Privacy test: how much a checkpoint reveals about its training images.

Held-out images are the reference for two measures: distances of generated images to the nearest training image, and
discriminator scores of training images. A discriminator that scores training images higher allows membership inference
(Hayes et al. 2019, "LOGAN: Membership Inference Attacks Against Generative Models", arXiv:1705.07663).
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
from core.language import _, number
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler, refuse_translation
from core.models.conditioning import build_pair
from core.training.clusters import clustered

GENERATED, SCORED = 500, 2000
"""Maximum number of generated images that are compared, and of training images that are scored."""
AT_ONCE = 64
GUESSING = 0.5
KNOWN = 0.6
"""AUC from which the checkpoint reveals considerably who was among the training images."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PrivacyReport:
    """Result of the privacy test.

    `auc` in [0, 1]: probability that the discriminator scores a training image above a held-out one; `low`, `high`: its
    95 % confidence interval (Hanley, McNeil 1982, doi:10.1148/radiology.143.1.7063747). `nearer`: number of `generated`
    images that are nearer to a training image than every held-out image is; `ratio`: ratio of the median distances of
    generated to held-out images. `trained`, `held`: number of images compared.
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
        """Yields the result as sentences."""
        yield _(
            "AUC {auc} (95 % CI {low} to {high}): probability that the discriminator scores one of {trained} training "
            "images above one of {held} held-out images; {chance} is chance."
        ).format(
            auc=number(self.auc, 3),
            low=number(self.low, 3),
            high=number(self.high, 3),
            trained=number(self.trained),
            held=number(self.held),
            chance=number(GUESSING, 1),
        )
        if self.low > KNOWN:
            yield _(
                "This checkpoint reveals of many images whether they were used for training. Share exported images or "
                "the exported generator instead, which contain no discriminator."
            )
        elif self.low > GUESSING:
            yield _("This checkpoint reveals a little about which images were used for training.")
        else:
            yield _("This test cannot distinguish training images from others.")
        yield _(
            "{nearer} of {generated} generated images are nearer to a training image than every held-out image is. The "
            "median distance is {ratio} times that of held-out images."
        ).format(nearer=number(self.nearer), generated=number(self.generated), ratio=number(self.ratio, 2))
        if self.nearer:
            yield _("Check them in Explore > Nearest images: they may be copies.")
        yield _("This does not prove privacy: other attacks may reveal more, and single images may still be at risk.")


@dataclass(frozen=True)
class PrivacyJob:
    """Privacy test of a checkpoint with the images that it was trained on."""

    checkpoint: Path
    data: str
    device: str = "auto"

    def events(self) -> Generator[Progress | FirstImages, None, PrivacyReport]:
        """Yields the events of preparing the dataset, and `Progress`; returns the `PrivacyReport`.

        Raises `UserError` as `report_privacy` does.
        """
        checkpoint = load(self.checkpoint)
        dataset = yield from prepare(self.data, checkpoint.meta.settings.preparation)
        return (yield from report_privacy(checkpoint, dataset, self.device))


def report_privacy(
    checkpoint: Checkpoint, dataset: Dataset, device_name: str = "auto"
) -> Generator[Progress, None, PrivacyReport]:
    """Compares training images with held-out images; yields `Progress`.

    Raises `UserError` for a translation, if the images are not those of the training, or if none were held out.
    """
    refuse_translation(checkpoint.meta)
    device, settings = use(device_name), checkpoint.meta.settings
    if dataset.fingerprint != checkpoint.meta.dataset_fingerprint:
        remedy = _("Open {dataset} with the same preparation.").format(dataset=checkpoint.meta.dataset)
        raise UserError(_("These are not the training images of the checkpoint."), remedy)
    held = held_rows(settings, dataset)
    if not len(held):
        raise UserError(
            _("This training has no held-out images to compare with."),
            _("Train with 5 % held-out images, on at least 200 images."),
        )
    if settings.clusters:
        dataset = yield from clustered(dataset, settings.clusters, device)
    made = yield from _generated(Sampler.of(checkpoint, str(device)))
    near = yield from neighbor_distances(made, dataset, held=held)
    rows = train_rows(len(dataset.images), held)
    drawn = np.sort(np.random.default_rng(0).permutation(rows)[:SCORED])
    with enough_memory(_("There is not enough memory to score the images."), device=device):
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
        yield Progress(_("Generating images"), start, GENERATED)
        parts.append(sampler.render(LatentRequest.of_seeds(range(start, min(start + AT_ONCE, GENERATED)))))
    return np.concatenate(parts)


def area(members: Floats, others: Floats) -> tuple[float, float, float]:
    """Returns the area under the ROC curve of scores (n,) and (m,), and its 95 % confidence interval."""
    above = members[:, None] > others
    area = float(above.mean() + (members[:, None] == others).mean() / 2)
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (len(members) - 1) * (first - area**2) + (len(others) - 1) * (second - area**2)
    spread = 1.96 * (max(variance, 0.0) / (len(members) * len(others))) ** 0.5
    return area, max(area - spread, 0.0), min(area + spread, 1.0)


def _scores(
    checkpoint: Checkpoint, dataset: Dataset, rows: NDArray[np.int64], device: torch.device
) -> Generator[Progress, None, Floats]:
    """Returns the logits of the discriminator for these rows of the dataset; yields `Progress`."""
    meta = checkpoint.meta
    conditions = Conditions.of(meta.settings, len(meta.classes))
    with torch.device("meta"):  # no memory, and no draw from the random generator, which a training may be using
        _G, D = build_pair(meta.settings, meta.channels, conditions)
    D.load_state_dict(checkpoint.part("D"), assign=True)
    D.eval().requires_grad_(False).to(device)
    labels = np.zeros(len(dataset.images), np.int64) if dataset.labels is None else np.asarray(dataset.labels)
    found = []
    for start in range(0, len(rows), AT_ONCE):
        yield Progress(_("Scoring real images"), start, len(rows))
        part = rows[start : start + AT_ONCE]
        images = from_pixels(torch.from_numpy(np.array(dataset.images[part])).to(device))
        classes = torch.zeros(len(part), conditions.classes, device=device)
        if conditions.classes:
            classes[torch.arange(len(part)), torch.from_numpy(labels[part])] = 1.0
        found.append(D(images, classes).logits.flatten().cpu().double().numpy())
    return np.concatenate(found)
