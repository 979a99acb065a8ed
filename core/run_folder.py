"""Recognising runs and checkpoints: apart from what reads them, so that it does not wait for torch to be imported."""

from __future__ import annotations

from pathlib import Path


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    return (folder / "config.json").is_file() and (folder / "stats.jsonl").is_file()


def is_checkpoint(path: Path) -> bool:
    """Whether a file is called like a checkpoint, of ours or of another program."""
    return path.suffix.lower() in (".safetensors", ".pt", ".pth", ".ckpt", ".pkl")
