"""Health checks of the images of a dataset and of their originals.

Each returns a `HealthFinding`; severity "good" means no problem. Checks only inform: no dataset is refused here.
"""

from __future__ import annotations

from dataclasses import replace
from math import gcd

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Fit, Preparation
from core.data.dataset import Dataset
from core.data.health.findings import MANY, FindingKind, HealthFinding, Remedy, RowNumbers, no_rows, severity_of
from core.data.health.image_statistics import ImageStatistics
from core.data.records import MODES
from core.language import _, plural, sentences
from core.presets import augmentation_for

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
ENOUGH, ENOUGH_AUGMENTED = 2000, 500
"""Number of 64 px images from which a discriminator does not soon memorize them, without and with augmentation.

A discriminator memorizes fewer than some thousand images; with augmentation, some hundred are enough (Karras et al.
2020, ADA, arXiv:2006.06676; Zhao et al. 2020, DiffAugment, arXiv:2006.10738). The number grows with the image side.
"""
FAR_TOO_FEW = 4
"""Ratio of enough images to existing ones from which memorization is certain."""
_AUGMENTATIONS = {"diffaug": "DiffAugment", "ada": "ADA"}

Floats = NDArray[np.float64]

_BETTER: dict[Fit, str] = {
    "crop": _("Leave out, pad, or crop yourself."),
    "smart": _("Use a smart crop, which keeps the part with the most detail."),
    "pad": _("Pad the images, which keeps them whole."),
}


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
        severity_of(len(rows), len(table)),
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
        severity_of(len(rows), len(table)),
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


def _grid(aspects: Floats) -> str | None:
    """Returns the grid with the aspect ratio of nearly all originals; None if they differ or are square."""
    low, middle, high = np.quantile(aspects, (0.05, 0.5, 0.95)).tolist()
    columns, rows = (min(max(round(4 * side), 4), 16) for side in (middle, 1 / middle))
    return f"{columns}x{rows}" if high < low * SAME_SHAPE and columns != rows else None


def _ratio(grid: str) -> str:
    """Returns the aspect ratio of a grid, such as 3:2 for 6x4."""
    columns, rows = map(int, grid.split("x"))
    return f"{columns // gcd(columns, rows)}:{rows // gcd(columns, rows)}"


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


def _images(count: int) -> str:
    return plural("{count} image", "{count} images", count)


def _size(dataset: Dataset) -> str:
    return "{} x {} px".format(*dataset.size)
