"""Patch discriminator (PatchGAN) of pix2pix and CycleGAN: it judges every patch of an image for itself.

Isola et al. 2017, arXiv:1611.07004, section 3.2.2 and appendix 6.1.2.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from core.distributed.layers import BatchNorm2d
from core.models.layers import initialize_dcgan

FIELDS = {16: 1, 34: 2, 70: 3, 142: 4}
"""Sides of the patches in pixels, and the number of halvings after the first that have them."""
NORMS = {"batch": BatchNorm2d, "instance": nn.InstanceNorm2d}


class PatchDiscriminator(nn.Module):
    """C64-C128-C256-C512 for patches of 70 x 70, in the names of the paper, at 64 base channels."""

    def __init__(self, channels: int, width: int, field: int, norm: str) -> None:
        """`channels`: of the images, those of a condition included. `field`: one of `FIELDS`. `norm`: `batch`,
        `instance`, `spectral` or `none`."""
        super().__init__()
        self.channels = channels
        spectral = spectral_norm if norm == "spectral" else lambda layer: layer
        layers: list[nn.Module] = [spectral(nn.Conv2d(channels, width, 4, 2, 1)), nn.LeakyReLU(0.2)]
        before = width
        for level in range(1, FIELDS[field] + 1):
            after, stride = width * min(1 << level, 8), 2 if level < FIELDS[field] else 1
            normalization = [NORMS[norm](after)] if norm in NORMS else []
            layers.append(spectral(nn.Conv2d(before, after, 4, stride, 1, bias=norm != "batch")))
            layers += [*normalization, nn.LeakyReLU(0.2)]
            before = after
        self.layers = nn.Sequential(*layers, spectral(nn.Conv2d(before, 1, 4, 1, 1)))
        initialize_dcgan(self)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, channels, h, w) to logits (N, rows, columns) of patches."""
        logits: Tensor = self.layers(images)
        return logits[:, 0]
