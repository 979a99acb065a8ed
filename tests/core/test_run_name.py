"""Names that a person gives to runs: one line, bounded, and never more than data."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from core.errors import UserError
from core.runs.run_name import FILE, LONGEST_NAME, dataset_title, read_name, run_title, write_name


def test_a_name_is_written_read_changed_and_removed(tmp_path: Path) -> None:
    assert read_name(tmp_path) == ""
    assert write_name(tmp_path, "  Blüten, zweiter Versuch ") == "Blüten, zweiter Versuch"
    assert read_name(tmp_path) == "Blüten, zweiter Versuch"
    write_name(tmp_path, "flowers 3")
    assert read_name(tmp_path) == "flowers 3"
    assert write_name(tmp_path, "  ") == read_name(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []
    write_name(tmp_path, "")  # what is not there need not be removed


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        write_name(tmp_path / "gone", "name")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("two\nlines\tand\x00\x1b[31m red", "two lines and [31m red"),
        ("mirrored \u202e eman", "mirrored eman"),
        ("a" * 500, "a" * LONGEST_NAME),
        ("half \ud800 a pair", "half a pair"),
        ("<b>../../x</b>", "<b>../../x</b>"),
    ],
)
def test_control_characters_and_what_is_too_long_are_left_out(tmp_path: Path, given: str, kept: str) -> None:
    assert write_name(tmp_path, given) == kept == read_name(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_what_somebody_else_put_there_is_no_name(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_bytes(b"\xff\xfe\x00 x\n")
    assert read_name(tmp_path).isprintable()
    file.write_bytes(b"x" * 10_000_000)
    assert read_name(tmp_path) == ""
    file.unlink()
    file.mkdir()
    assert read_name(tmp_path) == ""
    with pytest.raises(UserError):
        write_name(tmp_path, "name")


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders, and links need rights")
def test_a_name_follows_no_link_and_waits_for_no_pipe(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("precious")
    run = tmp_path / "run"
    run.mkdir()
    (run / FILE).symlink_to(outside)
    write_name(run, "name")
    assert (outside.read_text(), read_name(run)) == ("precious", "name")
    (run / FILE).unlink()
    os.mkfifo(run / FILE)
    assert read_name(run) == ""


def test_a_run_without_a_name_is_called_by_its_dataset(tmp_path: Path) -> None:
    run = tmp_path / "00003-flowers-studio"
    run.mkdir()
    assert run_title(run) == "00003-flowers-studio"
    (run / "config.json").write_text("[]")
    assert run_title(run) == "00003-flowers-studio"
    (run / "config.json").write_text(json.dumps({"dataset": "/data/flowers"}))
    assert run_title(run) == "flowers"
    write_name(run, "night run")
    assert run_title(run) == "night run"


def test_datasets_have_titles() -> None:
    sources = ["/data/flowers/", r"C:\data\cats.zip", "sample:digits", "toy:ring8", ""]
    assert [dataset_title(source) for source in sources] == ["flowers", "cats.zip", "digits", "ring of 8", ""]
