"""Pool of past translations, so that a discriminator does not forget them (Shrivastava et al. 2017, arXiv:1612.07828;
CycleGAN, section 4)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from core.distributed.collectives import gathered, own


class ImagePool:
    """Past images. The first batch fills it; of each later one, half is exchanged for images of the pool.

    Nothing here waits for the device, and the pool keeps its place there.
    """

    def __init__(self, size: int, device: torch.device) -> None:
        """`size`: number of images; 0 for no pool."""
        self._size, self._device = size, device
        self._images: Tensor | None = None

    def exchanged(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Returns images NCHW, each with probability 1/2 a past one, whose place in the pool it takes."""
        if not self._size:
            return images
        images = gathered(images)
        if self._images is None:
            self._images = self._filled(images)
        count = min(len(images), self._size)
        places = torch.rand(self._size, generator=random, device=self._device).argsort()[:count]
        swaps = torch.rand(count, 1, 1, 1, generator=random, device=self._device) < 0.5
        past, new = self._images[places], images[:count]
        self._images[places] = torch.where(swaps, new, past)
        return own(torch.cat([torch.where(swaps, past, new), images[count:]]))

    def state(self) -> dict[str, Tensor]:
        """Returns the images, for a checkpoint."""
        return {} if self._images is None else {"images": self._images}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Restores the images of a checkpoint, whose pool may have had another size."""
        images = state.get("images") if self._size else None
        self._images = None if images is None else self._filled(images.to(self._device))

    def _filled(self, images: Tensor) -> Tensor:
        return images.repeat(-(-self._size // len(images)), 1, 1, 1)[: self._size].clone()
