"""Health checks of files: which are left out, and which hold several images. Each returns a list of findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np

from core.data.dataset import Dataset
from core.data.health.findings import MOST_REASONS, HealthFinding, severity_of
from core.data.items import REMEDIES, SkippedKind, listed
from core.data.names import quoted
from core.language import _, number, plural, sentences

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
