"""Reports as arrays: whatever has become of the copy in the cache, what stats.jsonl says is what is read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.concurrency import run_to_end
from core.errors import UserError
from core.events import Progress
from core.runs.report_table import ReportTable, TableReader, copy_of


@pytest.fixture(autouse=True)
def everything_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that few reports are read as many are."""
    monkeypatch.setattr("core.runs.report_table.SMALL", 2000)
    monkeypatch.setattr("core.runs.jsonl_log.BLOCK", 700)
    monkeypatch.setattr("core.runs.report_table.PIECES", 5)
    monkeypatch.setattr("core.runs.report_table.PIECE", 300)


def line(step: int, **stats: Any) -> str:
    return json.dumps({"step": step, "images": 8 * step, "seconds": step / 2, **stats}) + "\n"


def lines(start: int, end: int) -> str:
    """Each report has a loss, and every tenth a signal as well."""
    return "".join(
        line(step, **{"Loss/G/loss": step / 4}, **({"Signal/gap": float(step)} if step % 10 == 0 else {}))
        for step in range(start, end)
    )


def whole(path: Path) -> ReportTable:
    table = run_to_end(TableReader(path).read())
    assert table.complete
    return table


def whole_at_once(path: Path) -> ReportTable:
    """Without a thinned table, and without progress."""
    reader = TableReader(path)
    assert reader.thinned() is None
    seen: list[object] = []
    table = run_to_end(reader.read(), seen.append)
    assert not seen
    return table


def of_steps(table: ReportTable, start: int, end: int) -> None:
    """Asserts that the table holds `lines(start, end)`."""
    steps = np.arange(start, end)
    assert np.array_equal(table.steps, steps)
    assert np.array_equal(table.seconds, steps / 2)
    assert table.keys == ("Loss/G/loss", "Signal/gap")
    assert np.array_equal(table.values[:, 0], steps / 4)
    assert np.array_equal(table.values[:, 1], np.where(steps % 10 == 0, steps, np.nan), equal_nan=True)


@pytest.fixture
def stats(tmp_path: Path) -> Path:
    path = tmp_path / "stats.jsonl"
    path.write_text(lines(0, 500), "utf-8")
    return path


def test_reading_writes_nothing_beside_the_reports(stats: Path) -> None:
    whole(stats)
    assert copy_of(stats).is_file()
    assert [file.name for file in stats.parent.iterdir()] == ["stats.jsonl"]


def test_the_oldest_copies_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.report_table.MOST_COPIES", 2)
    paths = [tmp_path / str(number) / "stats.jsonl" for number in range(4)]
    somebodys = copy_of(paths[0]).with_name("mine.npz")
    somebodys.parent.mkdir(parents=True)
    somebodys.touch()
    for number, path in enumerate(paths):
        path.parent.mkdir()
        path.write_text(lines(0, 500), "utf-8")
        whole(path)
        os.utime(copy_of(path), (number, number))
    assert somebodys.exists()
    assert [copy_of(path).exists() for path in paths] == [False, False, True, True]


def test_a_thinned_table_comes_first_and_the_whole_one_after_it(stats: Path) -> None:
    reader = TableReader(stats)
    first, seen = reader.thinned(), list[Progress]()
    last = run_to_end(reader.read(), seen.append)
    assert first is not None
    assert not first.complete
    assert len(seen) > 1
    assert 5 <= len(first.steps) < 100
    assert (first.steps[0], first.steps[-1]) == (0, 499)
    assert np.array_equal(first.values[:, 0], first.steps / 4)
    assert last.complete
    of_steps(last, 0, 500)


def test_the_second_time_all_of_it_comes_at_once(stats: Path) -> None:
    of_steps(whole(stats), 0, 500)
    of_steps(whole_at_once(stats), 0, 500)


def test_a_few_reports_leave_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "stats.jsonl"
    path.write_text(lines(0, 20), "utf-8")
    of_steps(whole(path), 0, 20)
    path.write_text("", "utf-8")
    assert len(whole(path).steps) == 0
    assert not copy_of(path).exists()


@pytest.mark.parametrize("more", [3, 300])
def test_a_run_that_goes_on(stats: Path, more: int) -> None:
    whole(stats)
    before = copy_of(stats).read_bytes()
    with stats.open("a", encoding="utf-8") as file:
        file.write(lines(500, 500 + more) + '{"step": 9999, "ima')
    of_steps(whole(stats), 0, 500 + more)
    # A few are read each time; many are worth another copy.
    assert (copy_of(stats).read_bytes() == before) is (more == 3)
    with stats.open("a", encoding="utf-8") as file:
        file.write("\n" + lines(500 + more, 600 + more))
    of_steps(whole(stats), 0, 600 + more)


def shorter(path: Path) -> None:
    path.write_text(lines(0, 200), "utf-8")


def other_number(path: Path) -> None:
    path.write_text(lines(0, 500).replace('"Loss/G/loss": 2.5}', '"Loss/G/loss": 9.5}'), "utf-8")


def longer_and_other(path: Path) -> None:
    path.write_text(lines(1, 700), "utf-8")


