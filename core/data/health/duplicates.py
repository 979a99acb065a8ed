"""Duplicates and near-duplicates of a dataset, in groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from core.data.health.findings import RowNumbers
from core.data.health.image_statistics import ImageStatistics
from core.events import Progress
from core.language import _

NEAR_BITS = 4
"""Maximum Hamming distance between the perceptual hashes of near-duplicates.

Chosen on photos (CIFAR-10) and drawings (Noto emoji): 99 % of modified copies (JPEG at quality 75, half the size, 10 %
darker or lighter) stay within it.
"""
NEAR_SKETCH = 0.1
"""Maximum distance between the sketches of near-duplicates.

Drawings on a plain background often have equal hashes. Among 10,000 drawn digits, 33,000 pairs are within `NEAR_BITS`
but only 68 also within this distance; among 3,583 emoji, 3,850 and 434 pairs. 99 % of the modified copies stay within
it, except lightened emoji, whose bright parts became white (75 %).
"""
COMPARED = 64
"""Maximum number of earlier images in a hash band that an image is compared with, the latest ones.

It keeps the work proportional to the number of images even if all of them share a band.
"""

_BANDS = NEAR_BITS + 1
_BAND = -(-64 // _BANDS)  # bits
_AT_ONCE = 500  # images compared between two `Progress` events


def exact(content: NDArray[np.uint64]) -> list[RowNumbers]:
    """Returns groups of rows with equal hashes. Rows ascend in each group, and groups by their first rows."""
    order = np.argsort(content, kind="stable").astype(np.int64)
    ends = np.flatnonzero(np.append(np.diff(content[order]) != 0, True)) + 1
    starts = np.append(0, ends[:-1])
    several = ends - starts > 1
    groups = [order[start:end] for start, end in zip(starts[several], ends[several], strict=True)]
    return sorted(groups, key=lambda group: int(group[0]))


def near(statistics: ImageStatistics, rows: RowNumbers) -> Generator[Progress, None, list[RowNumbers]]:
    """Yields `Progress`; returns groups of near-duplicates among `rows`, each in the order of `rows`.

    Every row of a group is near its first row. Similarity is not chained further: from frame to frame, a video would
    become a single group.
    """
    groups: dict[int, list[int]] = {}
    shared: dict[int, list[int]] = defaultdict(list)  # by parts of hashes, the firsts that have them
    hashes = statistics.hash.tolist()
    for done, row in enumerate(rows.tolist()):
        if done % _AT_ONCE == 0:
            yield Progress(_("Comparing the images"), done, len(rows))
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
    """Yields the numbered bands of a hash. Two hashes that differ in fewer bits than there are bands share a band.

    The first is the whole hash, negated: equal hashes meet even where a band is crowded.
    """
    yield ~hash
    for band in range(_BANDS):
        yield band << _BAND | hash >> band * _BAND & (1 << _BAND) - 1


def _nearest(sketch: NDArray[np.float16], row: int, others: list[int]) -> int | None:
    """Returns the row among `others` whose sketch is nearest; None if all are farther than `NEAR_SKETCH`."""
    distances = np.linalg.norm(sketch[others].astype(np.float32) - sketch[row], axis=1)
    nearest = int(distances.argmin())
    return others[nearest] if distances[nearest] <= NEAR_SKETCH else None
