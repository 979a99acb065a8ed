"""Content loss: the difference of two images in the features of a network trained on photos.

Ledig et al. 2017, arXiv:1609.04802 (SRGAN), section 2.2.1, and Wang et al. 2018, arXiv:1809.00219 (ESRGAN), section
3.3, take VGG-19. Here it is EfficientNet-Lite0, whose weights come in a package, at the end of four of its stages,
where no activation has cut the features off.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from core.distributed.collectives import mean
from core.models.efficientnet import efficientnet

BLOCKS = (0, 2, 4, 10)
"""Blocks whose outputs are compared: 16, 24, 40 and 112 channels at 1/2, 1/4, 1/8 and 1/16 of the size."""
SMALLEST = 64
"""Smaller side in pixels to which smaller images are enlarged, so that the coarsest feature map still has a shape."""


class ContentDistance(nn.Module):
    """Mean over feature maps of |f(x) - f(t)| / mean |f(t)|, with means over channels and pixels (L1).

    The weights are frozen. It computes in float32, whatever the number format of the training.
    """

    def __init__(self) -> None:
        """Loads the weights. Raises `UserError` where their package is not installed."""
        super().__init__()
        network = efficientnet().requires_grad_(False)
        self.stem, self.blocks = network.stem, network.blocks[: max(BLOCKS) + 1]

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Returns the distance of images (N, 1 or 3, h, w) in [-1, 1] to targets, differentiable by the images."""
        with torch.autocast(images.device.type, enabled=False):
            with torch.no_grad():
                wanted = self._maps(targets)
            distances = [
                (made - aim).abs().mean() / mean(aim.abs())
                for made, aim in zip(self._maps(images), wanted, strict=True)
            ]
            return torch.stack(distances).mean()

    def _maps(self, images: Tensor) -> list[Tensor]:
        images = images.float().expand(-1, 3, -1, -1)
        factor = SMALLEST / min(images.shape[2:])
        if factor > 1:
            images = interpolate(images, scale_factor=factor, mode="bilinear")
        x, found = self.stem(images), []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in BLOCKS:
                found.append(x)
        return found
