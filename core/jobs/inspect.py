"""Facts about a dataset, a checkpoint or a run, for `gan-studio inspect`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.checkpoint import Meta, summary
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.data.health.class_checks import class_counts
from core.data.health.examine import examine
from core.data.health.findings import HealthFinding, Histogram
from core.data.prepare import prepare
from core.data.sides.pairing import pairing
from core.diagnosis import diagnose
from core.diagnosis.case import RunFacts
from core.diagnosis.report_history import ReportHistory
from core.formatting import right
from core.imaging.channels import CHANNEL_NAMES
from core.language import _, in_context, number, plural
from core.runs.run import Run, is_checkpoint, is_run

SHOWN = 8
"""Maximum number of items of a kind in text output; JSON has all."""
SHOWN_GROUPS = 3
_KINDS = {
    "checkpoint": _("checkpoint"),
    "dataset": _("dataset"),
    "points": _("points"),
    "run": in_context("noun", "run"),
}
_SEVERITIES = {
    "good": _("good"),
    "note": in_context("severity", "note"),
    "warning": _("warning"),
    "watch": in_context("severity", "watch"),
    "bad": _("bad"),
}
_TITLES = {
    "kind": in_context("fact", "kind"),
    "channels": in_context("fact", "channels"),
    "step": in_context("fact", "step"),
    "images": in_context("fact", "images"),
    "seconds": in_context("fact", "seconds"),
    "epoch": in_context("fact", "epoch"),
    "index": in_context("fact", "index"),
    "dataset": in_context("fact", "dataset"),
    "dataset_fingerprint": in_context("fact", "dataset fingerprint"),
    "classes": in_context("fact", "classes"),
    "device": in_context("fact", "device"),
    "precision": in_context("fact", "precision"),
    "memory_format": in_context("fact", "memory format"),
    "created": in_context("fact", "created"),
    "stats": in_context("fact", "stats"),
    "settings": in_context("fact", "settings"),
    "reports": in_context("fact", "reports"),
    "checkpoints": in_context("fact", "checkpoints"),
    "points": in_context("fact", "points"),
    "fingerprint": in_context("fact", "fingerprint"),
    "size": in_context("fact", "size"),
    "suggested_resolution": in_context("fact", "suggested resolution"),
    "suggested_fit": in_context("fact", "suggested fit"),
    "colour": in_context("fact", "colour"),
    "modes": in_context("fact", "modes"),
    "sizes": in_context("fact", "sizes"),
    "task": in_context("fact", "task"),
    "translator": in_context("fact", "translator"),
    "method": in_context("fact", "method"),
    "input": in_context("fact", "input"),
    "output": in_context("fact", "output"),
    "networks": in_context("fact", "networks"),
    "excluded": in_context("fact", "excluded"),
    "pairs": in_context("fact", "pairs"),
    "without_partner": in_context("fact", "without partner"),
    "doubled_names": in_context("fact", "doubled names"),
    "pairs_of_other_sizes": in_context("fact", "pairs of other sizes"),
}
"""Names of facts, for people."""


def describe(source: str, resolution: int | None = None) -> dict[str, Any]:
    """Returns facts by name, of types for JSON. Raises `UserError` if the source cannot be read.

    A dataset is examined as squares of `resolution` px, or of the suggested resolution.
    """
    path = Path(source)
    if path.is_file() and is_checkpoint(path):
        return checkpoint(path)
    if is_run(path):
        return run(path)
    return dataset(source, resolution)


def checkpoint(path: Path) -> dict[str, Any]:
    meta = summary(path).meta
    facts = meta.model_dump(mode="json", exclude={"settings", "stats", "format"})
    changed = {"preset": meta.settings.preset, **meta.settings.model_dump(exclude={"preset"})}
    about = translation(meta) if meta.settings.translates else {}
    return {"kind": "checkpoint", **about, **facts, "stats": meta.stats, "settings": changed}


def translation(meta: Meta) -> dict[str, Any]:
    """Returns what a checkpoint of a translation makes of what: task, method, sizes, and parameters by network."""
    from core.checkpoint_schema import networks  # here, as both take time
    from core.translation.build import translator_shape

    settings, shape = meta.settings, translator_shape(meta.settings, meta.channels)
    width, height = settings.size
    generators, discriminators = networks(settings, meta.channels, len(meta.classes))
    return {
        "task": settings.task,
        "translator": settings.translator,
        "method": settings.method,
        "input": {"size": f"{width // shape.scale} x {height // shape.scale}", "channels": shape.inputs},
        "output": {"size": f"{width} x {height}", "channels": shape.outputs},
        "networks": {
            name: sum(weight.numel() for weight in network.parameters())
            for name, network in (generators | discriminators).items()
        },
    }


def run(folder: Path) -> dict[str, Any]:
    run = Run(folder)
    checkpoints = run.checkpoints()
    reports, history = 0, ReportHistory()
    for reports, report in enumerate(run.reports(), 1):  # noqa: B007 (how many there were)
        history.append(report)
    facts: dict[str, Any] = {"kind": "run", "reports": reports, "checkpoints": [path.name for path in checkpoints]}
    if last := history.last:
        facts |= {"step": last.step, "images": last.images, "seconds": last.seconds, "stats": dict(last.stats)}
    if checkpoints:
        settings = summary(run.newest()).meta.settings
        facts["settings"] = settings.model_dump()
        beside = RunFacts(run.images(), tuple(run.edits()), tuple(run.rewinds()))
        facts["diagnoses"] = [asdict(found) for found in diagnose(history, settings, beside)]
    return facts


def dataset(source: str, resolution: int | None = None) -> dict[str, Any]:
    how = Preparation(size=(resolution, resolution) if resolution is not None else None)
    found = run_to_end(prepare(source, how))
    counts = class_counts(found)
    if found.points:
        return {"kind": "points", "points": len(found.images), "classes": counts, "fingerprint": found.fingerprint}
    report = run_to_end(examine(found, how))
    return {
        "kind": "dataset",
        "images": report.images,
        "size": "{} x {}".format(*report.size),
        "suggested_resolution": report.resolution,
        "suggested_fit": report.fit,
        "colour": CHANNEL_NAMES[found.images.shape[1]].short,
        "modes": dict(report.modes),
        "sizes": found.records.sizes(),
        "histograms": {
            "width": _bins(report.widths),
            "height": _bins(report.heights),
            "aspect": _bins(report.aspects),
        },
        "classes": counts,
        "skipped": [f"{skipped.name}: {skipped.reason}" for skipped in found.skipped],
        "excluded": list(found.excluded),
        **(_pairs(found) if any(finding.kind == "pairs" for finding in report.findings) else {}),
        "findings": [_finding(finding, found) for finding in report.findings],
        "fingerprint": found.fingerprint,
    }


def _pairs(dataset: Dataset) -> dict[str, Any]:
    found = pairing(dataset)
    assert found is not None  # the report tells the pairs
    return {
        "pairs": len(found.pairs.inputs),
        "without_partner": [dataset.records.name(row) for row in found.alone.rows().tolist()],
        "doubled_names": [dataset.records.name(row) for row in found.doubled.tolist()],
        "pairs_of_other_sizes": len(found.other_sizes(dataset)),
    }


def _bins(histogram: Histogram | None) -> dict[str, list[float]]:
    assert histogram is not None  # None only for points
    return {"edges": histogram.edges.tolist(), "counts": histogram.counts.tolist()}


def _finding(finding: HealthFinding, found: Dataset) -> dict[str, Any]:
    def names(rows: Sequence[int]) -> list[str]:
        return [found.records.name(row) for row in rows]

    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "text": finding.text,
        "suggestion": finding.suggestion,
        "groups": [names(group.tolist()) for group in finding.groups],
        "excludable": names(finding.excludable.tolist()),
        "skipped": {reason: list(files) for reason, files in finding.skipped.items()},
    }


def lines(facts: dict[str, Any]) -> Iterator[str]:
    """Yields the facts as text lines for people; facts that findings state are omitted."""
    for name, value in facts.items():
        if name not in ("diagnoses", "findings", "histograms", "skipped"):
            title = _TITLES[name] if name in _TITLES else name.replace("_", " ")
            yield f"{right(title, 20)}  {_plain(_KINDS.get(value, value) if name == 'kind' else value)}"
    severity = ""
    for finding in facts.get("findings", ()):
        if severity != "good":  # good findings are omitted
            yield ""
        severity = finding["severity"]
        yield f"{right(_SEVERITIES.get(severity, severity), 20)}  {finding['text']}"
        yield from (f"{'':>20}  {line}" for line in _particulars(finding))
    yield from _diagnoses(facts)


def _diagnoses(facts: dict[str, Any]) -> Iterator[str]:
    for found in facts.get("diagnoses", ()):
        yield ""
        yield f"{right(_SEVERITIES.get(found['severity'], found['severity']), 20)}  {found['sentence']}"
        yield from (f"{'':>20}  {remedy['text']} {_flags(remedy['changes'])}" for remedy in found["remedies"])


def _flags(changes: dict[str, Any]) -> str:
    """Returns settings as command-line options."""
    return "({})".format(" ".join(_flag(name.replace("_", "-"), value) for name, value in changes.items()))


def _flag(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {value}"


def _particulars(finding: dict[str, Any]) -> Iterator[str]:
    if finding["suggestion"]:
        yield finding["suggestion"]
    for reason, files in finding["skipped"].items():
        yield _("{reason}: {files}").format(reason=reason, files=_plain(files))
    groups = finding["groups"]
    yield from (_plain(group) for group in groups[:SHOWN_GROUPS])
    if len(groups) > SHOWN_GROUPS:
        yield plural("and {count} more group", "and {count} more groups", len(groups) - SHOWN_GROUPS)


def _plain(value: Any) -> str:
    """Returns a value as one line, with the first items of a long list."""
    if isinstance(value, dict):
        return _plain([f"{key}: {item}" for key, item in value.items()])
    if isinstance(value, list):
        items = ", ".join(_plain(item) for item in value[:SHOWN])
        if len(value) > SHOWN:
            return _("{items}, and {count} more").format(items=items, count=number(len(value) - SHOWN))
        return items
    return " ".join(str(value).split())
