"""WGAN-GP: the mean squared difference from 1 of the norm of the critic's gradient, between real and generated images.

Gulrajani et al. 2017, arXiv:1704.00028; its weight is lambda in the paper, 10 there.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.distributed.collectives import own_rows
from core.losses.penalties import Critic, DiscriminatorBatch
from core.losses.penalties.gradients import gradients

TITLE = "WGAN-GP"
RANK = 2
INPUTS = ()


def penalty(batch: DiscriminatorBatch) -> Tensor:
    """E (|grad D(x)| - 1)^2 at one point x between each pair of a real and a generated image."""
    mix = own_rows(lambda rows: torch.rand(rows, device=batch.real.device), len(batch.real))
    return one_centered(batch.critic, batch.real, batch.fake, mix)


def one_centered(critic: Critic, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Mean (|gradient| - 1)^2 at points between images; `mix` (N,) in [0, 1] is the share of the real image in each."""
    mix = mix.view(-1, *[1] * (real.dim() - 1))
    between = (mix * real + (1.0 - mix) * fake).detach().requires_grad_(True)
    norms: Tensor = gradients(critic(between), between).norm(dim=1)
    return (norms - 1.0).square().mean()
