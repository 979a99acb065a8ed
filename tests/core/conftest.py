"""Fixtures that several tests of the core share: images, a finished run, and processes that start in no time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.nursery import Nursery
from tests.core.tiny import save_pictures, tiny_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for images."""
    made = tmp_path / "photos"
    made.mkdir()
    return made


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twenty images. Read only."""
    return save_pictures(tmp_path_factory.mktemp("pictures") / "noise")


@pytest.fixture(scope="session")
def finished_run(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of six steps on `pictures`. Read only."""
    from core.jobs.training_job import TrainingJob

    base = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_STUDIO_CACHE", str(base / "cache"))
        # This network's images differ from the first step on; a convolutional one begins with plain gray.
        for _ in TrainingJob(tiny_settings("gan", steps=6), str(pictures), out=base / "run").events():
            pass
    return base / "run"


@pytest.fixture(scope="session")
def finished_checkpoint(finished_run: Path) -> Path:
    return finished_run / "checkpoints" / "000000006.safetensors"


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Starts commands in processes of their own that need not import torch again."""
    if os.name != "posix":
        pytest.skip("this system cannot fork")
    with Nursery() as nursery:
        yield nursery
