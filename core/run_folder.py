"""Recognising a run's folder: apart from `core.run`, so that it does not wait for torch to be imported."""

from __future__ import annotations

from pathlib import Path


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    return (folder / "config.json").is_file() and (folder / "stats.jsonl").is_file()
