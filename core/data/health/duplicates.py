"""Duplicates and near-duplicates of a dataset, in groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from core.data.health.findings import RowNumbers
from core.data.health.image_statistics import ImageStatistics
from core.events import Progress

NEAR_BITS = 4
"""Bits in which the hashes of near duplicates differ at most.

Chosen on photos (CIFAR-10) and drawings (Noto emoji): of their copies, saved as JPEG at quality 75, halved in size,
darker or lighter by a tenth, 99 % stay within it.
"""
NEAR_SKETCH = 0.1
"""Distance of the sketches of near duplicates at most.

Drawings on a plain ground have equal hashes far too often: of 10,000 drawn digits 33,000 pairs are within those bits,
and 68 of them within this distance too; of 3,583 emoji 3,850 and 434, which differ in shades. Of those copies it keeps
99 %, but of the lightened emoji, whose bright parts became white, three in four.
"""
COMPARED = 64
"""Earlier images of which one is compared with the last so many that share a part of its hash.

That keeps the work in proportion to the number of images even if all of them share it.
"""

_BANDS = NEAR_BITS + 1
_BAND = -(-64 // _BANDS)  # bits
_AT_ONCE = 500  # images compared between two moments at which to stop


def exact(content: NDArray[np.uint64]) -> list[RowNumbers]:
    """Groups of rows with equal hashes, each ascending and in the order of their first rows."""
    order = np.argsort(content, kind="stable").astype(np.int64)
    ends = np.flatnonzero(np.append(np.diff(content[order]) != 0, True)) + 1
    starts = np.append(0, ends[:-1])
    several = ends - starts > 1
    groups = [order[start:end] for start, end in zip(starts[several], ends[several], strict=True)]
    return sorted(groups, key=lambda group: int(group[0]))


def near(statistics: ImageStatistics, rows: RowNumbers) -> Generator[Progress, None, list[RowNumbers]]:
    """Groups among these rows, each with the row first that comes first in `rows`.

    Every row of a group is near its first. Near ones of near ones are not followed further: from one to the next, the
    frames of a film lead from anything to everything.
    """
    groups: dict[int, list[int]] = {}
    shared: dict[int, list[int]] = defaultdict(list)  # by parts of hashes, the firsts that have them
    hashes = statistics.hash.tolist()
    for done, row in enumerate(rows.tolist()):
        if done % _AT_ONCE == 0:
            yield Progress("Comparing the images", done, len(rows))
        parts = list(_parts(hashes[row]))
        alike = {
            first
            for part in parts
            for first in shared.get(part, ())
            if (hashes[first] ^ hashes[row]).bit_count() <= NEAR_BITS
        }
        first = _nearest(statistics.sketch, row, sorted(alike)) if alike else None
        if first is not None:
            groups.setdefault(first, [first]).append(row)
            continue
        for part in parts:
            shared[part].append(row)
            del shared[part][:-COMPARED]
    found = [np.array(group, np.int64) for group in groups.values()]
    return sorted(found, key=lambda group: int(group[0]))


def _parts(hash: int) -> Iterator[int]:
    """The hash in bands, numbered: two that differ in fewer bits than there are bands share at least one of them.

    And as a whole, negative: where a band is crowded, at least the equal ones meet.
    """
    yield ~hash
    for band in range(_BANDS):
        yield band << _BAND | hash >> band * _BAND & (1 << _BAND) - 1


def _nearest(sketch: NDArray[np.float16], row: int, others: list[int]) -> int | None:
    """Which of the others is nearest to the row; None if all are too far."""
    distances = np.linalg.norm(sketch[others].astype(np.float32) - sketch[row], axis=1)
    nearest = int(distances.argmin())
    return others[nearest] if distances[nearest] <= NEAR_SKETCH else None
