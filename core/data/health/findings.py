"""Findings of a health report: frozen values of numpy and plain types, safe to share between threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Fit, Size
from core.data.items import SkippedKind

RowNumbers = NDArray[np.int64]
"""Numbers of images of a dataset, shape (n,)."""

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
]


def no_rows() -> RowNumbers:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Remedy:
    """Settings that mend what was found, or already do, by their names; `title` is a label of at most three words."""

    title: str
    settings: Mapping[str, str | bool]


@dataclass(frozen=True, eq=False)
class HealthFinding:
    """One thing that was looked at: what it is in a sentence or two, and what to do about it, empty where nothing is.

    `groups` are the images that it is about: of duplicates each group holds images that are alike, the one to keep
    first; else there is one group, or, of classes, one for each class. `excludable` are those that may be left out to
    mend it. `skipped` names what is not in the dataset by the reason. `remedies` are settings that mend it.
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
    """`counts` (n,) of values between `edges` (n + 1,), which grow by the same factor from each to the next."""

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HealthReport:
    """A dataset of `images` images of `size`, what their originals were, and what was found, the gravest first.

    `unreadable` and `excluded` count images that are not among them. `classes` has a count for each class,
    `modes` one for each colour mode as Pillow names it. `widths`, `heights` and `aspects` (width / height) are of the
    originals as displayed; None of points in the plane, which have none. `resolution` (a power of two) and `fit` are
    those that suit the originals.
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
        """Whether nothing was found that a person should know."""
        return all(finding.severity == "good" for finding in self.findings)
