"""Structural similarity of translations and their targets: mean over windows, channels and images.

Windows of 11 x 11 pixels with Gaussian weights. It compares brightness, contrast and structure, and sees blur better
than PSNR does.
"""

from __future__ import annotations

from core.evaluation.metrics import ImageSet, Work
from core.evaluation.metrics.pair_means import mean_of_pairs
from core.imaging.quality import ssim
from core.language import _

TITLE = "Structural similarity"
RANK = 7
PAPER = "Wang, Bovik, Sheikh, Simoncelli 2004; Nilsson, Akenine-Moller 2020, arXiv:2006.13846"
NUMBERS = {"ssim": _("SSIM")}
MEANINGS = {"ssim": _("Agreement of structures with the targets: 1 is equal, 0 is unrelated.")}
HIGHER_IS_BETTER = True
NEEDS = ("pairs",)
KINDS = ("paired",)


def measure(fake: ImageSet, real: ImageSet) -> Work[dict[str, float]]:
    return {"ssim": (yield from mean_of_pairs(ssim, fake, real))}
