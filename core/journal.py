"""A file of JSON objects, one a line, each with a step: added to while a training goes on, readable after any crash."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class Journal:
    """Lines that a crash or a full disk left half written are passed over, and never spoil the next one."""

    def __init__(self, path: Path, keys: tuple[str, ...]) -> None:
        """`keys`: what every line must have, beside `step`."""
        self.path = path
        self._keys = {"step", *keys}

    def append(self, values: Mapping[str, Any]) -> None:
        """Adds a line. Raises `OSError`."""
        line = ("" if self._ends_whole() else "\n") + json.dumps(values) + "\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)

    def read(self, last_step: int | None = None) -> list[dict[str, Any]]:
        """The complete lines, up to a step if one is given."""
        return list(self.each(last_step))

    def each(self, last_step: int | None = None) -> Iterator[dict[str, Any]]:
        """The same one by one: however many there are, they need no memory."""
        return (values for _, values in self._whole(last_step))

    def keep(self, last_step: int) -> None:
        """Drops lines that are later or incomplete, all at once. Raises `OSError`."""
        if self.path.exists():
            partial = self.path.with_name(f".{self.path.name}.partial")
            partial.write_text("".join(line for line, _ in self._whole(last_step)), "utf-8")
            partial.replace(self.path)

    def _whole(self, last_step: int | None) -> Iterator[tuple[str, dict[str, Any]]]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                values = self._values(line)
                if values and (last_step is None or values["step"] <= last_step):
                    yield line, values

    def _values(self, line: str) -> dict[str, Any] | None:
        try:
            values = json.loads(line)
        except ValueError:
            return None
        whole = line.endswith("\n") and isinstance(values, dict) and values.keys() >= self._keys
        return values if whole and isinstance(values["step"], int) else None

    def _ends_whole(self) -> bool:
        if not self.path.exists() or not self.path.stat().st_size:
            return True
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
