"""Training loop of pix2pix as its authors published it, for comparison with the trainer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from core.config.settings import Settings
from core.data.dataset import Dataset
from core.translation.build import build_networks
from core.translation.tasks import degradation

L1_WEIGHT = 100.0


def steps(settings: Settings, dataset: Dataset) -> Iterator[nn.Module]:
    """Yields after each of endless training steps of the settings' networks: fp32, eager, `.item()` for logs.

    Isola et al. 2017, arXiv:1611.07004, section 3.3: D, then G, each with Adam (2e-4, beta1 0.5); the loss of D is
    halved, and D is frozen while G is updated. The value is the generator. It reads prepared images from memory and
    makes the inputs as the trainer does, both in its favor.
    """
    torch.manual_seed(settings.seed)
    generators, discriminators = build_networks(settings, dataset.images.shape[1])
    G, D = generators["G"], discriminators["D"]
    bce, l1 = nn.BCEWithLogitsLoss(), nn.L1Loss()
    adam_D = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
    adam_G = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
    images = torch.from_numpy(np.array(dataset.images))
    task, random = degradation(settings), torch.Generator().manual_seed(settings.seed)
    assert task is not None

    def judged(inputs: Tensor, image: Tensor, is_real: bool) -> Tensor:
        logits = D(torch.cat([inputs, image], 1))
        target = torch.ones_like(logits) if is_real else torch.zeros_like(logits)
        loss: Tensor = bce(logits, target)
        return loss

    while True:
        for chosen in torch.randperm(len(images)).split(settings.batch)[:-1]:
            real = images[chosen].float() / 127.5 - 1
            inputs = task.degrade(real, settings, random)
            fake = G(inputs)

            D.requires_grad_(True)
            adam_D.zero_grad()
            loss_fake = judged(inputs, fake.detach(), False)
            loss_real = judged(inputs, real, True)
            ((loss_fake + loss_real) / 2).backward()
            adam_D.step()

            D.requires_grad_(False)
            adam_G.zero_grad()
            loss_G = judged(inputs, fake, True)
            loss_l1 = L1_WEIGHT * l1(fake, real)
            (loss_G + loss_l1).backward()
            adam_G.step()

            for loss in (loss_fake, loss_real, loss_G, loss_l1):
                loss.item()
            yield G
