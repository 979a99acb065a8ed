"""The plain recipe: a preset's networks in a training loop as tutorials and papers' code write it.

It is eager fp32 with torch's defaults (TF32 in convolutions, not in products), in torch's usual memory layout, with
`torch.optim.Adam`, images in the device's memory, and `.item()` of each loss and of the mean scores at each update.
It has no averaged generator, augmentation, signals, reports or grids, which only makes it faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import textbook
from core.config.settings import Settings
from core.data.dataset import Dataset
from core.generator_inputs import Conditions
from core.losses import Targets, loss, penalties
from core.models.conditioning import build_pair, draw


def steps(settings: Settings, dataset: Dataset) -> Iterator[object]:
    """Yields after each step of the plain recipe: `d_steps` updates of D, each with generated images of its own, and
    one of G. Of the `dcgan` preset it is `benchmarks.textbook`."""
    if settings.preset == "dcgan":
        return textbook.steps(dataset, settings.batch, device=settings.device)
    return _steps(settings, dataset, torch.device(settings.device))


def _steps(settings: Settings, dataset: Dataset, device: torch.device) -> Iterator[None]:
    torch.manual_seed(settings.seed)
    random = torch.Generator(device).manual_seed(settings.seed)
    conditions = Conditions.of(settings, len(dataset.classes))
    G, D = (network.to(device) for network in build_pair(settings, dataset.images.shape[1], conditions))
    betas = settings.beta1, settings.beta2
    adam_D = torch.optim.Adam(D.parameters(), settings.lr_d, betas)
    adam_G = torch.optim.Adam(G.parameters(), settings.lr_g, betas)
    game = loss(settings.loss)
    batches = _batches(torch.from_numpy(np.array(dataset.images)).to(device), settings.batch)
    labels = torch.zeros(settings.batch, dtype=torch.int64, device=device)
    updates = count()
    while True:
        for _ in range(settings.d_steps):
            real = next(batches)
            drawn = draw(labels, settings.latent_dim, conditions, random)
            with torch.no_grad():
                fake = G(drawn)
            critic = partial(_logits, D, drawn.classes)
            is_due = bool(settings.penalties) and next(updates) % settings.penalty_interval == 0
            if is_due:
                real.requires_grad_("real" in penalties.inputs(settings))
                fake.requires_grad_("fake" in penalties.inputs(settings))
            of_real, of_fake = critic(real), critic(fake)
            d_loss = game.discriminator(of_real, of_fake, Targets())
            if is_due:
                batch = penalties.DiscriminatorBatch(critic, real, fake, of_real, of_fake)
                d_loss = d_loss + settings.penalty_interval * penalties.weighted(settings, batch)
            adam_D.zero_grad()
            d_loss.backward()
            adam_D.step()
            _log(d_loss, of_real.mean(), of_fake.mean())
        drawn = draw(labels, settings.latent_dim, conditions, random)
        of_fake = _logits(D, drawn.classes, G(drawn))
        of_real = _logits(D, drawn.classes, real.detach()) if game.PAIRED else torch.zeros_like(of_fake)
        g_loss = game.generator(of_real, of_fake)
        adam_G.zero_grad()
        g_loss.backward()
        adam_G.step()
        _log(g_loss, of_fake.mean())
        yield


def _batches(images: Tensor, batch: int) -> Iterator[Tensor]:
    """Endless batches (N, C, H, W) in [-1, 1]."""
    while True:
        for chosen in torch.randperm(len(images), device=images.device).split(batch):
            if len(chosen) == batch:
                yield images[chosen].float() / 127.5 - 1


def _logits(D: nn.Module, classes: Tensor, images: Tensor) -> Tensor:
    logits: Tensor = D(images, classes).logits
    return logits


def _log(*numbers: Tensor) -> None:
    for number in numbers:
        number.item()
