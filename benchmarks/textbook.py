"""Textbook DCGAN loop as in tutorials, for comparison with the trainer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from core.data.dataset import Dataset
from core.models import Shape, build
from core.presets import preset


def steps(dataset: Dataset, batch: int, seed: int = 0, device: str = "cpu") -> Iterator[nn.Module]:
    """Yields after each of endless training steps of the `dcgan` networks: fp32, BCE loss, Adam, `.item()` for logs.

    The value is the generator of z (N, 100), on the device. Like tutorials, it reads prepared images (from memory,
    which is in its favor) and updates D, then G.
    """
    torch.manual_seed(seed)
    G, D = build("dcgan", Shape.of(preset("dcgan").apply(resolution=dataset.size[0]), dataset.images.shape[1]))
    G, D = G.to(device), D.to(device)
    loss = nn.BCEWithLogitsLoss()
    adam_D = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
    adam_G = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
    images = torch.from_numpy(np.array(dataset.images)).to(device)
    while True:
        for chosen in torch.randperm(len(images)).to(device).split(batch)[:-1]:
            real = images[chosen].float() / 127.5 - 1
            ones, zeros = torch.ones(len(real), device=device), torch.zeros(len(real), device=device)

            D.zero_grad()
            output = D(real)
            loss_real = loss(output, ones)
            loss_real.backward()
            output.sigmoid().mean().item()
            fake = G(torch.randn(len(real), 100, device=device))
            output = D(fake.detach())
            loss_fake = loss(output, zeros)
            loss_fake.backward()
            output.sigmoid().mean().item()
            adam_D.step()

            G.zero_grad()
            output = D(fake)
            loss_G = loss(output, ones)
            loss_G.backward()
            output.sigmoid().mean().item()
            adam_G.step()
            (loss_real + loss_fake).item()
            loss_G.item()
            yield G
