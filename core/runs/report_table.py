"""Table of the reports of a run, read from `stats.jsonl` and cached as arrays.

With the cache, a million reports are read in a fraction of a second. It may be deleted at any time.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.data.cache.entries import cache_folder
from core.data.names import digest, opened_regular
from core.durable_write import replaced
from core.errors import FOREIGN_ERRORS, UserError
from core.events import Progress
from core.language import _
from core.runs.jsonl_log import BLOCK, LARGEST_REPORTS, line_blocks, parsed_record, readable, with_known_keys

REQUIRED = frozenset({"step", "images", "seconds"})
"""Keys of every report."""
SMALL = 2**22
"""Bytes of JSON that are parsed quickly; no cache is written for fewer new bytes."""
MOST_COPIES = 100
NAME = re.compile(r"[0-9a-f]{32}\.npz")
"""Pattern of the names of cached tables."""
LEAST_CELLS = 2**20
"""Cells that a table may always have; for a longer file, one per byte. Reports take more bytes per key, so only a
sparse file exceeds the limit; its last keys are then left out."""
PIECES, PIECE = 200, 2**13
"""Number and size in bytes of the pieces of the file from which a thinned table is made."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ReportTable:
    """Table of n reports with k keys: `steps` (n,), `seconds` (n,), and `values` (n, k), NaN if a report lacks a key.
    `complete`: whether it has all reports, or is thinned."""

    keys: tuple[str, ...]
    steps: NDArray[np.int64]
    seconds: NDArray[np.float64]
    values: Floats
    complete: bool = True


@dataclass(frozen=True)
class _Mark:
    """State of `stats.jsonl` for which a cached table is valid: its first `covered` bytes with the checksum `crc`, and
    its size and modification time in ns at that time."""

    covered: int = 0
    crc: int = 0
    size: int = 0
    changed: int = 0

    def fits(self, path: Path) -> bool:
        """Returns whether these bytes are unchanged. They are read again only if the file was modified."""
        found = path.stat()
        if (found.st_size, found.st_mtime_ns) == (self.size, self.changed):
            return True
        return found.st_size >= self.covered and _crc(path, self.covered) == self.crc


