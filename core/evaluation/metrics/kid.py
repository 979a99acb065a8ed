"""KID, squared maximum mean discrepancy of features under a cubic kernel; unbiased for any number of images.

k(x, y) = (x . y / F + 1)^3, mean and standard deviation over 100 pairs of random subsets of 1000 (or all, if fewer), by
torch-fidelity's sampling and estimator. Because it is unbiased, it can be slightly below 0 for similar sets.
"""

from __future__ import annotations

import numpy as np
from torch_fidelity.defaults import DEFAULTS
from torch_fidelity.metric_kid import mmd2

from core.evaluation.metrics import Floats, ImageSet, Work
from core.language import _

TITLE = "Kernel distance"
RANK = 1
PAPER = "Binkowski, Sutherland, Arbel, Gretton 2018, Demystifying MMD GANs, arXiv:1801.01401"
NUMBERS = {"kid": _("KID"), "kid_std": _("KID, standard deviation over subsets")}
MEANINGS = {
    "kid": _(
        "Distance between the features of generated and real images: about 0 for equal sets, also with few images."
    ),
    "kid_std": _("± is the standard deviation over random subsets: a smaller difference is noise."),
}
HIGHER_IS_BETTER = False
NEEDS = ("features",)
KINDS = ("generation", "unpaired")

SUBSETS = int(DEFAULTS["kid_subsets"])
SIZE = int(DEFAULTS["kid_subset_size"])


def measure(fake: ImageSet, real: ImageSet) -> Work[dict[str, float]]:
    assert fake.features is not None
    assert real.features is not None
    size = min(SIZE, len(fake.features), len(real.features))
    random = np.random.RandomState(DEFAULTS["rng_seed"])
    found = []
    for _subset in range(SUBSETS):
        one, other = (side[random.choice(len(side), size, replace=False)] for side in (fake.features, real.features))
        found.append(mmd2(_kernel(one, one), _kernel(one, other), _kernel(other, other)))
        yield
    return {"kid": float(np.mean(found)), "kid_std": float(np.std(found))}


def _kernel(x: Floats, y: Floats) -> Floats:
    values = x @ y.T
    values /= x.shape[1]
    values += 1
    cubes: Floats = values * values * values  # a power takes ten times as long
    return cubes
