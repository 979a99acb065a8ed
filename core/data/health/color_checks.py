"""Health checks of colors and transparency. Each returns a `HealthFinding`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.data.dataset import Dataset
from core.data.health.findings import FindingKind, HealthFinding, Remedy, RowNumbers, image_count
from core.data.health.image_statistics import ImageStatistics
from core.data.records import MODES
from core.language import _, plural

GRAY = 16
"""Channel difference (of 255) from which a pixel is in color. Gray photos saved as RGB stay below it."""


def colors(statistics: ImageStatistics) -> HealthFinding:
    """Returns the finding about a mixture of grayscale and color images."""
    visible = ~statistics.blank()  # blank images count as neither
    gray, colored = (np.flatnonzero(visible & so) for so in (statistics.spread < GRAY, statistics.spread >= GRAY))
    if not len(gray):
        return HealthFinding("colours", "good", _("All images are in color."))
    if not len(colored):
        return HealthFinding("colours", "good", _("All images are grayscale."))
    images = image_count(len(gray) + len(colored))
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
            images=image_count(len(table)),
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
    images = image_count(len(table))
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
