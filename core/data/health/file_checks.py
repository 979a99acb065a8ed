"""Health checks of the files, folders and classes of a dataset.

Each returns one or several `HealthFinding`s; severity "good" means no problem. Checks only inform: no dataset is
refused here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.data.health.findings import HealthFinding, Remedy, severity_of
from core.data.items import REMEDIES, SkippedKind, listed
from core.data.names import Inside, natural, quoted
from core.data.source import MOST_CLASSES, class_level, is_for_training, split_level, training_level
from core.language import _, number, plural, sentences
from core.language import listed as joined

IMBALANCE = 5
"""Ratio to the largest class from which a class is too rare to be learned well."""
FEW_OF_A_CLASS = 50
"""Images below which a class counts as small."""
MOST_REASONS = 3
"""Number of reasons in a finding's text, most frequent first. The list of files has all of them."""

_LEFT_OUT: Mapping[SkippedKind, Callable[[int, str], str]] = {
    "unreadable": lambda count, reasons: plural(
        "{count} file cannot be read and is left out ({reasons}).",
        "{count} files cannot be read and are left out ({reasons}).",
        count,
        reasons=reasons,
    ),
    "too_large": lambda count, reasons: plural(
        "{count} file is too large and is left out ({reasons}).",
        "{count} files are too large and are left out ({reasons}).",
        count,
        reasons=reasons,
    ),
    "inaccessible": lambda count, reasons: plural(
        "{count} file could not be opened and is left out ({reasons}).",
        "{count} files could not be opened and are left out ({reasons}).",
        count,
        reasons=reasons,
    ),
    "refused": lambda count, reasons: plural(
        "{count} file in the archive is left out ({reasons}).",
        "{count} files in the archive are left out ({reasons}).",
        count,
        reasons=reasons,
    ),
    "other_formats": lambda count, reasons: plural(
        "{count} file in unsupported image formats is left out ({reasons}).",
        "{count} files in unsupported image formats are left out ({reasons}).",
        count,
        reasons=reasons,
    ),
    "unlabelled": lambda count, reasons: plural(
        "{count} image without a class is left out ({reasons}).",
        "{count} images without a class are left out ({reasons}).",
        count,
        reasons=reasons,
    ),
    "containers": lambda count, reasons: plural(
        "{count} file with other data (archives, videos, arrays) is not opened ({reasons}).",
        "{count} files with other data (archives, videos, arrays) are not opened ({reasons}).",
        count,
        reasons=reasons,
    ),
}
"""Text of a finding about a number of skipped files, by kind."""
_NOT_USED: Mapping[SkippedKind, str] = {
    "incomplete": _("{name} is only partly read: {reason}."),
    "labels": _("The labels in {name} are not used: {reason}."),
    "arrays": _("The array {name} is not used: {reason}."),
    "absent": _("{name}: {reason}."),
    "unknown": _("{reason}."),
}
"""Sentence about a skipped item that is not a single image, by kind."""


def left_out(dataset: Dataset) -> list[HealthFinding]:
    """Returns a finding for each kind of skipped file or unused label file."""
    if not dataset.skipped:
        return [HealthFinding("unreadable", "good", _("All files can be read."))]
    kinds: dict[SkippedKind, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for each in dataset.skipped:
        kinds[each.kind][each.reason].append(each.name)
    return [_left_out(dataset, kind, names) for kind, names in kinds.items()]


def _left_out(dataset: Dataset, kind: SkippedKind, names: Mapping[str, list[str]]) -> HealthFinding:
    count = sum(map(len, names.values()))
    remedy, severity = REMEDIES[kind], severity_of(count, count + len(dataset.images))
    if kind in _LEFT_OUT:
        commonest = sorted(names, key=lambda reason: -len(names[reason]))
        counts = [_("{count}: {reason}").format(count=number(len(names[each])), reason=each) for each in commonest]
        text = _LEFT_OUT[kind](count, listed(counts, MOST_REASONS))
    else:
        text = _said(kind, names)
        severity = "warning" if kind == "labels" and dataset.labels is None else "note"
    return HealthFinding(
        kind, severity, text, remedy, skipped={reason: tuple(files) for reason, files in names.items()}
    )


def _said(kind: SkippedKind, names: Mapping[str, list[str]]) -> str:
    """Returns a sentence for each skipped item that is not a single image."""
    each = [(name, reason) for reason, files in names.items() for name in files]
    if kind == "runs":
        if len(each) == 1:
            return _("{name} is a run folder and is left out.").format(name=quoted(each[0][0]))
        return plural("{count} run folder is left out.", "{count} run folders are left out.", len(each))
    said = [_NOT_USED[kind].format(name=quoted(name), reason=reason) for name, reason in each[:MOST_REASONS]]
    if len(each) > MOST_REASONS:
        said.append(_("And {count} more.").format(count=number(len(each) - MOST_REASONS)))
    return sentences(*said)


def frames(dataset: Dataset) -> list[HealthFinding]:
    """Returns a finding about image files with several frames or pages; empty if there are none."""
    table = dataset.records.table
    rows = np.flatnonzero(table["frames"])
    if not len(rows):
        return []
    return [
        HealthFinding(
            "frames",
            severity_of(len(rows), len(table)),
            plural(
                "{count} of {files} holds several frames or pages. Only the first is used.",
                "{count} of {files} hold several frames or pages. Only the first is used.",
                len(rows),
                files=plural("{count} file", "{count} files", len(table)),
            ),
            _("To train on the other frames, save them as separate files, or convert an animation to a video (.mp4)."),
            (rows,),
        )
    ]


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
    return joined(map(quoted, some))
