"""Health checks of a dataset. Each returns one or several `HealthFinding`s; severity "good" means no problem.

Checks only inform: no dataset is refused here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from math import gcd

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Fit, Preparation
from core.data.dataset import Dataset
from core.data.health.findings import FindingKind, HealthFinding, Remedy, RowNumbers, Severity, no_rows
from core.data.health.image_statistics import ImageStatistics
from core.data.items import REMEDIES, SkippedKind, listed
from core.data.names import Inside, natural, quoted
from core.data.records import MODES
from core.data.source import MOST_CLASSES, class_level, is_for_training, split_level, training_level
from core.language import _, in_context, number, plural, sentences
from core.presets import augmentation_for

MANY = 0.1
"""Fraction of affected images from which a problem is visible in generated images, and is a warning."""
EMPTY = 5.0
"""Standard deviation (of 255) below which an image counts as blank. A uniform JPEG has 1 to 3."""
GRAY = 16
"""Channel difference (of 255) from which a pixel is in color. Gray photos saved as RGB stay below it."""
ENLARGED = 1.25
"""Upscaling factor above which images look blurred."""
CROP_KEEPS = 0.65
"""Fraction of an image that a crop should keep. A square crop keeps 0.67 of a 2:3 photo and 0.56 of a 9:16 video."""
SMART_KEEPS = 0.4
"""Fraction of an image below which even a smart crop keeps too little."""
SAME_SHAPE = 1.1
"""Factor within which aspect ratios count as equal."""
IMBALANCE = 5
"""Ratio to the largest class from which a class is too rare to be learned well."""
FEW_OF_A_CLASS = 50
"""Images below which a class counts as small."""
ENOUGH, ENOUGH_AUGMENTED = 2000, 500
"""Number of 64 px images from which a discriminator does not soon memorize them, without and with augmentation.

A discriminator memorizes fewer than some thousand images; with augmentation, some hundred are enough (Karras et al.
2020, ADA, arXiv:2006.06676; Zhao et al. 2020, DiffAugment, arXiv:2006.10738). The number grows with the image side.
"""
MOST_REASONS = 3
"""Number of reasons in a finding's text, most frequent first. The list of files has all of them."""
_AUGMENTATIONS = {"diffaug": "DiffAugment", "ada": "ADA"}
FAR_TOO_FEW = 4
"""Ratio of enough images to existing ones from which memorization is certain."""

Floats = NDArray[np.float64]


# -- files and images --------------------------------------------------------------------------------------------------


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
    remedy, severity = REMEDIES[kind], _severity(count, count + len(dataset.images))
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
            _severity(len(rows), len(table)),
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


