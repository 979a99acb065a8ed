"""Health checks of prepared images: duplicates, blank images and their number.

Each returns a `HealthFinding`; severity "good" means no problem.
"""

from __future__ import annotations

import numpy as np

from core.data.dataset import Dataset
from core.data.health.findings import HealthFinding, Remedy, RowNumbers, no_rows, severity_of
from core.language import _, plural, sentences
from core.presets import augmentation_for

ENOUGH, ENOUGH_AUGMENTED = 2000, 500
"""Number of 64 px images from which a discriminator does not soon memorize them, without and with augmentation.

A discriminator memorizes fewer than some thousand images; with augmentation, some hundred are enough (Karras et al.
2020, ADA, arXiv:2006.06676; Zhao et al. 2020, DiffAugment, arXiv:2006.10738). The number grows with the image side.
"""
FAR_TOO_FEW = 4
"""Ratio of enough images to existing ones from which memorization is certain."""
_AUGMENTATIONS = {"diffaug": "DiffAugment", "ada": "ADA"}


def exact_duplicates(groups: list[RowNumbers], total: int) -> HealthFinding:
    """Returns the finding about groups of identical images among `total` images."""
    if not groups:
        return HealthFinding("exact_duplicates", "good", _("No exact duplicates."))
    copies = all_but_first(groups)
    return HealthFinding(
        "exact_duplicates",
        severity_of(len(copies), total),
        plural("{count} exact duplicate.", "{count} exact duplicates.", len(copies)),
        _("Leave out duplicates: they are seen more often in training. One image of each group stays."),
        tuple(groups),
        copies,
    )


def near_duplicates(groups: list[RowNumbers], total: int) -> HealthFinding:
    """Returns the finding about groups of similar images among `total` images."""
    if not groups:
        return HealthFinding("near_duplicates", "good", _("No near-duplicates."))
    copies = all_but_first(groups)
    return HealthFinding(
        "near_duplicates",
        severity_of(len(copies), total),
        plural("{count} near-duplicate.", "{count} near-duplicates.", len(copies)),
        _("Review each group and leave out images that you do not need. The largest image of each group stays."),
        tuple(groups),
        copies,
    )


def all_but_first(groups: list[RowNumbers]) -> RowNumbers:
    """Returns all rows except the first of each group, ascending."""
    return np.sort(np.concatenate([no_rows(), *(group[1:] for group in groups)]))


def near_empty(rows: RowNumbers, total: int) -> HealthFinding:
    """Returns the finding about blank images among `total` images."""
    if not len(rows):
        return HealthFinding("near_empty", "good", _("No blank images."))
    return HealthFinding(
        "near_empty",
        severity_of(len(rows), total),
        plural("{count} blank image.", "{count} blank images.", len(rows)),
        _("Leave out blank images, unless the generator should produce some."),
        (rows,),
        rows,
    )


def few_images(different: int, dataset: Dataset, augment: str) -> HealthFinding:
    """Returns the finding about the size of the dataset.

    `different`: number of images without exact duplicates. Augmentation is suggested where the default preset uses it.
    """
    side = max(dataset.size)
    wanted = augmentation_for(different, side) if augment == "none" else augment
    enough = (ENOUGH_AUGMENTED if wanted == augment else ENOUGH) * max(side, 64) / 64
    remedies = [Remedy(_("Mirror"), {"mirror": True})]
    if wanted != "none":
        title = _("Augment: {name}").format(name=_AUGMENTATIONS[wanted])
        remedies.insert(0, Remedy(title, {"augment": wanted}))
    if different >= enough:
        text = plural(
            "{count} different image: enough for training.", "{count} different images: enough for training.", different
        )
        return HealthFinding("few_images", "good", text, remedies=tuple(remedies))
    grave = different * FAR_TOO_FEW < enough
    text = plural(
        "Only {count} image: the discriminator may memorize it, and results will stop improving.",
        "Only {count} images: the discriminator may memorize them, and results will stop improving.",
        different,
    )
    if grave:
        text = plural(
            "Only {count} image: the discriminator will memorize it, and results will stop improving.",
            "Only {count} images: the discriminator will memorize them, and results will stop improving.",
            different,
        )
    advice = _("Mirror the images if left and right do not matter. Add images, or train at a lower resolution.")
    return HealthFinding(
        "few_images",
        "warning" if grave else "note",
        text,
        sentences(_("Turn on augmentation."), advice) if wanted != augment else advice,
        remedies=tuple(remedies),
    )
