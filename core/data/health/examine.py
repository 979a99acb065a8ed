"""Health report of a dataset: runs all checks, and collects their findings and histograms.

Checks only inform: no dataset is refused here.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.data.health import class_checks, color_checks, duplicates, file_checks, image_checks, size_checks
from core.data.health.findings import HealthFinding, HealthReport, Histogram, RowNumbers, no_rows
from core.data.health.image_statistics import image_statistics
from core.data.health.pair_checks import examined_pairs
from core.data.prepare import AUTOMATIC
from core.data.records import MODES
from core.data.sides.pairing import pairing
from core.data.source import resolution_for
from core.events import Progress

BINS = 24
"""Bins of a histogram, as many as can be distinguished in a panel."""
_ORDER = ("warning", "note", "good")


def examine(
    dataset: Dataset, how: Preparation = AUTOMATIC, augment: str = "none"
) -> Generator[Progress, None, HealthReport]:
    """Examines every image of a dataset; yields `Progress`, and returns the `HealthReport`.

    `how`: preparation of the dataset; `augment`: the augmentation setting. Takes some hundred bytes of memory per
    image, and may be closed at any time. For 2-D points, only classes are reported.
    """
    findings = [] if dataset.points else (yield from _images(dataset, how, augment))
    if dataset.labels is not None and not _classes_are_sides(dataset):
        findings.append(class_checks.classes(dataset))
    findings += class_checks.folders(dataset, how)
    table = dataset.records.table
    sides = np.minimum(table["width"], table["height"])
    modes, counts = np.unique(table["mode"], return_counts=True)
    return HealthReport(
        images=len(dataset.images),
        unreadable=sum(each.kind in ("unreadable", "too_large", "inaccessible") for each in dataset.skipped),
        excluded=len(dataset.excluded),
        size=dataset.size,
        classes=class_checks.class_counts(dataset),
        modes={MODES[mode] or "other": count for mode, count in zip(modes.tolist(), counts.tolist(), strict=True)},
        widths=None if dataset.points else histogram(table["width"]),
        heights=None if dataset.points else histogram(table["height"]),
        aspects=None if dataset.points else histogram(table["width"] / table["height"]),
        resolution=resolution_for(sides.tolist()),
        fit="crop" if dataset.points else size_checks.fit_for(size_checks.kept_parts(dataset)),
        findings=_sorted(findings),
    )


def _classes_are_sides(dataset: Dataset) -> bool:
    """Returns whether the classes are inputs and targets, of which neither has to be as large as the other."""
    found = None if dataset.points else pairing(dataset)
    return found is not None and not found.by_class


def reconsidered(report: HealthReport, whole: Dataset, left_out: RowNumbers, augment: str) -> HealthReport:
    """Returns the report updated for images that were left out of the `whole` dataset, or for another augmentation."""
    if whole.points:
        return report
    copies = next((one.excludable for one in report.findings if one.kind == "exact_duplicates"), no_rows())
    few = image_checks.few_images(len(whole.images) - len(np.union1d(copies, left_out)), whole, augment)
    others = (finding for finding in report.findings if finding.kind != "few_images")
    return replace(report, excluded=len(left_out), findings=_sorted((few, *others)))


def _sorted(findings: Iterable[HealthFinding]) -> tuple[HealthFinding, ...]:
    """Returns the findings, most severe first."""
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))


def _images(dataset: Dataset, how: Preparation, augment: str) -> Generator[Progress, None, list[HealthFinding]]:
    statistics = yield from image_statistics(dataset)
    total = len(dataset.images)
    paired, parts = examined_pairs(dataset, how)
    same = [part[group] for part in parts for group in duplicates.exact(statistics.content[part])]
    copies = image_checks.all_but_first(same)
    empty = np.flatnonzero(statistics.blank())
    worth, alike = _worth_comparing(dataset, copies, empty), []
    for part in parts:
        alike += yield from duplicates.near(statistics, worth[np.isin(worth, part)])
    return [
        *paired,
        *file_checks.left_out(dataset),
        *file_checks.frames(dataset),
        image_checks.exact_duplicates(same, total),
        image_checks.near_duplicates(alike, total),
        image_checks.near_empty(empty, total),
        image_checks.few_images(total - len(copies), dataset, augment),
        size_checks.small_originals(dataset, how),
        size_checks.proportions(dataset, how),
        color_checks.colors(statistics),
        color_checks.print_colors(dataset),
        color_checks.transparency(dataset),
    ]


def _worth_comparing(dataset: Dataset, copies: RowNumbers, empty: RowNumbers) -> RowNumbers:
    """Returns rows except exact duplicates and blank images, largest originals first."""
    rows = np.setdiff1d(np.arange(len(dataset.images)), np.union1d(copies, empty))
    table = dataset.records.table[rows]
    return rows[np.argsort(-table["width"].astype(np.int64) * table["height"], kind="stable")]


def histogram(values: NDArray[np.integer | np.floating]) -> Histogram:
    """Returns the histogram of positive values with logarithmic bins; a single bin if all values are equal."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return Histogram(np.array([low / 1.1, low * 1.1]), np.array([len(values)]))
    edges = np.geomspace(low, high, BINS + 1)
    edges[0], edges[-1] = low, high  # rounding of geomspace may exclude the extreme values
    return Histogram(edges, np.histogram(values, edges)[0])
