"""Retention of checkpoints: the newest, the best, and pinned ones stay."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.runs.retention import BEST, best, is_pinned, numbered, pin, prune, record_metric

FID = "Metrics/fid@vgg16:1000:3000:train"
OTHER_FID = "Metrics/fid@vgg16:2000:3000:train"
RECALL = "Metrics/recall@vgg16:1000:3000:train"
NEWEST = "000000009.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten checkpoints; nothing looks into them."""
    for step in range(10):
        (tmp_path / f"{step:09d}.safetensors").touch()
    return tmp_path


def steps(paths: list[Path]) -> list[int]:
    return [int(path.stem) for path in paths]


def test_the_oldest_go_first(folder: Path) -> None:
    assert steps(prune(folder, folder / NEWEST, 3)) == [0, 1, 2, 3, 4, 5, 6]
    assert steps(numbered(folder)) == [7, 8, 9]
    assert prune(folder, folder / NEWEST, 3) == []


def test_what_is_pinned_or_best_stays(folder: Path) -> None:
    pin(folder / "000000002.safetensors")
    record_metric(folder / "000000004.safetensors", FID, 30.0)
    assert steps(prune(folder, folder / NEWEST, 1)) == [0, 1, 3, 5, 6, 7, 8]
    assert steps(numbered(folder)) == [2, 4, 9]


def test_what_was_just_saved_stays_whatever_is_later(folder: Path) -> None:
    """The later ones are damaged, or somebody's, called by a date."""
    (folder / "20251201120000.safetensors").touch()
    assert steps(prune(folder, folder / "000000006.safetensors", 1)) == [0, 1, 2, 3, 4, 5]
    assert steps(numbered(folder)) == [6, 7, 8, 9, 20251201120000]


def test_folders_and_other_ways_to_write_a_step_are_somebodys(folder: Path) -> None:
    (folder / "000000010.safetensors").mkdir()
    (folder / "0000000011.safetensors").touch()
    assert steps(numbered(folder)) == list(range(10))
    assert numbered(folder / "missing") == []


def test_what_is_being_measured_stays(folder: Path) -> None:
    assert steps(prune(folder, folder / NEWEST, 1, folder / "000000003.safetensors")) == [0, 1, 2, 4, 5, 6, 7, 8]


def test_a_pin_can_be_taken_back(folder: Path) -> None:
    path = folder / "000000000.safetensors"
    pin(path)
    assert is_pinned(path)
    pin(path)
    assert is_pinned(path)
    pin(path, False)
    pin(path, False)
    assert not is_pinned(path)


@pytest.mark.skipif(os.name == "nt", reason="links need permission there")
def test_a_pin_follows_no_link(folder: Path, tmp_path: Path) -> None:
    path, elsewhere = folder / "000000002.safetensors", tmp_path / "elsewhere"
    path.with_suffix(".pin").symlink_to(elsewhere)
    pin(path)
    assert is_pinned(path)
    assert not elsewhere.exists()
    pin(path, False)
    assert not is_pinned(path)
    assert path in prune(folder, folder / NEWEST, 1)


def test_the_best_is_the_lowest_distance_and_the_highest_score(folder: Path) -> None:
    files = numbered(folder)
    assert [record_metric(file, FID, value) for file, value in zip(files, (50.0, 40.0, 45.0), strict=False)] == [
        True,
        True,
        False,
    ]
    assert [record_metric(file, RECALL, value) for file, value in zip(files, (0.1, 0.3, 0.2), strict=False)] == [
        True,
        True,
        False,
    ]
    assert [(found.step, found.key, found.value) for found in best(folder)] == [(1, FID, 40.0), (1, RECALL, 0.3)]


def test_the_best_is_past_when_what_came_later_is_no_better(folder: Path) -> None:
    past = []
    for file, value in zip(numbered(folder), (50.0, 40.0, 45.0, 40.0, 30.0), strict=False):
        record_metric(file, FID, value)
        past += [(found.step, found.is_past) for found in best(folder)]
    assert past == [(0, False), (1, False), (1, True), (1, True), (4, False)]
    record_metric(folder / "000000009.safetensors", FID, 31.0)
    record_metric(folder / "000000002.safetensors", FID, 50.0)
    assert [(found.step, found.is_past) for found in best(folder)] == [(4, True)]


def test_numbers_that_were_measured_otherwise_are_not_compared(folder: Path) -> None:
    first, second = numbered(folder)[:2]
    record_metric(first, FID, 10.0)
    assert record_metric(second, OTHER_FID, 20.0)
    assert [found.step for found in best(folder)] == [0, 1]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"fid": 1}', '{"Metrics/fid@vgg16:1:1:all": {"file": "no number.safetensors", "value": 1}}']
)
def test_a_damaged_note_is_no_note(folder: Path, text: str) -> None:
    (folder / BEST).write_text(text, "utf-8")
    assert best(folder) == []
    assert record_metric(numbered(folder)[0], FID, 1.0)
    assert FID in json.loads((folder / BEST).read_text("utf-8"))


def test_a_note_never_leads_out_of_the_folder(folder: Path) -> None:
    (folder.parent / "000000001.safetensors").touch()
    (folder / BEST).write_text(
        json.dumps({FID: {"file": "../000000001.safetensors", "value": 1, "latest": 1}}), "utf-8"
    )
    assert [found.path for found in best(folder)] == [folder / "000000001.safetensors"]


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)), st.integers(1, 10))
def test_pruning_leaves_the_newest_and_the_chosen(
    tmp_path_factory: pytest.TempPathFactory, there: set[int], chosen: set[int], most: int
) -> None:
    folder = tmp_path_factory.mktemp("checkpoints")
    for step in there:
        (folder / f"{step:09d}.safetensors").touch()
    for step in there & chosen:
        pin(folder / f"{step:09d}.safetensors")
    prune(folder, folder / "000000030.safetensors", most)
    left = set(steps(numbered(folder)))
    assert left == (there & chosen) | set(sorted(there - chosen)[-most:])
