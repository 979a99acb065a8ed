"""Plain facts about a dataset, a checkpoint or a run, for `gan-studio inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.checkpoint import summary
from core.data import Dataset, prepare
from core.run import Run
from core.run_folder import is_run

COLOURS = {1: "grey", 3: "RGB", 4: "RGBA"}
"""By the number of channels."""


def describe(source: str) -> dict[str, Any]:
    """Facts by name, of plain types that JSON can hold. Raises `Problem` for what cannot be read."""
    path = Path(source)
    if path.is_file() and path.suffix.lower() != ".zip":
        return checkpoint(path)
    if is_run(path):
        return run(path)
    return dataset(source)


def checkpoint(path: Path) -> dict[str, Any]:
    meta = summary(path).meta
    facts = meta.model_dump(mode="json", exclude={"settings", "stats", "format"})
    changed = {"preset": meta.settings.preset, **meta.settings.model_dump(exclude={"preset"})}
    return {"kind": "checkpoint", **facts, "stats": meta.stats, "settings": changed}


def run(folder: Path) -> dict[str, Any]:
    run = Run(folder)
    checkpoints = run.checkpoints()
    reports = list(run.reports())
    facts: dict[str, Any] = {"kind": "run", "reports": len(reports), "checkpoints": [path.name for path in checkpoints]}
    if reports:
        last = reports[-1]
        facts |= {"step": last.step, "images": last.images, "seconds": last.seconds, "stats": dict(last.stats)}
    if checkpoints:
        facts["settings"] = summary(checkpoints[-1]).meta.settings.model_dump()
    return facts


def dataset(source: str) -> dict[str, Any]:
    found = next(event for event in prepare(source) if isinstance(event, Dataset))
    counts = (
        {} if found.labels is None else {name: int((found.labels == k).sum()) for k, name in enumerate(found.classes)}
    )
    if found.points:
        return {"kind": "points", "points": len(found.images), "classes": counts, "fingerprint": found.fingerprint}
    return {
        "kind": "dataset",
        "images": len(found.images),
        "suggested_resolution": found.size[0],
        "colour": COLOURS[found.images.shape[1]],
        "sizes": dict(found.sizes),
        "classes": counts,
        "skipped": [f"{skipped.name}: {skipped.reason}" for skipped in found.skipped],
        "fingerprint": found.fingerprint,
    }
