"""Health checks of a dataset: each returns a `HealthFinding`, with severity "good" where nothing is wrong, or several.

The thresholds say what a person would want to know; nothing is refused here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import gcd

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Fit, Preparation
from core.data.dataset import Dataset
from core.data.health.findings import FindingKind, HealthFinding, Remedy, RowNumbers, Severity, no_rows
from core.data.health.image_statistics import ImageStatistics
from core.data.items import REMEDIES, SkippedKind
from core.data.names import Inside, natural, quoted
from core.data.records import MODES
from core.data.source import MOST_CLASSES, class_level, is_for_training, training_level
from core.presets import augmentation_for

MANY = 0.1
"""From this part of the images on, what is wrong with them shows in what is generated."""
EMPTY = 5.0
"""Standard deviation out of 255 below which there is nothing but noise to be seen: that of a flat JPEG is 1 to 3."""
GREY = 16
"""Difference of a pixel's colours out of 255 that a grey photo saved in colour does not reach, but one in sepia."""
ENLARGED = 1.25
"""An original that is made larger than this is visibly blurred."""
CROP_KEEPS = 0.65
"""Part of a picture that a crop should leave: a photo of 2 : 3 keeps 0.67 as a square, a video of 9 : 16 0.56."""
SMART_KEEPS = 0.4
"""Below this even the best part is too little of the picture."""
SAME_SHAPE = 1.1
"""Proportions that differ by less than this factor are the same."""
IMBALANCE = 5
"""A class of which there are so many times fewer images than of the largest is rarely seen, and learned badly."""
FEW_OF_A_CLASS = 50
ENOUGH, ENOUGH_AUGMENTED = 2000, 500
"""Images of 64 px that a discriminator does not soon know by heart.

It does with less than some thousands unless they are augmented, and then some hundreds can do (Karras et al. 2020, ADA,
arXiv:2006.06676; Zhao et al. 2020, DiffAugment, arXiv:2006.10738). Of larger images it takes more, with their side.
"""
MOST_REASONS = 3
"""Why files cannot be read is said in one line, the commonest first; all of it is in the list of files."""
_AUGMENTATIONS = {"diffaug": "DiffAugment", "ada": "ADA"}
FAR_TOO_FEW = 4
"""With so many times fewer than enough there is no doubt."""

Floats = NDArray[np.float64]


# -- of files and images -----------------------------------------------------------------------------------------------


_LEFT_OUT: Mapping[SkippedKind, str] = {
    "unreadable": "{files} cannot be read and {are} left out",
    "inaccessible": "{files} could not be opened and {are} left out",
    "refused": "{files} in the archive {are} left out",
    "other_formats": "{files} of formats that are not read here {are} left out",
    "unlabelled": "{images} without a class {are} left out",
    "containers": "{files} of other kinds of data {are} not opened",
}
"""What is said of files that are left out, by the kind of reason; the reasons themselves follow."""


