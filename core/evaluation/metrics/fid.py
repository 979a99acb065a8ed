"""FID, Frechet distance of the normal distributions with the means and covariances of both sets of features.

|mu_1 - mu_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2)), by torch-fidelity's functions. Few images bias it upward, to a
degree that depends on the generator: compare at equal counts, and together with KID.
"""

from __future__ import annotations

import torch
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric

from core.concurrency import run_in_thread
from core.evaluation.metrics import Floats, ImageSet, Work
from core.language import _

TITLE = "Frechet distance"
RANK = 0
PAPER = "Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter 2017, arXiv:1706.08500"
NUMBERS = {"fid": _("FID")}
MEANINGS = {
    "fid": _("Distance between the features of generated and real images: 0 for equal sets, higher with fewer images."),
}
HIGHER_IS_BETTER = False
NEEDS = ("features",)
KINDS = ("generation", "unpaired")


def measure(fake: ImageSet, real: ImageSet) -> Work[dict[str, float]]:
    assert fake.features is not None
    assert real.features is not None
    one, other = fake.features, real.features
    return {"fid": (yield from run_in_thread(lambda: frechet(one, other), None))}


def frechet(one: Floats, other: Floats) -> float:
    """Computes the FID of two sets of features (N, F): seconds for Inception's 2048 features, milliseconds for 64."""
    statistics = [fid_features_to_statistics(torch.from_numpy(features)) for features in (one, other)]
    return float(fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID])
