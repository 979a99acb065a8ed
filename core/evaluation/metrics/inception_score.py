"""Inception Score: high if a classifier is sure of each image and all classes occur.

exp(mean KL(p(y|x) | p(y))), mean and standard deviation over 10 parts, by torch-fidelity's function. It does not use
real images, and does not see blur that leaves the class clear, nor variety within a class.
"""

from __future__ import annotations

import torch
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, KEY_METRIC_ISC_STD, isc_features_to_metric

from core.evaluation.metrics import ImageSet, Work
from core.language import _

TITLE = "Inception Score"
RANK = 2
PAPER = "Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen 2016, arXiv:1606.03498"
NUMBERS = {"is": _("Inception Score"), "is_std": _("Inception Score, standard deviation over parts")}
MEANINGS = {
    "is": _("How surely a classifier names each image, and how many classes it finds. It never sees a real image."),
    "is_std": _("± is the standard deviation over tenths of the images: a smaller difference is noise."),
}
HIGHER_IS_BETTER = True
NEEDS = ("logits",)
KINDS = ("generation",)


def measure(fake: ImageSet, real: ImageSet) -> Work[dict[str, float]]:
    assert fake.logits is not None
    yield
    found = isc_features_to_metric(torch.from_numpy(fake.logits))
    return {"is": float(found[KEY_METRIC_ISC_MEAN]), "is_std": float(found[KEY_METRIC_ISC_STD])}
