"""Findings of a health report: frozen values of numpy and plain types, safe to share between threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Fit, Size
from core.data.items import SkippedKind
from core.language import plural

MANY = 0.1
"""Fraction of affected images from which a problem is visible in generated images, and is a warning."""
MOST_REASONS = 3
"""Number of reasons in a finding's text, most frequent first. The list of files has all of them."""

RowNumbers = NDArray[np.int64]
"""Row numbers of images in a dataset, shape (n,)."""

Severity = Literal["good", "note", "warning"]
FindingKind = Literal[
    SkippedKind,
    "frames",
    "exact_duplicates",
    "near_duplicates",
    "near_empty",
    "few_images",
    "classes",
    "folders",
    "small_originals",
    "proportions",
    "colours",
    "print_colours",
    "transparency",
    "pairs",
    "few_pairs",
    "other_shapes",
    "unlike_pairs",
    "halves",
]


def no_rows() -> RowNumbers:
    """Returns an empty array of row numbers."""
    return np.zeros(0, np.int64)


def severity_of(count: int, total: int) -> Severity:
    """Returns the severity of a problem that affects `count` of `total` images."""
    return "warning" if count >= MANY * total else "note"


def image_count(count: int) -> str:
    """Returns a number of images in words, such as "12 images"."""
    return plural("{count} image", "{count} images", count)


@dataclass(frozen=True, eq=False)
class Remedy:
    """Settings, by name, that fix a finding or already have fixed it. `title`: a label of at most three words."""

    title: str
    settings: Mapping[str, str | bool]


@dataclass(frozen=True, eq=False)
class HealthFinding:
    """Result of one check: `text` states it in a sentence or two, `suggestion` what to do (empty: nothing).

    `groups`: the images concerned. Duplicates have a group for each set of similar images, the one to keep first;
    classes have a group each; other findings have one group. `excludable`: images that may be left out to fix the
    finding. `skipped`: names of skipped files by reason. `remedies`: settings that fix the finding.
    """

    kind: FindingKind
    severity: Severity
    text: str
    suggestion: str = ""
    groups: tuple[RowNumbers, ...] = ()
    excludable: RowNumbers = field(default_factory=no_rows)
    skipped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, eq=False)
class Histogram:
    """Histogram with logarithmic bins: `counts` (n,) of values between `edges` (n + 1,)."""

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HealthReport:
    """Summary of a dataset of `images` images of `size`, of their originals, and its findings, most severe first.

    `unreadable` and `excluded` count images that are not in the dataset. `classes`: number of images per class;
    `modes`: per Pillow color mode. `widths`, `heights` and `aspects` (width / height) describe the originals as
    displayed; None for 2-D points. `resolution` (a power of two) and `fit` are the suggested ones.
    """

    images: int
    unreadable: int
    excluded: int
    size: Size
    classes: Mapping[str, int]
    modes: Mapping[str, int]
    widths: Histogram | None
    heights: Histogram | None
    aspects: Histogram | None
    resolution: int
    fit: Fit
    findings: tuple[HealthFinding, ...]

    @property
    def healthy(self) -> bool:
        """True if every finding is good."""
        return all(finding.severity == "good" for finding in self.findings)
