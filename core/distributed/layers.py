"""Layers whose result depends on the whole batch, or on random numbers for each of its rows.

Alone they are those of torch, to the bit, with the same names of weights. Within a step of several ranks they work on
the batch of all of them, and unlike `torch.nn.SyncBatchNorm` can be differentiated twice and run on a CPU.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.modules.batchnorm import _BatchNorm

from core.distributed.collectives import gathered, is_shared, own_rows


class BatchNorm1d(nn.BatchNorm1d):
    """Batch normalization of features (N, C)."""

    def forward(self, input: Tensor) -> Tensor:
        return _normalized(self, input) if self.training and is_shared() else super().forward(input)


class BatchNorm2d(nn.BatchNorm2d):
    """Batch normalization of feature maps NCHW."""

    def forward(self, input: Tensor) -> Tensor:
        return _normalized(self, input) if self.training and is_shared() else super().forward(input)


class Dropout(nn.Dropout):
    """Dropout."""

    def forward(self, input: Tensor) -> Tensor:
        if not (self.training and is_shared()):
            return super().forward(input)

        def mask(count: int) -> Tensor:
            return dropout(input.new_ones(count, *input.shape[1:]), self.p)

        return input * own_rows(mask, len(input))


def _normalized(layer: _BatchNorm, x: Tensor) -> Tensor:
    """Normalizes by the mean and variance of the rows of all ranks, and moves the running ones."""
    places = [0, *range(2, x.dim())]
    shape = (-1, *[1] * (x.dim() - 2))
    values = x.float()
    # Of equal parts the variance is the mean of theirs and the variance of their means.
    found = gathered(torch.stack(torch.var_mean(values, places, correction=0))[None])
    variances, means = found.unbind(1)
    mean, variance = means.mean(0), variances.mean(0) + means.var(0, correction=0)
    count = len(found) * x.numel() // x.shape[1]
    running = layer.running_mean, layer.running_var
    for average, newest in zip(running, (mean, variance * (count / (count - 1))), strict=True):
        assert average is not None
        assert layer.momentum is not None
        average.lerp_(newest.detach().to(average.dtype), layer.momentum)
    assert layer.num_batches_tracked is not None
    layer.num_batches_tracked.add_(1)
    scale = layer.weight * (variance + layer.eps).rsqrt()
    shift = layer.bias - mean * scale
    return torch.addcmul(shift.view(shape), values, scale.view(shape)).to(x.dtype)
