"""Health checks of classes, and of folders that are not used as classes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.data.health.findings import MOST_REASONS, HealthFinding, Remedy
from core.data.names import Inside, natural, quoted
from core.data.source import MOST_CLASSES, class_level, is_for_training, split_level, training_level
from core.language import _, listed, number, plural, sentences

IMBALANCE = 5
"""Ratio to the largest class from which a class is too rare to be learned well."""
FEW_OF_A_CLASS = 50
"""Images below which a class counts as small."""


def classes(dataset: Dataset) -> HealthFinding:
    """Returns the finding about class sizes. The dataset must have labels."""
    assert dataset.labels is not None
    counts = np.array(list(class_counts(dataset).values()))
    least, most = int(counts.min()), int(counts.max())
    smallest, largest = (quoted(dataset.classes[at]) for at in (counts.argmin(), counts.argmax()))
    if least == most:
        told = plural("each has {count} image", "each has {count} images", most)
    else:
        told = plural(
            "{smallest} has {count} image, {largest} has {most}",
            "{smallest} has {count} images, {largest} has {most}",
            least,
            smallest=smallest,
            largest=largest,
            most=number(most),
        )
    scarce = np.flatnonzero((counts * IMBALANCE <= most) | (counts < FEW_OF_A_CLASS))
    if not len(scarce):
        text = _("Each of the {count} classes has enough images: {sizes}.").format(
            count=number(len(counts)), sizes=told
        )
        return HealthFinding("classes", "good", text)
    return HealthFinding(
        "classes",
        "warning" if least * IMBALANCE <= most else "note",
        plural(
            "{count} of {all} classes has few images: {sizes}.",
            "{count} of {all} classes have few images: {sizes}.",
            len(scarce),
            all=number(len(counts)),
            sizes=told,
        ),
        _("Add images to these classes, merge classes, or train without labels: rare classes are learned badly."),
        tuple(np.flatnonzero(dataset.labels == label) for label in scarce),
    )


def class_counts(dataset: Dataset) -> dict[str, int]:
    """Returns the number of images of each class; empty without labels."""
    if dataset.labels is None:
        return {}
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    return dict(zip(dataset.classes, counts.tolist(), strict=True))


def folders(dataset: Dataset, how: Preparation) -> list[HealthFinding]:
    """Returns a finding that explains why folders of images are not used as classes, or that they split the dataset;
    empty otherwise."""
    kept = [_folder(name) for name in dataset.records.all_names()]
    level, parts = class_level(set(kept))
    split = split_level(set(kept))[1]
    train_only = Remedy(_("Train folder only"), {"split": "train"})
    if how.split == "train" and any(is_for_training((*path, ""), len(path)) for path in kept):
        text = _("Only images in the train folder are used.")
        return [HealthFinding("folders", "good", text, remedies=(train_only,))]
    divided = ""
    if parts:
        divided = _("The folders {names} are splits of a dataset, not classes.").format(names=_listed(parts))
    if dataset.labels is None and (why := _no_classes(dataset, kept, level, bool(parts))):
        what, what_to_do = why
    elif split and not parts:  # folders such as trainA and testA
        what = _("The folders {names} split the dataset. Images from all of them are used.").format(
            names=_listed(split)
        )
        what_to_do = _("Train on the train folders only to keep the others for a test.")
    elif divided:
        what, what_to_do = _("Images from all of them are used."), _("Open one of them to train on it alone.")
    else:
        return []
    remedies = (train_only,) if training_level(set(kept)) else ()
    return [HealthFinding("folders", "note", sentences(divided, what), what_to_do, remedies=remedies)]


def _no_classes(dataset: Dataset, kept: list[Inside], level: int, parts: bool) -> tuple[str, str] | None:
    """Returns why the folders on that level are not classes, and a remedy.

    `kept`: folder of each image; `parts`: whether folders above that level split the dataset.
    """
    inside = {path[level] for path in kept if len(path) > level}
    if len(inside) < 2:
        return None
    deep = [path for path in kept if len(path) > level + 1]
    names = _listed(inside)
    elsewhere = _("Move the other images into a folder of their own, or out of the dataset.")
    if len(inside) > MOST_CLASSES:
        many = _("{count} folders are too many to be classes; the limit is {limit}.")
        many = many.format(count=number(len(inside)), limit=number(MOST_CLASSES))
        return many, _("Merge folders, or train without labels.")
    if deep:
        within = "/".join(deep[0][: level + 1])
        what = plural(
            "The folders {names} are not used as classes, because {count} image is in their subfolders.",
            "The folders {names} are not used as classes, because {count} images are in their subfolders.",
            len(deep),
            names=names,
        )
        return what, _("Open the folder whose subfolders are the classes, such as {name}.").format(name=quoted(within))
    if count := sum(len(path) <= level for path in kept):
        if parts:
            within = next("/".join(path[:level]) for path in kept if len(path) > level)
            elsewhere = _("Open {name}, whose subfolders are the classes.").format(name=quoted(within))
        what = plural(
            "The folders {names} are not used as classes, because {count} image is outside them.",
            "The folders {names} are not used as classes, because {count} images are outside them.",
            count,
            names=names,
        )
        return what, elsewhere
    # Classes are found from all listed files, before it is known which of them can be read or are excluded.
    others = [each.name for each in dataset.skipped if each.kind in ("unreadable", "too_large") or each.passing]
    for name in (*others, *dataset.excluded):
        if len(_folder(name)) != level + 1:
            what = _("The folders {names} are not used as classes, because the skipped file {file} is outside them.")
            return what.format(names=names, file=quoted(name)), elsewhere
    return None


def _folder(name: str) -> Inside:
    return tuple(name.split("/")[:-1])


def _listed(names: Iterable[str]) -> str:
    """Returns the first few names, in quotes."""
    some = sorted(names, key=natural)[:MOST_REASONS]
    return listed(map(quoted, some))
