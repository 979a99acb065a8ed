"""Gradients of logits with respect to images, on which the penalties are defined."""

from __future__ import annotations

import torch
from torch import Tensor


def gradients(logits: Tensor, images: Tensor) -> Tensor:
    """Computes the gradient of each logit by its own image, (N, pixels), as that of their sum (no batch norm)."""
    (found,) = torch.autograd.grad(logits.float().sum(), images, create_graph=True)
    return found.float().flatten(1)


def zero_centered(logits: Tensor, images: Tensor) -> Tensor:
    """Half the mean squared norm of the gradient of logits (N,) by the images (N, ...) that they were computed from."""
    squared: Tensor = gradients(logits, images).square().sum(1)
    return 0.5 * squared.mean()
