"""Health checks of the originals' sizes and proportions. Each returns a `HealthFinding`."""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Fit, Preparation
from core.data.dataset import Dataset
from core.data.health.findings import MANY, HealthFinding, Remedy, image_count, no_rows, severity_of
from core.language import _, plural, sentences

ENLARGED = 1.25
"""Upscaling factor above which images look blurred."""
CROP_KEEPS = 0.65
"""Fraction of an image that a crop should keep. A square crop keeps 0.67 of a 2:3 photo and 0.56 of a 9:16 video."""
SMART_KEEPS = 0.4
"""Fraction of an image below which even a smart crop keeps too little."""
SAME_SHAPE = 1.1
"""Factor within which aspect ratios count as equal."""

Floats = NDArray[np.float64]

_BETTER: dict[Fit, str] = {
    "crop": _("Leave out, pad, or crop yourself."),
    "smart": _("Use a smart crop, which keeps the part with the most detail."),
    "pad": _("Pad the images, which keeps them whole."),
}


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
            images=image_count(len(table)),
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
    images = image_count(total)
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


def _size(dataset: Dataset) -> str:
    return "{} x {} px".format(*dataset.size)
