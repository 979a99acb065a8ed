"""Mode coverage of a generator: points by distance, stacked digits by a classifier trained on the digits."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.builtin.toys import dataset
from core.data.prepare import prepare

POINTS = 2500
"""Number of generated points, as in VEEGAN and PacGAN."""
STACKED = 26_000
"""Number of generated stacked digits, as in PacGAN."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Coverage:
    """Number of `modes` hit, and KL(generated || real) of the mode frequencies, in nats."""

    modes: int
    divergence: float


def coverage(hits: Counts) -> Coverage:
    """Returns the coverage from the hits of each mode; real modes are equally frequent."""
    shares = hits[hits > 0] / max(hits.sum(), 1)
    return Coverage(int((hits > 0).sum()), float((shares * np.log(shares * len(hits))).sum()))


def of_points(points: NDArray[np.float32], toy: str) -> Coverage:
    """Returns the coverage of generated points (N, 2): a point within three standard deviations of a center hits its
    mode; frequencies are those of the nearest modes."""
    centers, deviation = _gaussians(toy)
    distances = np.linalg.norm(points[:, None] - centers[None], axis=2)
    nearest = distances.argmin(1)
    near = distances.min(1) <= 3 * deviation
    modes = len(np.unique(nearest[near]))
    return Coverage(modes, coverage(np.bincount(nearest, minlength=len(centers))).divergence)


def of_stacked(images: NDArray[np.uint8]) -> Coverage:
    """Returns the coverage of generated stacked digits, NHWC."""
    channels = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).flatten(0, 1)[:, None]
    network = classifier(images.shape[1])
    with torch.inference_mode():
        digits = torch.cat([network(_scaled(part)).argmax(1) for part in channels.split(512)])
    numbers = digits.view(-1, 3) @ torch.tensor([100, 10, 1])
    return coverage(np.bincount(numbers.numpy(), minlength=1000))


@cache
def classifier(side: int) -> nn.Module:
    """Trains a classifier of digits (N, 1, side, side) in [-1, 1] on `sample:digits`, the last thousand held out."""
    digits = run_to_end(prepare("sample:digits", Preparation((side, side))))
    assert digits.labels is not None
    images, labels = torch.from_numpy(np.array(digits.images)), torch.from_numpy(np.array(digits.labels))
    torch.manual_seed(0)
    network = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()),
        *(
            nn.Conv2d(32, 64, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(side * side, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        ),
    )
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(5):
        for rows in torch.randperm(len(images) - 1000).split(64):
            loss = cross_entropy(network(_scaled(images[rows])), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.inference_mode():
        right = (network(_scaled(images[-1000:])).argmax(1) == labels[-1000:]).float().mean()
    print(f"accuracy of the classifier on held-out digits: {100 * right:.1f} %", file=sys.stderr, flush=True)
    return network.eval()


def _scaled(images: Tensor) -> Tensor:
    return images.float().div(127.5).sub(1.0)


def _gaussians(toy: str) -> tuple[NDArray[np.float64], float]:
    """Returns centers (modes, 2) and standard deviation of a toy's Gaussians, in the units of its dataset."""
    found = dataset(f"toy:{toy}")
    points, labels = found.images[:, :, 0, 0].astype(np.float64), found.labels
    groups = [points[labels == mode] for mode in range(len(found.classes))]
    return np.stack([group.mean(0) for group in groups]), float(np.mean([group.std(0) for group in groups]))
