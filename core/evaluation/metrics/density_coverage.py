"""Density, mean number of real balls around a generated image; coverage, share of real balls with a generated image.

A ball reaches to the fifth nearest neighbor, and density is divided by 5, so that both are near 1 for equal sets;
density may exceed 1. Dropped modes lower coverage but not density.
"""

from __future__ import annotations

from core.evaluation.metrics import ImageSet, Work
from core.evaluation.metrics.knn_balls import inside, radii, share
from core.language import _

TITLE = "Density and coverage"
RANK = 4
PAPER = "Naeem, Oh, Uh, Choi, Yoo 2020, Reliable fidelity and diversity metrics, arXiv:2002.09797"
NUMBERS = {"density": _("Density"), "coverage": _("Coverage")}
MEANINGS = {
    "density": _(
        "How many real neighborhoods each generated image lies in, about 1 for equal sets. Missing kinds of images do "
        "not lower it."
    ),
    "coverage": _(
        "Share of real images with a generated one in their neighborhood. It falls when kinds of images are missing."
    ),
}
HIGHER_IS_BETTER = True
NEEDS = ("features",)
KINDS = ("generation",)

K = 5


def measure(fake: ImageSet, real: ImageSet) -> Work[dict[str, float]]:
    assert fake.features is not None
    assert real.features is not None
    found = yield from inside(fake.features, real.features, (yield from radii(real.features, K)))
    return {"density": float(found.balls.double().mean()) / K, "coverage": share(found.hit)}
