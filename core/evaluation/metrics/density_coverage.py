"""Density: in how many real images' balls a generated one lies. Coverage: real images with a generated one in theirs.

A ball reaches to the fifth neighbor, and density is divided by that number, so that both are near 1 for sets that are
alike; density may be above. Dropped modes lower coverage and leave density as it is.
"""

from __future__ import annotations

from core.evaluation.metrics import ImageSet, Work
from core.evaluation.metrics.knn_balls import inside, radii, share

TITLE = "Density and coverage"
RANK = 4
PAPER = "Naeem, Oh, Uh, Choi, Yoo 2020, Reliable fidelity and diversity metrics, arXiv:2002.09797"
NUMBERS = {"density": "Density", "coverage": "Coverage"}
MEANINGS = {
    "density": "How many real neighborhoods each generated image lies in, about 1 for equal sets."
    " Missing kinds of images do not lower it.",
    "coverage": "Share of real images with a generated one in their neighborhood. It falls when"
    " kinds of images are missing.",
}
HIGHER_IS_BETTER = True
NEEDS = ("features",)

K = 5


def measure(fake: ImageSet, real: ImageSet) -> Work[dict[str, float]]:
    assert fake.features is not None
    assert real.features is not None
    found = yield from inside(fake.features, real.features, (yield from radii(real.features, K)))
    return {"density": float(found.balls.double().mean()) / K, "coverage": share(found.hit)}
