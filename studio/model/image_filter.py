"""Filter of the images of a dataset: by class, by finding, and by whether they are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.data.health.findings import FindingKind, HealthFinding, RowNumbers
from core.language import _
from studio.model.data import ImageIndex

NAMES: Mapping[FindingKind, str] = {
    "exact_duplicates": _("exact duplicates"),
    "near_duplicates": _("near-duplicates"),
    "near_empty": _("blank"),
    "small_originals": _("too small"),
    "proportions": _("too wide"),
    "colours": _("mixed colors"),
    "print_colours": "CMYK",
    "transparency": _("transparency"),
    "frames": _("several frames"),
    "classes": _("small classes"),
    "pairs": _("without partner"),
    "other_shapes": _("unequal pairs"),
    "unlike_pairs": _("unlike pairs"),
}
"""Short names of the findings about images."""


def rows_of(finding: HealthFinding) -> RowNumbers:
    """Returns the images of a finding, ascending; of duplicates the copies alone."""
    if finding.kind in ("exact_duplicates", "near_duplicates"):
        return finding.excludable
    return np.sort(np.concatenate([np.zeros(0, np.int64), *finding.groups]))


@dataclass(frozen=True)
class ImageFilter:
    """Filter for images of any of these `classes` that have all of these findings and, if set, are left out.

    An empty `classes` allows every class.
    """

    classes: frozenset[str] = frozenset()
    findings: frozenset[FindingKind] = frozenset()
    left_out: bool = False

    def rows(
        self, index: ImageIndex, found: Mapping[FindingKind, RowNumbers], left_out: frozenset[int], seed: int | None
    ) -> RowNumbers:
        """Returns the matching rows in dataset order, or shuffled by a `seed`."""
        passes = np.ones(len(index), np.bool_)
        if self.classes and index.labels is not None:
            wanted = [label for label, name in enumerate(index.classes) if name in self.classes]
            passes &= np.isin(index.labels, wanted)
        for kind in self.findings:
            passes &= _marks(found.get(kind, np.zeros(0, np.int64)), len(index))
        if self.left_out:
            passes &= _marks(np.fromiter(left_out, np.int64), len(index))
        rows: RowNumbers = np.flatnonzero(passes)
        return rows if seed is None else np.random.default_rng(seed).permutation(rows)


def _marks(rows: RowNumbers, count: int) -> NDArray[np.bool_]:
    marks = np.zeros(count, np.bool_)
    marks[rows] = True
    return marks