class TableReader:
    """Reader of a `stats.jsonl`. Damaged and incomplete lines are skipped.

    All methods raise `UserError` if the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._copy = path, copy_of(path)
        self._known, self._mark = _read_copy(self._copy, path)
        with readable(path):
            self._found = path.stat()
        self.end = 0
        """Bytes of the file read so far, up to the end of a line."""
        self._is_long = self._found.st_size - self._mark.covered > SMALL

    def thinned(self) -> ReportTable | None:
        """Returns evenly distributed reports at once; None if all of them can be read quickly."""
        if self._is_long and not self._mark.covered:
            with readable(self._path):
                return _thinned(self._path, self._found.st_size)
        return None

    def read(self) -> Generator[Progress, None, ReportTable]:
        """Returns all reports. If that takes longer, yields `Progress` and writes the table to the cache."""
        size, parts = self._found.st_size, [self._known]
        covered, crc = self._mark.covered, self._mark.crc
        keys = {*REQUIRED, *self._known.keys}
        with readable(self._path), opened_regular(self._path, LARGEST_REPORTS) as file:
            file.seek(covered)
            for piece, lines in line_blocks(file):
                if self._is_long:
                    yield Progress(_("Reading the reports"), min(covered, size), size, in_bytes=True)
                covered, crc = covered + len(piece), zlib.crc32(piece, crc)
                parts.append(_parsed(lines, keys, len(piece)))
        self.end = covered
        table = _joined(parts, covered)
        if self._is_long:
            _write_copy(self._copy, table, _Mark(covered, crc, size, self._found.st_mtime_ns))
        return table


# --- cache ---


def copy_of(path: Path) -> Path:
    """Returns the path of the cached table, outside the run folder, because reading a run writes nothing into it."""
    return cache_folder().parent / "reports" / f"{digest(str(path.absolute()))}.npz"


def _read_copy(copy: Path, path: Path) -> tuple[ReportTable, _Mark]:
    """Reads a cached table; returns an empty one if it is missing or invalid."""
    damages = (*FOREIGN_ERRORS, BadZipFile, zlib.error, NotImplementedError)
    with suppress(*damages), opened_regular(copy, None) as raw, np.load(raw, allow_pickle=False) as file:
        mark = _Mark(*(int(number) for number in file["mark"]))
        if mark.fits(path):
            return _checked(file["keys"], file["steps"], file["seconds"], file["values"]), mark
    return _parsed([], set(), 0), _Mark()


def _checked(keys: NDArray[Any], steps: NDArray[Any], seconds: NDArray[Any], values: NDArray[Any]) -> ReportTable:
    """Returns the arrays as a table. Raises `ValueError` if they do not fit together."""
    table = ReportTable(tuple(map(str, keys.tolist())), steps, seconds, values)
    kinds = [array.dtype.name for array in (steps, seconds, values)]
    if kinds != ["int64", "float64", "float32"] or steps.shape != seconds.shape or steps.ndim != 1:
        raise ValueError("not a table")
    if values.shape != (len(steps), len(set(table.keys))):
        raise ValueError("not a table")
    return table


def _write_copy(copy: Path, table: ReportTable, mark: _Mark) -> None:
    # A full or read-only disk only costs time at the next opening.
    marks = np.array([mark.covered, mark.crc, mark.size, mark.changed], np.int64)
    keys = np.array(table.keys, dtype=np.str_)
    with suppress(OSError, UserError):
        copy.parent.mkdir(parents=True, exist_ok=True)
        with replaced(copy) as partial, partial.open("wb") as file:
            np.savez(file, mark=marks, keys=keys, steps=table.steps, seconds=table.seconds, values=table.values)
        ours = (path for path in copy.parent.glob("*.npz") if NAME.fullmatch(path.name))  # not foreign files
        copies = sorted(ours, key=lambda path: path.stat().st_mtime)
        for oldest in copies[:-MOST_COPIES]:
            oldest.unlink()


def _crc(path: Path, size: int) -> int:
    crc = 0
    with opened_regular(path, LARGEST_REPORTS) as file:
        while size and (block := file.read(min(size, BLOCK))):
            crc, size = zlib.crc32(block, crc), size - len(block)
    return crc


# --- lines ---


def _thinned(path: Path, size: int) -> ReportTable:
    """Returns evenly distributed reports of a long file, including its first and last ones."""
    lines: list[str] = []
    with opened_regular(path, LARGEST_REPORTS) as file:
        for offset in np.linspace(0, size - PIECE, PIECES).astype(np.int64).tolist():
            file.seek(offset)
            piece = file.read(PIECE).decode("utf-8", "replace").split("\n")
            lines.extend(piece[1 if offset else 0 : -1])  # without cut lines
    table = _parsed([line for line in lines if line], set(REQUIRED), PIECES * PIECE)
    return ReportTable(table.keys, table.steps, table.seconds, table.values, complete=False)


def _parsed(lines: Iterable[str], known: set[str], size: int) -> ReportTable:
    """Parses lines to a table. Reports with the same keys are converted together, which is faster.

    `known`: keys so far, see `with_known_keys`. `size`: bytes of the lines.
    """
    groups: dict[tuple[str, ...], tuple[list[int], list[dict[str, Any]]]] = {}
    count = 0
    for line in lines:
        values = parsed_record(line, REQUIRED)
        if values is None:
            continue
        values = with_known_keys(values, known)
        rows, reports = groups.setdefault(tuple(values), ([], []))
        rows.append(count)
        reports.append(values)
        count += 1
    keys = _affordable((key for group in groups for key in group if key not in REQUIRED), count, size)
    columns = {key: column for column, key in enumerate(keys)}
    steps, seconds = np.empty(count, np.int64), np.empty(count, np.float64)
    table = np.full((count, len(keys)), np.nan, np.float32)
    for group, (rows, reports) in groups.items():
        numbers = _numbers(reports, len(group))
        steps[rows] = [report["step"] for report in reports]  # without conversion to float
        seconds[rows] = numbers[:, group.index("seconds")]
        theirs = [index for index, key in enumerate(group) if key in columns]
        table[np.ix_(rows, [columns[group[index]] for index in theirs])] = _singles(numbers[:, theirs])
    return ReportTable(keys, steps, seconds, table)


def _numbers(reports: Sequence[dict[str, Any]], width: int) -> NDArray[np.float64]:
    """Returns values (reports, width), NaN for values that are not numbers."""
    values = chain.from_iterable(map(dict.values, reports))
    try:
        return np.fromiter(values, np.float64, len(reports) * width).reshape(-1, width)
    except (TypeError, ValueError, OverflowError):  # edited by hand
        rows = [[_number(value) for value in report.values()] for report in reports]
        return np.array(rows, np.float64)


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, int | float) else float("nan")
    except OverflowError:
        return float("nan")


def _singles(numbers: NDArray[np.float64]) -> Floats:
    """Converts to float32, with NaN for values that are not finite there."""
    with np.errstate(over="ignore"):
        singles = numbers.astype(np.float32)
    singles[~np.isfinite(singles)] = np.nan
    return singles


def _affordable(keys: Iterable[str], rows: int, size: int) -> tuple[str, ...]:
    """Returns the unique keys, limited so that a table of `rows` rows is not too large for its file."""
    return tuple(dict.fromkeys(keys))[: max(size, LEAST_CELLS) // max(rows, 1)]


def _joined(parts: Sequence[ReportTable], size: int) -> ReportTable:
    """Concatenates tables by rows. `size`: bytes of the file."""
    if len(parts) == 1 or (len(parts) == 2 and not len(parts[1].steps)):
        return parts[0]
    count = sum(len(part.steps) for part in parts)
    keys = _affordable((key for part in parts for key in part.keys), count, size)
    places = {key: column for column, key in enumerate(keys)}
    # Column-major, because curves are drawn by key.
    values = np.full((len(keys), count), np.nan, np.float32).T
    row = 0
    for part in parts:
        theirs = [column for column, key in enumerate(part.keys) if key in places]
        columns = [places[part.keys[column]] for column in theirs]
        rows = values[row : row + len(part.steps)]
        found = part.values if len(theirs) == len(part.keys) else part.values[:, theirs]
        if columns == list(range(len(keys))):
            rows[:] = found
        else:
            rows[:, columns] = found
        row += len(part.steps)
    steps = np.concatenate([np.empty(0, np.int64), *(part.steps for part in parts)])
    seconds = np.concatenate([np.empty(0, np.float64), *(part.seconds for part in parts)])
    return ReportTable(keys, steps, seconds, values)
