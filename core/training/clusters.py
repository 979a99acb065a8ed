"""Clusters of images in place of classes: k-means on the features of a frozen network, once before a training.

A generator that is conditioned on clusters makes better and more varied images after the same number of steps (Liu et
al. 2020, "Diverse Image Generation via Self-Conditioned GANs", arXiv:2006.10728, who cluster the discriminator's
features).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from core.concurrency import run_in_thread
from core.data.dataset import Dataset
from core.data.names import digest
from core.errors import UserError
from core.evaluation.features import Features
from core.evaluation.features.dataset_features import real_features
from core.evaluation.features.model_input import as_input
from core.events import Images, Progress
from core.language import _, number
from core.models.efficientnet import SHA256, EfficientNet, efficientnet

SIDE = 96
"""Side of the network's input in pixels."""
ROUNDS = 50
SMALLEST = 0.2
"""Size of a cluster, as a share of the mean, below which it is dissolved: outliers are not worth a class."""


def clustered(dataset: Dataset, count: int, device: torch.device) -> Generator[Progress, None, Dataset]:
    """Returns the dataset with at most `count` clusters as its classes, the largest first. Deterministic.

    Raises `UserError` where there are too few images, or the network's weights are missing.
    """
    if len(dataset.images) < 2 * count:
        raise UserError(
            _("The dataset has too few images ({images}) for so many clusters ({clusters}).").format(
                images=number(len(dataset.images)), clusters=number(count)
            ),
            _("Use fewer clusters, or 0 for none."),
        )
    network = yield from run_in_thread(efficientnet, Progress(_("Loading EfficientNet-Lite0"), 0, 0))
    rows = np.arange(len(dataset.images), dtype=np.int64)
    found = yield from real_features(dataset, rows, Embedding(network, device))
    values = torch.from_numpy(found.values)
    labels = yield from run_in_thread(lambda: k_means(values, count), Progress(_("Clustering the images"), 0, 0))
    names = tuple(f"cluster {index + 1}" for index in range(int(labels.max()) + 1))
    return replace(dataset, labels=labels, classes=names)


def k_means(values: Tensor, count: int) -> NDArray[np.int64]:
    """Labels (N,) of the clusters of points (N, numbers), N >= count; 0 is the largest cluster (Lloyd 1982)."""
    random = torch.Generator().manual_seed(0)
    centers = values[torch.randperm(len(values), generator=random)[:count]]
    labels = torch.cdist(values, centers).argmin(1)
    for _round in range(ROUNDS):
        sizes = labels.bincount(minlength=len(centers))
        centers = torch.zeros_like(centers).index_add_(0, labels, values) / sizes.clamp_min(1)[:, None]
        centers = centers[sizes >= SMALLEST * len(values) / count]
        before, labels = labels, torch.cdist(values, centers).argmin(1)
        if torch.equal(before, labels):
            break
    sizes = labels.bincount(minlength=len(centers))
    rank = sizes.argsort(descending=True, stable=True).argsort()
    found: NDArray[np.int64] = rank[labels].numpy()
    return found


class Embedding:
    """An `Extractor` of the spatial mean of the network's last feature map, normalized to length 1: (N, 320)."""

    name = "efficientnet-lite0"
    classifies = False
    key = digest("embedding", SHA256, str(SIDE))

    def __init__(self, network: EfficientNet, device: torch.device) -> None:
        self.at_once = 32 if device.type == "cpu" else 256
        self._network, self._device = network.to(device), device

    @torch.inference_mode()
    def __call__(self, images: Images) -> Features:
        planes = as_input(images, SIDE, self._device).contiguous(memory_format=torch.channels_last)
        return Features(normalize(self._network(planes).mean((2, 3))).cpu().numpy(), None)