@pytest.mark.parametrize("edit", [shorter, other_number, longer_and_other])
def test_what_is_written_by_hand_counts(stats: Path, tmp_path: Path, edit: Callable[[Path], None]) -> None:
    whole(stats)
    edit(stats)
    os.utime(stats, ns=(1, 1))  # whatever the clock's resolution is
    (fresh := tmp_path / "elsewhere").mkdir()
    (fresh / "stats.jsonl").write_bytes(stats.read_bytes())
    read_again, expected = whole(stats), whole(fresh / "stats.jsonl")
    assert read_again.keys == expected.keys
    assert np.array_equal(read_again.steps, expected.steps)
    assert np.array_equal(read_again.values, expected.values, equal_nan=True)


def test_a_copy_is_of_use_after_the_file_was_touched(stats: Path) -> None:
    whole(stats)
    os.utime(stats, ns=(1, 1))
    of_steps(whole_at_once(stats), 0, 500)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(200, len(content), 97):
        content[place] ^= 0xFF
    path.write_bytes(content)


def foreign(path: Path) -> None:
    path.write_bytes(b"not a copy")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def other_shape(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    arrays["values"] = arrays["values"][:-1]
    with path.open("wb") as target:
        np.savez(target, **arrays)


def objects(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    arrays["keys"] = np.array([{}], dtype=object)
    with path.open("wb") as target:
        np.savez(target, **arrays)


@pytest.mark.parametrize("damage", [cut, flipped, foreign, empty, folder, other_shape, objects])
def test_a_damaged_copy_costs_nothing_but_time(stats: Path, damage: Callable[[Path], None]) -> None:
    whole(stats)
    damage(copy_of(stats))
    of_steps(whole(stats), 0, 500)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the permissions of folders do not hold")
def test_a_disk_that_cannot_be_written(stats: Path) -> None:
    stats.parent.chmod(0o555)
    try:
        of_steps(whole(stats), 0, 500)
        of_steps(whole(stats), 0, 500)
        assert len(list(stats.parent.iterdir())) == 1
    finally:
        stats.parent.chmod(0o755)


def test_a_copy_that_cannot_be_written_is_done_without(stats: Path) -> None:
    (copy_of(stats) / "in the way").mkdir(parents=True)
    of_steps(whole(stats), 0, 500)
    assert not copy_of(stats).is_file()
    of_steps(whole(stats), 0, 500)


def test_strange_lines_are_passed_over_and_strange_numbers_are_none(tmp_path: Path) -> None:
    path = tmp_path / "stats.jsonl"
    strange = [
        line(1, a=1.0),
        "{\n",
        "[1, 2]\n",
        "\n",
        '{"step": 2}\n',
        '{"step": 1e3, "images": 1, "seconds": 1}\n',
        line(2**70, a=1.0),
        "\0\0\0\n",
        line(2, a="two", b=None),
        line(3, a=[1], b=10**400),
        line(4, a=float("nan"), b=float("inf")),
        line(5, a=1e300, b=2.0),
        line(6, b=3.0).replace("\n", "\r\n"),
    ]
    path.write_bytes("".join(strange).encode() + b'{"step": 7, "images": 1, "sec\xff')
    table = whole(path)
    nan = np.nan
    assert table.steps.tolist() == [1, 2, 3, 4, 5, 6]
    expected = [[1, nan], [nan, nan], [nan, nan], [nan, nan], [nan, 2], [nan, 3]]
    assert np.array_equal(table.values, np.array(expected, np.float32), equal_nan=True)


def test_a_table_is_no_larger_than_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One report with many keys does not give them to the many that have none."""
    monkeypatch.setattr("core.runs.report_table.LEAST_CELLS", 100)
    path, many = tmp_path / "stats.jsonl", {f"Loss/{number}": float(number) for number in range(500)}
    short = '{"step":2,"images":1,"seconds":1}\n'
    path.write_text(line(1, **many) + short * 2000 + line(3, **many), "utf-8")
    for table in (whole(path), whole(path)):  # the second one is of the copy
        assert len(table.steps) == 2002
        assert table.values.size <= path.stat().st_size
        assert table.keys == tuple(many)[: len(table.keys)]
        assert len(table.keys) > 20
        assert np.array_equal(table.values[0], np.arange(len(table.keys)))
        assert np.isnan(table.values[1:-1]).all()


def test_keys_beyond_the_most_are_left_out_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.jsonl_log.MOST_KEYS", 10)
    path = tmp_path / "stats.jsonl"
    path.write_text("".join(line(step, **{f"Loss/{step}/{n}": 1.0 for n in range(3)}) for step in range(9)), "utf-8")
    table = whole(path)
    assert len(table.steps) == 9
    assert table.keys == tuple(f"Loss/{n // 3}/{n % 3}" for n in range(7))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_copy_that_is_no_file_is_done_without(stats: Path) -> None:
    copy_of(stats).parent.mkdir(parents=True)
    os.mkfifo(copy_of(stats))
    of_steps(whole(stats), 0, 500)
    of_steps(whole(stats), 0, 500)


def test_reports_that_cannot_be_read_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"stats\.jsonl of the run .* cannot be read"):
        whole(tmp_path / "stats.jsonl")
    (tmp_path / "stats.jsonl").mkdir()
    with pytest.raises(UserError, match=r"stats\.jsonl of the run .* cannot be read"):
        whole(tmp_path / "stats.jsonl")
