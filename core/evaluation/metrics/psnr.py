"""Peak signal-to-noise ratio of translations against their targets: mean over the images, in dB.

10 log10(255^2 / mean squared error). It prefers the mean of all plausible images, which is soft, to a sharp one, and
falls with any shift of the image.
"""

from __future__ import annotations

from core.evaluation.metrics import ImageSet, Work
from core.evaluation.metrics.pair_means import mean_of_pairs
from core.imaging.quality import psnr
from core.language import _

TITLE = "Peak signal-to-noise ratio"
RANK = 6
PAPER = "Blau, Michaeli 2018, The perception-distortion tradeoff, arXiv:1711.06077"
NUMBERS = {"psnr": _("PSNR")}
MEANINGS = {
    "psnr": _("Agreement with the targets in dB: 3 dB more is half the squared error. Soft images can score high."),
}
HIGHER_IS_BETTER = True
NEEDS = ("pairs",)
KINDS = ("paired",)


def measure(fake: ImageSet, real: ImageSet) -> Work[dict[str, float]]:
    return {"psnr": (yield from mean_of_pairs(psnr, fake, real))}
