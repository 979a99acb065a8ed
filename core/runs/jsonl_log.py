"""JSON Lines log with a step on each line, appended to during a training and readable after a crash."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import IO, Any

from core.data.names import opened_regular
from core.durable_write import append, flush, replaced, unwritable
from core.errors import UserError
from core.language import _

LONGEST_LINE, MOST_KEYS = 2**20, 1000
"""Maximum characters and keys of a line; longer lines are not ours and are skipped. All reports together have at most
as many keys; further keys are skipped."""
LARGEST_LOG, LARGEST_REPORTS = 2**24, 2**36
"""Maximum bytes of a log with few lines, and of the reports of a training."""
LARGEST_COUNT, LARGEST = 2**63, 3.4e38
"""Maximum of steps, images and seconds; maximum of other numbers, which are stored as float32."""
BLOCK = 2**21
"""Bytes read at a time."""
REMEMBERED = 200
"""Bytes before its position by which a reader detects that a log was replaced."""
_writing = Lock()
"""Lock of writers: a measurement may be added while a training truncates the log."""
Record = dict[str, Any]


class JsonlLog:
    """Log of JSON lines. Lines that a crash or a full disk left incomplete are skipped, and do not damage the next one.
    Thread-safe."""

    def __init__(self, path: Path, keys: tuple[str, ...], most: int = LARGEST_LOG) -> None:
        """`keys`: required keys of every line besides `step`. `most`: maximum bytes of the file."""
        self.path, self._most = path, most
        self._keys = {"step", *keys}

    def append(self, values: Mapping[str, Any], durable: bool = False) -> None:
        """Appends a line; if `durable`, waits until it is on the disk. Raises `UserError`."""
        with _writing, self._written():
            self._add([values])
            if durable:
                flush(self.path)

    def extend(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Appends a line for each record in a single write. Raises `UserError`."""
        with _writing, self._written():
            self._add(records)

    def each(self, last_step: int | None = None) -> Iterator[Record]:
        """Yields the complete lines, up to `last_step` if given, in bounded memory. Raises `UserError`."""
        return chain.from_iterable(self.blocks(last_step))

    def blocks(self, last_step: int | None = None) -> Iterator[list[Record]]:
        """Yields the same as lists, one for each piece of the file, some of them empty. Raises `UserError`."""
        with readable(self.path):
            for lines in self._lines(last_step):
                yield [values for _, values in lines]

    def tail(self, end: int | None = None) -> LogTail:
        """Returns a reader of lines that are added after the first `end` bytes; None: after the present end."""
        return LogTail(self.path, self._keys, self._most, end)

    def truncate(self, last_step: int) -> None:
        """Removes later and incomplete lines atomically. Raises `UserError`."""
        with _writing:
            if self.path.exists():
                with replaced(self.path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
                    for lines in self._lines(last_step):
                        file.writelines(f"{line}\n" for line, _ in lines)

    def flush(self) -> None:
        """Waits until all lines are on the disk. Raises `UserError`."""
        if self.path.exists():
            with self._written():
                flush(self.path)

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unwritable(self.path, error) from error

    def _add(self, records: Sequence[Mapping[str, Any]]) -> None:
        lines = "".join(f"{json.dumps(values)}\n" for values in records)
        append(self.path, lines if self._ends_whole() else f"\n{lines}")

    def _lines(self, last_step: int | None) -> Iterator[list[tuple[str, Record]]]:
        try:
            file = opened_regular(self.path, self._most)
        except FileNotFoundError:
            return
        with file:
            for _, lines in line_blocks(file):
                found = ((line, parsed_record(line, self._keys)) for line in lines)
                yield [
                    (line, values)
                    for line, values in found
                    if values is not None and (last_step is None or values["step"] <= last_step)
                ]

    def _ends_whole(self) -> bool:
        try:
            file = opened_regular(self.path, None)
        except FileNotFoundError:
            return True
        with file:
            if not file.seek(0, os.SEEK_END):
                return True
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


class LogTail:
    """Reader of lines that another process adds to a log. The file is open only during reads, so that the other process
    can replace it."""

    def __init__(self, path: Path, keys: Set[str], most: int, end: int | None) -> None:
        self._path, self._keys, self._most = path, keys, most
        self._end, self._before = end, b""

    def read(self) -> Iterator[list[Record]]:
        """Yields the complete lines since the last call as lists, one for each piece of the file.

        Raises `OSError`, and `LogReplacedError` if earlier lines are gone; the next call then continues at the new end.
        """
        try:
            file = opened_regular(self._path, self._most)
        except FileNotFoundError:
            was_there, self._end, self._before = self._end, 0, b""
            if was_there:
                raise LogReplacedError from None
            return
        with file:
            size = file.seek(0, os.SEEK_END)
            if self._end is None or not self._is_same(file, size):
                is_new, self._end = self._end is None, size
                self._remember(file)
                if is_new:
                    return
                raise LogReplacedError
            file.seek(self._end)
            for piece, lines in line_blocks(file):
                self._end += len(piece)
                yield [values for line in lines if (values := parsed_record(line, self._keys)) is not None]
            self._remember(file)

    def _is_same(self, file: IO[bytes], size: int) -> bool:
        """Returns whether the bytes before the position are unchanged. They identify the log, as reports differ."""
        assert self._end is not None
        if size < self._end:
            return False
        if not self._before:  # another reader read up to here
            return True
        file.seek(self._end - len(self._before))
        return file.read(len(self._before)) == self._before

    def _remember(self, file: IO[bytes]) -> None:
        assert self._end is not None
        file.seek(max(self._end - REMEMBERED, 0))
        self._before = file.read(min(self._end, REMEMBERED))


class LogReplacedError(Exception):
    """Raised if lines that were read are gone from a log and no longer valid."""


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns `OSError` into a `UserError` about a file of a run."""
    try:
        yield
    except OSError as error:
        raise UserError(
            _("{file} of the run {run} cannot be read.").format(file=path.name, run=path.parent.name),
            _("Check the disk and the permissions of the file."),
            str(error),
        ) from error


def line_blocks(file: IO[bytes]) -> Iterator[tuple[bytes, list[str]]]:
    """Yields the rest of a file in pieces, each with its complete lines of at most `LONGEST_LINE` characters.

    Pieces have at most `BLOCK` plus `LONGEST_LINE` bytes. An incomplete last line is omitted.
    """
    rest, is_cut = b"", False
    while block := file.read(BLOCK):
        whole, newline, rest = (rest + block).rpartition(b"\n")
        lines = whole.decode("utf-8", "replace").split("\n") if newline else []
        piece = whole + newline
        fitting = [line for line in lines[is_cut:] if line and len(line) <= LONGEST_LINE]
        is_cut = is_cut and not newline
        if len(rest) > LONGEST_LINE:  # skipped up to its end
            piece, rest, is_cut = piece + rest, b"", True
        yield piece, fitting


def parsed_record(line: str, keys: Set[str]) -> Record | None:
    """Parses a line; returns None unless it is an object with these keys and a step, and valid numbers."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or not values.keys() >= keys or len(values) > MOST_KEYS:
        return None
    if not isinstance(values["step"], int):
        return None
    counts = [values[key] for key in ("step", "images", "seconds") if key in keys]
    return values if all(is_number(count) and 0 <= count < LARGEST_COUNT for count in counts) else None


def with_known_keys(values: Record, known: set[str]) -> Record:
    """Returns a report without keys beyond the first `MOST_KEYS` of the file. `known`: keys so far, updated."""
    if values.keys() <= known:
        return values
    new = [key for key in values if key not in known]
    known.update(new[: max(MOST_KEYS - len(known), 0)])
    return {key: value for key, value in values.items() if key in known}


def is_number(value: object) -> bool:
    """Returns whether a value is a number in the range of float32."""
    return isinstance(value, int | float) and abs(value) <= LARGEST