def left_out(dataset: Dataset) -> list[HealthFinding]:
    """Files that are not in the dataset, and labels that are not used: a finding for each kind of reason."""
    if not dataset.skipped:
        return [HealthFinding("unreadable", "good", "Every file could be read.")]
    kinds: dict[SkippedKind, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for each in dataset.skipped:
        kinds[each.kind][each.reason].append(each.name)
    return [_left_out(dataset, kind, names) for kind, names in kinds.items()]


def _left_out(dataset: Dataset, kind: SkippedKind, names: Mapping[str, list[str]]) -> HealthFinding:
    count = sum(map(len, names.values()))
    remedy, severity = REMEDIES[kind], _severity(count, count + len(dataset.images))
    if kind in _LEFT_OUT:
        commonest = sorted(names, key=lambda reason: -len(names[reason]))
        why = "; ".join(f"{len(names[reason]):,}: {reason}" for reason in commonest[:MOST_REASONS])
        more = f"; and {len(names) - MOST_REASONS} more reasons" if len(names) > MOST_REASONS else ""
        what = _LEFT_OUT[kind].format(files=counted(count, "file"), images=counted(count, "image"), are=_are(count))
        text = f"{what} ({why}{more})."
    else:
        text = _said(kind, names)
        severity = "warning" if kind == "labels" and dataset.labels is None else "note"
    if kind == "unreadable" and any(reason.startswith("larger than") for reason in names):
        remedy += " Save those that are too large smaller."
    return HealthFinding(
        kind, severity, text, remedy, skipped={reason: tuple(files) for reason, files in names.items()}
    )


def _said(kind: SkippedKind, names: Mapping[str, list[str]]) -> str:
    """Of what concerns no single image: a sentence each."""
    each = [(name, reason) for reason, files in names.items() for name in files]
    if kind == "runs":
        folders = f"{quoted(each[0][0])} is the folder" if len(each) == 1 else f"{len(each):,} folders are those"
        return f"{folders} of a training and {_are(len(each))} left out."
    sentences = {
        "incomplete": "{name} is not read as a whole: {reason}.",
        "labels": "The labels in {name} are not used: {reason}.",
        "arrays": "The array {name} is not used: {reason}.",
        "absent": "{name} {reason}.",
        "unknown": "{reason}.",
    }
    said = " ".join(sentences[kind].format(name=quoted(name), reason=reason) for name, reason in each[:MOST_REASONS])
    return f"{said} And {len(each) - MOST_REASONS:,} more." if len(each) > MOST_REASONS else said


def frames(dataset: Dataset) -> list[HealthFinding]:
    """Files with several frames, of which one is used."""
    table = dataset.records.table
    rows = np.flatnonzero(table["frames"])
    if not len(rows):
        return []
    hold = "holds" if len(rows) == 1 else "hold"
    return [
        HealthFinding(
            "frames",
            _severity(len(rows), len(table)),
            f"{len(rows):,} of {counted(len(table), 'file')} {hold} several frames or pages: only the first is used.",
            "Save the others as files of their own to learn them too; an animation can be opened as a video (.mp4).",
            (rows,),
        )
    ]


def exact_duplicates(groups: list[RowNumbers], total: int) -> HealthFinding:
    if not groups:
        return HealthFinding("exact_duplicates", "good", "No exact duplicates.")
    copies = all_but_first(groups)
    return HealthFinding(
        "exact_duplicates",
        _severity(len(copies), total),
        f"{counted(len(copies), 'exact duplicate')}.",
        "Leave them out: an image that is there twice counts twice. One of each group stays.",
        tuple(groups),
        copies,
    )


def near_duplicates(groups: list[RowNumbers], total: int) -> HealthFinding:
    if not groups:
        return HealthFinding("near_duplicates", "good", "No near-duplicates.")
    copies = all_but_first(groups)
    return HealthFinding(
        "near_duplicates",
        _severity(len(copies), total),
        f"{counted(len(copies), 'near-duplicate')}.",
        "Look at them, and leave out those that add nothing. The largest of each group stays.",
        tuple(groups),
        copies,
    )


def all_but_first(groups: list[RowNumbers]) -> RowNumbers:
    """All rows but the first of each group, ascending."""
    return np.sort(np.concatenate([no_rows(), *(group[1:] for group in groups)]))


def near_empty(rows: RowNumbers, total: int) -> HealthFinding:
    if not len(rows):
        return HealthFinding("near_empty", "good", "No blank images.")
    return HealthFinding(
        "near_empty",
        _severity(len(rows), total),
        f"{counted(len(rows), 'blank image')}.",
        "Leave them out, unless blank images are to be generated too.",
        (rows,),
        rows,
    )


def few_images(different: int, dataset: Dataset, augment: str) -> HealthFinding:
    """`different`: images that are no copies of others. It asks for augmentation where the default preset turns it
    on."""
    side = max(dataset.size)
    wanted = augmentation_for(different, side) if augment == "none" else augment
    enough = (ENOUGH_AUGMENTED if wanted == augment else ENOUGH) * max(side, 64) / 64
    remedies = [Remedy(f"Augment: {_AUGMENTATIONS[wanted]}", {"augment": wanted})] if wanted != "none" else []
    remedies.append(Remedy("Mirror", {"mirror": True}))
    if different >= enough:
        text = f"{counted(different, 'different image')} are enough to learn from."
        return HealthFinding("few_images", "good", text, remedies=tuple(remedies))
    grave = different * FAR_TOO_FEW < enough
    advice = "Mirror them if left and right do not matter. More images help most; a smaller resolution helps too."
    return HealthFinding(
        "few_images",
        "warning" if grave else "note",
        f"Only {counted(different, 'image')}: the discriminator {'will' if grave else 'may'} memorize them, and "
        "results will stop improving.",
        f"Turn on augmentation. {advice}" if wanted != augment else advice,
        remedies=tuple(remedies),
    )


def classes(dataset: Dataset) -> HealthFinding:
    """Of a dataset with labels."""
    assert dataset.labels is not None
    counts = np.array(list(class_counts(dataset).values()))
    least, most = int(counts.min()), int(counts.max())
    smallest, largest = (quoted(dataset.classes[at]) for at in (counts.argmin(), counts.argmax()))
    told = f"{smallest} has {counted(least, 'image')}, {largest} {most:,}"
    if least == most:
        told = f"each has {counted(most, 'image')}"
    scarce = np.flatnonzero((counts * IMBALANCE <= most) | (counts < FEW_OF_A_CLASS))
    if not len(scarce):
        return HealthFinding("classes", "good", f"Each of the {len(counts):,} classes has enough images: {told}.")
    return HealthFinding(
        "classes",
        "warning" if least * IMBALANCE <= most else "note",
        f"{len(scarce):,} of {len(counts):,} classes have few images: {told}.",
        "Add images to those, join classes, or train without labels: of a rare class little is learned.",
        tuple(np.flatnonzero(dataset.labels == label) for label in scarce),
    )


def folders(dataset: Dataset, how: Preparation) -> list[HealthFinding]:
    """Why folders in which images lie are no classes."""
    kept = [_folder(name) for name in dataset.records.all_names()]
    level, parts = class_level(set(kept))
    train_only = Remedy("Train folder only", {"split": "train"})
    if how.split == "train" and kept and all(is_for_training((*path, ""), len(path)) for path in kept):
        text = "Only the images of the train folder are used."
        return [HealthFinding("folders", "good", text, remedies=(train_only,))]
    divided = f"The folders ({_listed(parts)}) are parts of a dataset and no classes." if parts else ""
    if dataset.labels is None and (why := _no_classes(dataset, kept, level, bool(parts))):
        what, what_to_do = why
        what = f"{divided} {what}" if divided else what
    elif divided:
        what, what_to_do = f"{divided} The images in all of them are used.", "Open one of them to train on it alone."
    else:
        return []
    remedies = (train_only,) if training_level(set(kept)) else ()
    return [HealthFinding("folders", "note", what, what_to_do, remedies=remedies)]


def _no_classes(dataset: Dataset, kept: list[Inside], level: int, parts: bool) -> tuple[str, str] | None:
    """Why the folders on that level are no classes, and what to do about it.

    `kept`: the folders of all images; `parts`: whether others around those divide the dataset.
    """
    inside = {path[level] for path in kept if len(path) > level}
    if len(inside) < 2:
        return None
    deep = [path for path in kept if len(path) > level + 1]
    no_classes = f"The folders ({_listed(inside)}) are no classes, since"
    elsewhere = "Move what lies beside them into a folder of its own, or elsewhere."
    if len(inside) > MOST_CLASSES:
        many = f"{len(inside):,} folders are too many for classes, of which there may be {MOST_CLASSES:,}."
        return many, "Join folders, or train without labels."
    if deep:
        within = "/".join(deep[0][: level + 1])
        what_to_do = f"Open the folder whose own folders are the classes, such as {quoted(within)}."
        return f"{no_classes} {counted(len(deep), 'image')} {_lie(len(deep))} in folders within them.", what_to_do
    if count := sum(len(path) <= level for path in kept):
        if parts:
            within = next("/".join(path[:level]) for path in kept if len(path) > level)
            elsewhere = f"Open {quoted(within)}, whose own folders are the classes."
        return f"{no_classes} {counted(count, 'image')} {_lie(count)} beside them.", elsewhere
    # They were looked for where the images lie, before anybody knew which of them can be read or are wanted.
    others = [each.name for each in dataset.skipped if each.kind == "unreadable" or each.passing]
    for name in (*others, *dataset.excluded):
        if len(_folder(name)) != level + 1:
            return f"{no_classes} {quoted(name)}, which is left out, does not lie in one of them.", elsewhere
    return None


def _folder(name: str) -> Inside:
    return tuple(name.split("/")[:-1])


def _listed(names: Iterable[str]) -> str:
    """The first few, in quotes."""
    return ", ".join(quoted(name) for name in sorted(names, key=natural)[:MOST_REASONS])


def class_counts(dataset: Dataset) -> dict[str, int]:
    if dataset.labels is None:
        return {}
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    return dict(zip(dataset.classes, counts.tolist(), strict=True))


# -- of the originals --------------------------------------------------------------------------------------------------


def small_originals(dataset: Dataset, how: Preparation) -> HealthFinding:
    table, (width, height) = dataset.records.table, dataset.size
    sides = width / table["width"], height / table["height"]
    # Between bars a picture is enlarged only where both of its sides are; otherwise one is enough.
    factors = np.minimum(*sides) if how.fit == "pad" else np.maximum(*sides)
    rows = np.flatnonzero(factors > ENLARGED)
    if not len(rows):
        return HealthFinding("small_originals", "good", f"The originals are large enough for {_size(dataset)}.")
    few = len(rows) < MANY * len(table)
    return HealthFinding(
        "small_originals",
        _severity(len(rows), len(table)),
        f"{_part(rows, table)} smaller than {_size(dataset)}: enlarged they are blurred, and that is learned.",
        "Leave them out, or replace them by larger ones."
        if few
        else "Train at a smaller resolution, or replace them by larger ones.",
        (rows,),
        rows if few else no_rows(),
    )


_DOES: dict[Fit, str] = {
    "crop": "cropping cuts off more than a third",
    "smart": "cropping cuts off more than a third",
    "stretch": "stretching them distorts them",
    "pad": "bars take more than a third of the picture",
}
_BETTER: dict[Fit, str] = {
    "crop": "Leave out, pad, or crop yourself",
    "smart": "Use a smart crop, which keeps the part with the most detail",
    "pad": "Pad, which keeps the whole picture between bars",
}


def proportions(dataset: Dataset, how: Preparation) -> HealthFinding:
    table, parts = dataset.records.table, kept_parts(dataset)
    rows = np.flatnonzero(parts < CROP_KEEPS)
    grid, (width, height) = _grid(table["width"] / table["height"]), dataset.size
    remedies = [
        *([Remedy("Smart crop", {"fit": "smart"})] if len(rows) or how.fit == "smart" else []),
        *([Remedy("Pad", {"fit": "pad"})] if len(rows) or how.fit == "pad" else []),
        *([Remedy(f"Proportion {_ratio(grid)}", {"grid": grid})] if grid and (len(rows) or width != height) else []),
    ]
    if not len(rows):
        text = "The originals have about the shape that is trained."
        return HealthFinding("proportions", "good", text, remedies=tuple(remedies))
    better = fit_for(parts)
    advice = _BETTER["crop" if better == how.fit else better]
    return HealthFinding(
        "proportions",
        _severity(len(rows), len(table)),
        f"{_part(rows, table)} much wider or taller than {_size(dataset)}: {_DOES[how.fit]}.",
        f"{advice}; or train in their own proportion, {_ratio(grid)} (grid {grid})." if grid else f"{advice}.",
        (rows,),
        rows if better == "crop" else no_rows(),
        remedies=tuple(remedies),
    )


def kept_parts(dataset: Dataset) -> Floats:
    """The part of each original that a crop to the shape of the dataset leaves, (N,), in (0, 1]."""
    table, (width, height) = dataset.records.table, dataset.size
    wider: Floats = table["width"] / table["height"] * (height / width)
    return np.minimum(wider, 1 / wider)


def fit_for(parts: Floats) -> Fit:
    """What suits nearly all originals, of which a crop would leave these parts."""
    left = float(np.quantile(parts, MANY))
    return "crop" if left >= CROP_KEEPS else "smart" if left >= SMART_KEEPS else "pad"


def colours(statistics: ImageStatistics) -> HealthFinding:
    visible = statistics.variation >= EMPTY  # white is no grey
    grey, coloured = (np.flatnonzero(visible & so) for so in (statistics.spread < GREY, statistics.spread >= GREY))
    if not len(grey) or not len(coloured):
        return HealthFinding("colours", "good", f"All images are {'gray' if len(grey) else 'in color'}.")
    return _mixed("colours", (grey, coloured), ("gray", "in color"))


def print_colours(dataset: Dataset) -> HealthFinding:
    table = dataset.records.table
    rows = np.flatnonzero(table["mode"] == MODES.index("CMYK"))
    if not len(rows):
        return HealthFinding("print_colours", "good", "No image is in CMYK.")
    return HealthFinding(
        "print_colours",
        "note",
        f"{_part(rows, table)} in CMYK, the inks of a printer, and had to be converted.",
        "Look at the colors: if they are wrong, save the originals as RGB.",
        (rows,),
    )


def transparency(dataset: Dataset) -> HealthFinding:
    table = dataset.records.table
    rows, opaque = (np.flatnonzero(so) for so in (table["transparent"], ~table["transparent"]))
    keep = Remedy("Keep transparency", {"alpha": True})
    if not len(rows):
        return HealthFinding("transparency", "good", "No image is transparent.")
    if dataset.images.shape[1] < 4:
        return HealthFinding(
            "transparency",
            "note",
            f"{_part(rows, table)} transparent in places, and show the background color there.",
            "Choose its color, or keep transparency to generate transparent images.",
            (rows,),
            remedies=(keep,),
        )
    if not len(opaque):
        text = "All images are transparent in places, and stay so."
        return HealthFinding("transparency", "good", text, remedies=(keep,))
    return replace(_mixed("transparency", (rows, opaque), ("transparent in places", "opaque")), remedies=(keep,))


# -- words -------------------------------------------------------------------------------------------------------------


def counted(count: int, what: str) -> str:
    """1 image, 12 images."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _lie(count: int) -> str:
    return "lies" if count == 1 else "lie"


def _part(rows: RowNumbers, whole: NDArray[np.void]) -> str:
    return f"{len(rows):,} of {counted(len(whole), 'image')} {_are(len(rows))}"


def _size(dataset: Dataset) -> str:
    return "{} x {} px".format(*dataset.size)


def _severity(count: int, total: int) -> Severity:
    return "warning" if count >= MANY * total else "note"


def _mixed(kind: FindingKind, rows: tuple[RowNumbers, RowNumbers], words: tuple[str, str]) -> HealthFinding:
    """Of images of two kinds, of which there are both."""
    (fewer, word), (others, other) = sorted(zip(rows, words, strict=True), key=lambda each: len(each[0]))
    total = counted(len(fewer) + len(others), "image")
    return HealthFinding(
        kind,
        "note",
        f"{len(fewer):,} of {total} {_are(len(fewer))} {word}, the others {other}.",
        "Both kinds will be generated. If you want only one of them, leave out the others.",
        (fewer,),
        fewer,
    )


def _grid(aspects: Floats) -> str | None:
    """The grid of the shape that nearly all originals have, if there is one and it is no square."""
    low, middle, high = np.quantile(aspects, (0.05, 0.5, 0.95)).tolist()
    columns, rows = (min(max(round(4 * side), 4), 16) for side in (middle, 1 / middle))
    return f"{columns}x{rows}" if high < low * SAME_SHAPE and columns != rows else None


def _ratio(grid: str) -> str:
    """The proportion of a grid, such as 3:2 of 6x4."""
    columns, rows = map(int, grid.split("x"))
    return f"{columns // gcd(columns, rows)}:{rows // gcd(columns, rows)}"
