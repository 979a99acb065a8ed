"""JSON Lines log with a step on each line: appended to during a training, readable after a crash."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

from core.durable_write import append, flush, replaced, unwritable

LONGEST_LINE, MOST_KEYS = 2**20, 1000
"""Characters of a line and keys in it; one with more was not written by this program, and is passed over."""
LARGEST_COUNT, LARGEST = 2**63, 3.4e38
"""Of steps, images and seconds; of any other number, as float32 holds it."""
_writing = Lock()
"""One writes at a time: what is measured of a run may be added just when its training goes on from an earlier step."""


class JsonlLog:
    """Lines that a crash or a full disk left half written are passed over, and never spoil the next one. Any thread
    may add some."""

    def __init__(self, path: Path, keys: tuple[str, ...]) -> None:
        """`keys`: what every line must have, beside `step`."""
        self.path = path
        self._keys = {"step", *keys}

    def append(self, values: Mapping[str, Any], durable: bool = False) -> None:
        """Adds a line; if `durable`, waits until it is on the disk. Raises `UserError`."""
        with _writing, self._written():
            line = ("" if self._ends_whole() else "\n") + json.dumps(values) + "\n"
            append(self.path, line)
            if durable:
                flush(self.path)

    def read(self, last_step: int | None = None) -> list[dict[str, Any]]:
        """The complete lines, up to a step if one is given."""
        return list(self.each(last_step))

    def each(self, last_step: int | None = None) -> Iterator[dict[str, Any]]:
        """The same one by one: however many there are, they need no memory."""
        return (values for _, values in self._lines(last_step))

    def truncate(self, last_step: int) -> None:
        """Drops lines that are later or incomplete, all at once. Raises `UserError`."""
        with _writing:
            if self.path.exists():
                with replaced(self.path) as partial, partial.open("w", encoding="utf-8") as file:
                    file.writelines(line for line, _ in self._lines(last_step))

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

    def _lines(self, last_step: int | None) -> Iterator[tuple[str, dict[str, Any]]]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as file:
            for line in lines_of(file):
                values = parsed_record(line, self._keys) if line.endswith("\n") else None
                if values is not None and (last_step is None or values["step"] <= last_step):
                    yield line, values

    def _ends_whole(self) -> bool:
        if not self.path.exists() or not self.path.stat().st_size:
            return True
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def lines_of(file: TextIO) -> Iterator[str]:
    """Yields the lines of a text file, without those that are longer than any line of ours."""
    while line := file.readline(LONGEST_LINE):
        if line.endswith("\n") or len(line) < LONGEST_LINE:
            yield line
            continue
        while (rest := file.readline(LONGEST_LINE)) and not rest.endswith("\n"):
            pass


def parsed_record(line: str, keys: Set[str]) -> dict[str, Any] | None:
    """What a line says, if it is an object with these keys and a step. Of a report, images and seconds are numbers."""
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


def is_number(value: object) -> bool:
    """Whether a value is a number in the range of float32."""
    return isinstance(value, int | float) and abs(value) <= LARGEST
