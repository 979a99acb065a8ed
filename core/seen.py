"""What the discriminator is shown of images, in training and for people to look at."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.augment import LARGEST_P, Augment
from core.config import Settings
from core.events import Images
from core.sampler import to_images


def shown(images: Tensor, augment: Augment, settings: Settings, seen: int) -> Tensor:
    """Images NCHW in [-1, 1], augmented, under noise that has faded for `seen` images."""
    images = augment(images, settings)
    fade = 1000 * settings.instance_noise_kimg
    noise = settings.instance_noise * (max(1.0 - seen / fade, 0.0) if fade else 1.0)
    return images + noise * torch.randn_like(images) if noise else images


@torch.no_grad()
def sheet(images: Images, settings: Settings, seed: int, augment: Augment | None = None, seen: int = 0) -> Images:
    """The same of uint8 images NHWC, mirrored as in training, on the CPU.

    Without the `augment` of a training, ADA is as strong as it can become. Torch's random numbers stay as they were; no
    training may draw from them meanwhile.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        own = Augment(torch.device("cpu"))
        own.p.fill_(augment.p.item() if augment else LARGEST_P)
        batch = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float().div(127.5).sub(1.0)
        if settings.mirror:
            batch = torch.where((torch.rand(len(batch)) < 0.5)[:, None, None, None], batch.flip(3), batch)
        return to_images(shown(batch, own, settings, seen))
