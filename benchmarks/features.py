"""The Frechet distance of two sets of features."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Moments:
    """Mean (F,) and covariance (F, F) of a set of features, float64."""

    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Moments:
        """Returns the moments of features (N, F)."""
        features = features.double()
        return cls(features.mean(0), features.T.cov())


def frechet(one: Moments, other: Moments) -> float:
    """Returns the squared Frechet distance of the two normal distributions (Dowson, Landau 1982)."""
    values, vectors = torch.linalg.eigh(one.covariance)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    # The trace of the square root of a product of two covariances, as that of a symmetric matrix of the same values.
    shared = torch.linalg.eigvalsh(root @ other.covariance @ root).clamp_min(0).sqrt().sum()
    apart = (one.mean - other.mean).square().sum()
    return float(apart + one.covariance.trace() + other.covariance.trace() - 2 * shared)
