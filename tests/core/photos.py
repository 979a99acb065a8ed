"""Pictures as different from each other as photos are, datasets of them, and what is found in those."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.dataset import Dataset, Pixels
from core.data.health.examine import examine
from core.data.health.findings import HealthFinding, HealthReport
from core.data.prepare import prepare
from core.data.records import RECORD, Records
from core.events import Progress
from tests.core.work import all_of

SMALL = Preparation((32, 32))


def photo(seed: int, width: int = 80, height: int = 80) -> Image.Image:
    """Returns soft patches of any color with some noise on them."""
    random = np.random.default_rng(seed)
    patches = Image.fromarray(random.integers(0, 256, (7, 7, 3), np.uint8))
    soft = np.asarray(patches.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    return Image.fromarray(np.clip(soft + random.integers(-20, 21, soft.shape), 0, 255).astype(np.uint8))


def fill(folder: Path, count: int, start: int = 0) -> Path:
    """Writes photos named by their numbers, and returns their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(start, start + count):
        photo(number).save(folder / f"{number:03}.png")
    return folder


def opened(source: Path | str, how: Preparation = SMALL) -> Dataset:
    return run_to_end(prepare(source, how))


def names(dataset: Dataset) -> list[str]:
    return list(dataset.records.all_names())


def report_of(dataset: Dataset, how: Preparation = SMALL, augment: str = "diffaug") -> HealthReport:
    events, report = all_of(examine(dataset, how, augment))
    assert all(isinstance(event, Progress) for event in events)
    ranks = [("warning", "note", "good").index(finding.severity) for finding in report.findings]
    assert ranks == sorted(ranks)
    kinds = [finding.kind for finding in report.findings]
    assert len(set(kinds)) == len(kinds)
    return report


def finding(report: HealthReport, kind: str) -> HealthFinding:
    (found,) = (finding for finding in report.findings if finding.kind == kind)
    return found


def found(source: Path | str, kind: str, how: Preparation = SMALL, augment: str = "diffaug") -> HealthFinding:
    return finding(report_of(opened(source, how), how, augment), kind)


def named(dataset: Dataset, rows: NDArray[np.int64]) -> list[str]:
    return [dataset.records.name(row) for row in rows]


def made_of(images: Pixels, labels: NDArray[np.int64] | None = None, **records: Any) -> Dataset:
    """Returns a dataset of these pixels (N, C, H, W), the originals of which were as large."""
    count, _, height, width = images.shape
    table = np.zeros(count, RECORD)
    table["width"], table["height"] = width, height
    for name, values in records.items():
        table[name] = values
    classes = () if labels is None else tuple(f"class {number}" for number in range(labels.max() + 1))
    return Dataset(
        "made", "made", (width, height), images, labels, classes, (), "made", Records(table, np.zeros(0, np.uint8))
    )
