"""Precision: generated images that lie where real ones do. Recall: real images that lie where generated ones do.

"Where" is inside the ball about any image of the other set that reaches to its third neighbour. Dropped modes lower
recall and leave precision as it is; images that are off lower precision. One stray image has a large ball: density and
coverage are less easily fooled.
"""

from __future__ import annotations

from core.metrics import Side, Work
from core.metrics.balls import inside, radii, share

TITLE = "Precision and recall"
PAPER = "Kynkaanniemi, Karras, Laine, Lehtinen, Aila 2019, arXiv:1904.06991"
NUMBERS = {"precision": "Precision", "recall": "Recall"}
HIGHER_IS_BETTER = True
NEEDS = ("features",)

K = 3


def measure(fake: Side, real: Side, k: int = K) -> Work[dict[str, float]]:
    assert fake.features is not None
    assert real.features is not None
    precise = yield from inside(fake.features, real.features, (yield from radii(real.features, k)))
    recalled = yield from inside(real.features, fake.features, (yield from radii(fake.features, k)))
    return {"precision": share(precise.balls > 0), "recall": share(recalled.balls > 0)}