def exact_duplicates(groups: list[RowNumbers], total: int) -> HealthFinding:
    """Returns the finding about groups of identical images among `total` images."""
    if not groups:
        return HealthFinding("exact_duplicates", "good", _("No exact duplicates."))
    copies = all_but_first(groups)
    return HealthFinding(
        "exact_duplicates",
        _severity(len(copies), total),
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
        _severity(len(copies), total),
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
        _severity(len(rows), total),
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
    return in_context("between names in a list", ", ").join(map(quoted, some))


def class_counts(dataset: Dataset) -> dict[str, int]:
    """Returns the number of images of each class; empty without labels."""
    if dataset.labels is None:
        return {}
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    return dict(zip(dataset.classes, counts.tolist(), strict=True))


# -- originals ---------------------------------------------------------------------------------------------------------


def small_originals(dataset: Dataset, how: Preparation) -> HealthFinding:
    """Returns the finding about originals that are smaller than the training resolution."""
    table, (width, height) = dataset.records.table, dataset.size
    sides = width / table["width"], height / table["height"]
    # Padding enlarges an image only if both sides are too small; cropping and stretching, if one is.
    factors = np.minimum(*sides) if how.fit == "pad" else np.maximum(*sides)
    rows = np.flatnonzero(factors > ENLARGED)
    if not len(rows):
        text = _("The originals are large enough for {size}.").format(size=_size(dataset))
        return HealthFinding("small_originals", "good", text)
    few = len(rows) < MANY * len(table)
    return HealthFinding(
        "small_originals",
        _severity(len(rows), len(table)),
        plural(
            "{count} of {images} is smaller than {size}. Enlarged images are blurred, and so are generated ones.",
            "{count} of {images} are smaller than {size}. Enlarged images are blurred, and so are generated ones.",
            len(rows),
            images=_images(len(table)),
            size=_size(dataset),
        ),
        _("Leave them out, or replace them with larger ones.")
        if few
        else _("Train at a lower resolution, or replace them with larger ones."),
        (rows,),
        rows if few else no_rows(),
    )


_BETTER: dict[Fit, str] = {
    "crop": _("Leave out, pad, or crop yourself."),
    "smart": _("Use a smart crop, which keeps the part with the most detail."),
    "pad": _("Pad the images, which keeps them whole."),
}


def proportions(dataset: Dataset, how: Preparation) -> HealthFinding:
    """Returns the finding about originals whose aspect ratio differs from that of the dataset."""
    table, parts = dataset.records.table, kept_parts(dataset)
    rows = np.flatnonzero(parts < CROP_KEEPS)
    grid, (width, height) = _grid(table["width"] / table["height"]), dataset.size
    remedies = [
        *([Remedy(_("Smart crop"), {"fit": "smart"})] if len(rows) or how.fit == "smart" else []),
        *([Remedy(_("Pad"), {"fit": "pad"})] if len(rows) or how.fit == "pad" else []),
    ]
    if grid and (len(rows) or width != height):
        remedies.append(Remedy(_("Proportion {ratio}").format(ratio=_ratio(grid)), {"grid": grid}))
    if not len(rows):
        text = _("The originals have about the aspect ratio of the training images.")
        return HealthFinding("proportions", "good", text, remedies=tuple(remedies))
    better = fit_for(parts)
    advice = _BETTER["crop" if better == how.fit else better]
    if grid:
        own = _("Or train at their own aspect ratio, {ratio} (grid {grid}).").format(ratio=_ratio(grid), grid=grid)
        advice = sentences(advice, own)
    return HealthFinding(
        "proportions",
        _severity(len(rows), len(table)),
        _other_proportions(len(rows), len(table), how.fit, _size(dataset)),
        advice,
        (rows,),
        rows if better == "crop" else no_rows(),
        remedies=tuple(remedies),
    )


def _other_proportions(count: int, total: int, fit: Fit, size: str) -> str:
    images = _images(total)
    if fit == "stretch":
        return plural(
            "{count} of {images} is much wider or taller than {size}: stretching distorts it.",
            "{count} of {images} are much wider or taller than {size}: stretching distorts them.",
            count,
            images=images,
            size=size,
        )
    if fit == "pad":
        return plural(
            "{count} of {images} is much wider or taller than {size}: padding fills more than a third of the image.",
            "{count} of {images} are much wider or taller than {size}: padding fills more than a third of the image.",
            count,
            images=images,
            size=size,
        )
    return plural(
        "{count} of {images} is much wider or taller than {size}: cropping removes more than a third.",
        "{count} of {images} are much wider or taller than {size}: cropping removes more than a third.",
        count,
        images=images,
        size=size,
    )


def kept_parts(dataset: Dataset) -> Floats:
    """Returns the fraction of each original that a crop to the shape of the dataset keeps, (N,), in (0, 1]."""
    table, (width, height) = dataset.records.table, dataset.size
    wider: Floats = table["width"] / table["height"] * (height / width)
    return np.minimum(wider, 1 / wider)


def fit_for(parts: Floats) -> Fit:
    """Returns the fit that suits nearly all originals, given the fraction of each that a crop keeps, (N,)."""
    left = float(np.quantile(parts, MANY))
    return "crop" if left >= CROP_KEEPS else "smart" if left >= SMART_KEEPS else "pad"


def colors(statistics: ImageStatistics) -> HealthFinding:
    """Returns the finding about a mixture of grayscale and color images."""
    visible = statistics.variation >= EMPTY  # blank images count as neither
    gray, colored = (np.flatnonzero(visible & so) for so in (statistics.spread < GRAY, statistics.spread >= GRAY))
    if not len(gray):
        return HealthFinding("colours", "good", _("All images are in color."))
    if not len(colored):
        return HealthFinding("colours", "good", _("All images are grayscale."))
    images = _images(len(gray) + len(colored))
    if len(gray) <= len(colored):
        text = plural(
            "{count} of {images} is grayscale, the others in color.",
            "{count} of {images} are grayscale, the others in color.",
            len(gray),
            images=images,
        )
        return _mixed("colours", text, gray)
    text = plural(
        "{count} of {images} is in color, the others grayscale.",
        "{count} of {images} are in color, the others grayscale.",
        len(colored),
        images=images,
    )
    return _mixed("colours", text, colored)


def print_colors(dataset: Dataset) -> HealthFinding:
    """Returns the finding about CMYK images."""
    table = dataset.records.table
    rows = np.flatnonzero(table["mode"] == MODES.index("CMYK"))
    if not len(rows):
        return HealthFinding("print_colours", "good", _("No CMYK images."))
    return HealthFinding(
        "print_colours",
        "note",
        plural(
            "{count} of {images} is in CMYK (print colors), converted to RGB.",
            "{count} of {images} are in CMYK (print colors), converted to RGB.",
            len(rows),
            images=_images(len(table)),
        ),
        _("Check the colors. If they are wrong, save the originals as RGB."),
        (rows,),
    )


def transparency(dataset: Dataset) -> HealthFinding:
    """Returns the finding about images that are partly transparent."""
    table = dataset.records.table
    rows, opaque = (np.flatnonzero(so) for so in (table["transparent"], ~table["transparent"]))
    keep = Remedy(_("Keep transparency"), {"alpha": True})
    if not len(rows):
        return HealthFinding("transparency", "good", _("No transparent images."))
    images = _images(len(table))
    if dataset.images.shape[1] < 4:
        return HealthFinding(
            "transparency",
            "note",
            plural(
                "{count} of {images} is partly transparent. The background color fills the transparent areas.",
                "{count} of {images} are partly transparent. The background color fills the transparent areas.",
                len(rows),
                images=images,
            ),
            _("Choose the background color, or keep transparency to generate transparent images."),
            (rows,),
            remedies=(keep,),
        )
    if not len(opaque):
        text = _("All images are partly transparent, and transparency is kept.")
        return HealthFinding("transparency", "good", text, remedies=(keep,))
    if len(rows) <= len(opaque):
        text = plural(
            "{count} of {images} is partly transparent, the others opaque.",
            "{count} of {images} are partly transparent, the others opaque.",
            len(rows),
            images=images,
        )
        return replace(_mixed("transparency", text, rows), remedies=(keep,))
    text = plural(
        "{count} of {images} is opaque, the others partly transparent.",
        "{count} of {images} are opaque, the others partly transparent.",
        len(opaque),
        images=images,
    )
    return replace(_mixed("transparency", text, opaque), remedies=(keep,))


# -- wording -----------------------------------------------------------------------------------------------------------


def _images(count: int) -> str:
    return plural("{count} image", "{count} images", count)


def _size(dataset: Dataset) -> str:
    return "{} x {} px".format(*dataset.size)


def _severity(count: int, total: int) -> Severity:
    return "warning" if count >= MANY * total else "note"


def _mixed(kind: FindingKind, text: str, fewer: RowNumbers) -> HealthFinding:
    """Returns the finding about images of two kinds that are mixed in one dataset. `fewer`: those of the rarer kind."""
    return HealthFinding(
        kind,
        "note",
        text,
        _("The generator will produce both kinds. To get only one kind, leave out the other."),
        (fewer,),
        fewer,
    )


def _grid(aspects: Floats) -> str | None:
    """Returns the grid with the aspect ratio of nearly all originals; None if they differ or are square."""
    low, middle, high = np.quantile(aspects, (0.05, 0.5, 0.95)).tolist()
    columns, rows = (min(max(round(4 * side), 4), 16) for side in (middle, 1 / middle))
    return f"{columns}x{rows}" if high < low * SAME_SHAPE and columns != rows else None


def _ratio(grid: str) -> str:
    """Returns the aspect ratio of a grid, such as 3:2 for 6x4."""
    columns, rows = map(int, grid.split("x"))
    return f"{columns // gcd(columns, rows)}:{rows // gcd(columns, rows)}"
