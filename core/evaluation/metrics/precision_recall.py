"""Precision, share of generated images within real balls; recall, share of real images within generated balls.

A ball about an image reaches to its third nearest neighbor in the same set. Dropped modes lower recall but not
precision; odd images lower precision. Both have a weakness: images that shrink toward the middle of the other set count
as inside, so images that lose contrast gain precision. A single outlier has a large ball; density and coverage are more
robust.

The symmetric numbers are the lower of two shares: the one above, and the share of images whose own ball holds an image
of the other set.
"""

from __future__ import annotations

from core.evaluation.metrics import ImageSet, Work
from core.evaluation.metrics.knn_balls import inside, radii, share
from core.language import _

TITLE = "Precision and recall"
RANK = 3
PAPER = (
    "Kynkaanniemi, Karras, Laine, Lehtinen, Aila 2019, arXiv:1904.06991; symmetric: Khayatkhoei, AbdAlmageed 2023, "
    "arXiv:2306.09618"
)
NUMBERS = {
    "precision": _("Precision"),
    "recall": _("Recall"),
    "symmetric_precision": _("Symmetric precision"),
    "symmetric_recall": _("Symmetric recall"),
}
MEANINGS = {
    "precision": _("Share of generated images that look like real ones. Missing kinds of images do not lower it."),
    "recall": _("Share of real images that the generator covers. It falls when kinds of images are missing."),
    "symmetric_precision": _(
        "The lower of precision and the share of generated images with a real one in their own neighborhood."
    ),
    "symmetric_recall": _(
        "The lower of recall and the share of real images with a generated one in their own neighborhood."
    ),
}
HIGHER_IS_BETTER = True
NEEDS = ("features",)
KINDS = ("generation",)

K = 3


def measure(fake: ImageSet, real: ImageSet, k: int = K) -> Work[dict[str, float]]:
    assert fake.features is not None
    assert real.features is not None
    among_real = yield from inside(fake.features, real.features, (yield from radii(real.features, k)))
    among_fake = yield from inside(real.features, fake.features, (yield from radii(fake.features, k)))
    precision, recall = share(among_real.balls > 0), share(among_fake.balls > 0)
    return {
        "precision": precision,
        "recall": recall,
        "symmetric_precision": min(precision, share(among_fake.hit)),
        "symmetric_recall": min(recall, share(among_real.hit)),
    }
